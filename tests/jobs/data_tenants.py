#!/usr/bin/python3
"""What the test data-tenants does through the Python module. COMMAND [ARGUMENT]...

separate FILE            a value of each of 100 families goes to FILE; nobody else reads it
rotated FILE             the values of FILE are read, and new ones made
fill FAMILY COUNT FILE   COUNT values, each with its context, and a key for each thousand of them
compare FAMILY COUNT FILE   they are all there, and of version 2

SPDX-License-Identifier: Apache-2.0
"""
import base64
import hashlib
import sys

import strongroom

TENANTS = [f"tenant-{i}" for i in range(100)]
ROOM = strongroom.Strongroom()


def text_of(i):
    """What is encrypted as number I: of some length from 0 to 63."""
    return hashlib.sha512(str(i).encode()).digest()[:i % 64]


def version_of(value):
    return int.from_bytes(base64.urlsafe_b64decode(value.split(".")[1][:16])[8:12], "big")


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def not_good(results, what):
    for result in results:
        check(isinstance(result, (strongroom.BadData, strongroom.Error)), what)
        check(getattr(result, "result", None) in (strongroom.Result.BAD, strongroom.Result.WRONG_KEY,
                                                  strongroom.Result.NOT_FOUND), f"{what}: {result}")
    return len(results)


def separate(path):
    values = [ROOM.data_encrypt(tenant, tenant.encode(), "name") for tenant in TENANTS]
    others = sum(not_good(ROOM.data_decrypt_many(tenant, [("name", v) for k, v in enumerate(values) if k != i]),
                          "another family's value was read") for i, tenant in enumerate(TENANTS))
    contexts = sum(not_good(ROOM.data_decrypt_many(tenant, [("email", value)]), "another context's value was read")
                   for tenant, value in zip(TENANTS, values))
    changed = 0
    for tenant in TENANTS:
        value = ROOM.data_encrypt(tenant, b"x", "name", binary=True)
        damaged = [value[:at] + bytes([value[at] ^ 1 << at % 8]) + value[at + 1:] for at in range(len(value))]
        changed += not_good(ROOM.data_decrypt_many(tenant, [("name", d) for d in damaged]), "a damaged value was read")
    for tenant, value in zip(TENANTS, values):
        check(ROOM.data_decrypt(tenant, value, "name") == tenant.encode(), f"{tenant}: its own value is not read")
    print(f"refused: {others} by other families, {contexts} for other contexts, {changed} with a byte changed")
    print(f"read: {len(values)}")
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(values))


def rotated(path):
    with open(path, encoding="ascii") as file:
        values = file.read().split("\n")
    for tenant, value in zip(TENANTS, values):
        check(ROOM.data_decrypt(tenant, value, "name") == tenant.encode(), f"{tenant}: its own value is not read")
    versions = [version_of(ROOM.data_encrypt(tenant, b"", "name")) for tenant in TENANTS]
    print(f"read: {len(values)}")
    print(f"of version 2: {versions.count(2)}, of version 1: {versions.count(1)}")


def fill(family, count, path):
    with open(path, "w", encoding="ascii") as file:
        for first in range(0, count, 1000):
            numbers = range(first, first + 1000)
            values = ROOM.data_encrypt_many(family, [(f"row {i}", text_of(i)) for i in numbers])
            file.writelines(f"row {i}\t{value}\n" for i, value in zip(numbers, values))
            file.write(ROOM.data_new_key(family) + "\n")


def compare(family, count, path):
    with open(path, encoding="ascii") as file:
        lines = file.read().splitlines()
    keys = [line for line in lines if line.startswith("srk1.")]
    rows = [line.split("\t") for line in lines if not line.startswith("srk1.")]
    check([context for context, _ in rows] == [f"row {i}" for i in range(count)], "the rows are not those that were")
    check(len({value for _, value in rows}) == count, "a value is there twice")
    plain = ROOM.data_decrypt_many(family, rows, min_version=2)
    check(plain == [text_of(i) for i in range(count)], "a value is lost")
    for key in keys:
        check(version_of(key) == 2, "a key is of the old version")
        value = ROOM.data_encrypt(family, b"text", "c", key)
        check(ROOM.data_decrypt(family, value, "c", key) == b"text", "a key does not decrypt")
    print(f"values: {len(plain)}, keys: {len(keys)}")


COMMANDS = {"separate": separate, "rotated": rotated, "fill": fill, "compare": compare}
COMMANDS[sys.argv[1]](*[int(a) if a.isdigit() else a for a in sys.argv[2:]])
