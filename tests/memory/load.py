#!/usr/bin/python3
"""A client of the jobs in Python: load.py JOB N ARGUMENT... makes N operations, and more until there is a file "enough".
Prints how many went well: the first that does not ends it.

SPDX-License-Identifier: Apache-2.0
"""
import itertools
import os
import sys

import strongroom
from strongroom.itsdangerous import url_safe_timed_serializer

# Each job yields how many operations it has made, again and again.


def session(room, family, size=20):
    """Of signatures over SIZE bytes, and of JWTs."""
    serializer = url_safe_timed_serializer(room, family)
    for number in itertools.count():
        data = b"%d" % number * int(size)
        room.session_verify(family, data, room.session_sign(family, data))
        assert serializer.loads(serializer.dumps(number)) == number
        for alg in ("HS256", "HS512"):
            claims = {"n": number}
            assert room.jwt_verify(family, room.jwt_sign(family, claims, alg=alg)) == claims
        yield 8


def jwt(room, family, alg, size):
    """Of that many bytes."""
    while True:
        room.jwt_sign(family, {"x": "y" * int(size)}, alg=alg)
        yield 1


def data(room, family, size=20, key=None):
    """Of values of SIZE bytes, some of them in batches; under the family's own key, or the one in the file KEY."""
    if key is not None:
        with open(key, encoding="ascii") as file:
            key = file.read().strip()
    for number in itertools.count():
        value = b"%d" % number * int(size)
        assert room.data_decrypt(family, room.data_encrypt(family, value, "field", key=key), "field", key=key) == value
        many = [("field", value)] * 11
        sealed = room.data_encrypt_many(family, many, key=key)
        assert room.data_decrypt_many(family, [("field", one) for one in sealed], key=key) == [value] * 11
        yield 24


def totp(room, family, codes):
    """Of users and their codes, of the lines of the file CODES: each code is accepted the first time, if at all."""
    with open(codes, encoding="ascii") as file:
        users = [line.split() for line in file]
    accepted = sum(room.totp_verify(family, user, code) for user, code in users)
    assert accepted in (0, len(users)), f"{accepted} of {len(users)} users"
    yield len(users)
    for user, code in itertools.cycle(users):
        assert not room.totp_verify(family, user, code)
        yield 1


def main():
    job = {"session": session, "jwt": jwt, "data": data, "totp": totp}[sys.argv[1]]
    done = 0
    for operations in job(strongroom.Strongroom(), *sys.argv[3:]):
        done += operations
        if done >= int(sys.argv[2]) and os.path.exists("enough"):
            break
    print(done)


if __name__ == "__main__":
    main()
