#!/usr/bin/python3
"""Every call of the Python module that a job answers: no_keys.py FAMILY

SPDX-License-Identifier: Apache-2.0
"""
import sys

import strongroom
from strongroom.itsdangerous import url_safe_timed_serializer


def main():
    family = sys.argv[1]
    room = strongroom.Strongroom()
    data = b"a cookie with more to it"
    room.session_verify(family, data, room.session_sign(family, data))
    room.session_verify(family, data, room.session_sign(family, data, purpose="csrf"), purpose="csrf")
    serializer = url_safe_timed_serializer(room, family)
    serializer.loads(serializer.dumps({"user": 4711}))
    for alg in ("HS256", "HS512"):
        room.jwt_verify(family, room.jwt_sign(family, {"sub": "alice"}, alg=alg))
    room.family_list()
    room.family_show("session:" + family)
    room.family_history()


if __name__ == "__main__":
    main()
