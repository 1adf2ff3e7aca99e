#!/usr/bin/python3
"""Random users whose codes oathtool and pyotp compute: totp_users.py FAMILY COUNT

Imports them with a random algorithm, digits and period, and shows the codes of both to strongroomd: it accepts the one,
once, and no other.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import hashlib
import random
import secrets
import subprocess
import sys
import time

import pyotp

import strongroom

DIGESTS = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}


def by_oathtool(secret, algorithm, digits, period, when):
    """when: seconds since 1970."""
    argv = ["oathtool", f"--totp={algorithm.lower()}", "-b", "-d", str(digits), "-s", f"{period}s", "-N", f"@{when}",
            secret]
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def main():
    family, count = sys.argv[1], int(sys.argv[2])
    room = strongroom.Strongroom()
    users = [(f"user-{i:04}", base64.b32encode(secrets.token_bytes(random.randint(16, 64))).decode().rstrip("="),
              random.choice(list(DIGESTS)), random.randint(6, 8), random.choice((15, 30, 45, 60, 90, 300, 1234)))
             for i in range(count)]
    for first in range(0, count, strongroom.TOTP_BATCH):
        report = room.totp_import(family, users[first:first + strongroom.TOTP_BATCH])
        assert all(row["result"] == "imported" for row in report), report
    for user, secret, algorithm, digits, period in users:
        while time.time() % period > period - 1:
            time.sleep(0.05)  # a step that ends between the two computations
        # The step after this one, for all up to the daemon's start count as used.
        when = int(time.time()) + period
        ours = by_oathtool(secret, algorithm, digits, period, when)
        padded = secret + "=" * (-len(secret) % 8)
        theirs = pyotp.TOTP(padded, digits=digits, digest=DIGESTS[algorithm], interval=period).at(when)
        assert ours == theirs, (user, ours, theirs)
        if digits == 8:  # a neighbour of the code is hardly ever another code of the window
            assert not room.totp_verify(family, user, str((int(ours) + 1) % 10 ** 8).zfill(8)), user
        assert room.totp_verify(family, user, ours), (user, algorithm, digits, period)
        assert not room.totp_verify(family, user, ours), user
    print(f"{count} users agree")


if __name__ == "__main__":
    main()
