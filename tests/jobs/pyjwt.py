#!/usr/bin/python3
"""JWTs by another implementation, PyJWT.

  pyjwt.py KEY ALG              verifies the JWT on standard input and prints its claims
  pyjwt.py KEY ALG --sign KID   makes one of the claims on standard input

KEY is a file with the key's raw bytes: 32 for HS256, 64 for HS512. Exits with 1 and a line on standard error
where the JWT is not good, and with 77 where PyJWT is not installed.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import pathlib
import sys

try:
    import jwt
except ImportError:
    print("python3-jwt is not installed", file=sys.stderr)
    sys.exit(77)

SIZES = {"HS256": 32, "HS512": 64}


def verify(token, key, alg):
    header = jwt.get_unverified_header(token)
    if set(header) != {"alg", "typ", "kid"} or header["typ"] != "JWT":
        raise jwt.InvalidTokenError(f"another header than Strongroom's: {header}")
    return jwt.decode(token, key, algorithms=[alg], options={"verify_aud": False})


def main():
    parser = argparse.ArgumentParser(usage="pyjwt.py KEY {HS256|HS512} [--sign KID]")
    parser.add_argument("key", type=pathlib.Path)
    parser.add_argument("alg", choices=SIZES)
    parser.add_argument("--sign", metavar="KID")
    options = parser.parse_args()

    key = options.key.read_bytes()
    if len(key) != SIZES[options.alg]:
        parser.error(f"{options.key} has {len(key)} bytes; {options.alg} needs {SIZES[options.alg]}")
    text = sys.stdin.read().rstrip("\n")
    if options.sign is not None:
        print(jwt.encode(json.loads(text), key, algorithm=options.alg, headers={"kid": options.sign}))
        return 0
    try:
        print(json.dumps(verify(text, key, options.alg), separators=(",", ":")))
    except jwt.InvalidTokenError as error:
        print(f"the JWT is not good: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
