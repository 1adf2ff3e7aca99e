#!/usr/bin/python3
"""An independent reader and writer of the backup format, from docs/backup-format.md and with the KEK's value at hand.

    backup_format.py decode KEK < BACKUP > PLAINTEXT
    backup_format.py make KEK FAMILY VERSION CHUNK_SIZE < PLAINTEXT > BACKUP     with a root, an id and a prefix that are known
    backup_format.py vector           prints the values of docs/backup-format.md's test vector

KEK is a file of 32 bytes.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import hmac
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding, aes_key_wrap_with_padding

FIXED, SLOT, HEADER, TAG = 96, 2000, 4096, 16
KNOWN_ROOT = bytes(range(32, 64))
KNOWN_ID = bytes(range(16))
KNOWN_PREFIX = b"prefix7"


def derived(root, purpose):
    fields = b"".join(struct.pack(">I", len(f)) + f for f in (b"strongroom root", b"backup", purpose))
    encryptor = Cipher(algorithms.AES(root), modes.CBC(bytes(16))).encryptor()
    return encryptor.update(hashlib.sha256(fields).digest()) + encryptor.finalize()


def commitment(root):
    return hmac.digest(derived(root, b"mac"), b"strongroom key commitment", "sha256")


def slot_hmac(root, fixed, content):
    return hmac.digest(derived(root, b"mac"), b"strongroom backup header" + fixed + content, "sha256")


def recipients(content):
    count = struct.unpack_from(">H", content, 8)[0]
    at = 16
    for _ in range(count):
        kind, length = struct.unpack_from(">HH", content, at)
        yield kind, content[at + 4:at + 4 + length]
        at += 4 + length
    assert not any(content[at:]), "bytes behind the recipients"


def root_of(header, kek):
    """The root, by way of the slot in use."""
    fixed, found = header[:FIXED], []
    for number in range(2):
        slot = header[FIXED + number * SLOT:FIXED + (number + 1) * SLOT]
        content = slot[:-32]
        if not any(slot):
            continue
        for kind, body in recipients(content):
            if kind != 1:
                continue
            name = struct.unpack_from(">H", body)[0]
            wrap, derivation, length = struct.unpack_from(">HHH", body, 2 + name + 8)
            assert (wrap, derivation) == (1, 1)
            root = aes_key_unwrap_with_padding(kek, body[2 + name + 14:][:length])
            if hmac.compare_digest(slot_hmac(root, fixed, content), slot[-32:]):
                found.append((struct.unpack_from(">Q", content)[0], root))
    root = max(found)[1]
    assert commitment(root) == fixed[40:72], "another key than the file's"
    return root


def nonce(prefix, number, last):
    return prefix + struct.pack(">IB", number, last)


def decode(kek, data):
    header, rest = data[:HEADER], data[HEADER:]
    fixed = header[:FIXED]
    magic, version, suite, chunk_size = struct.unpack_from(">8sHHI", fixed)
    assert (magic, version, suite) == (b"SRBACKUP", 1, 1)
    prefix = fixed[32:39]
    cipher = AESGCM(derived(root_of(header, kek), b"cipher"))
    unit = chunk_size + TAG
    count = max(1, -(-len(rest) // unit))
    return b"".join(cipher.decrypt(nonce(prefix, i, i == count - 1), rest[i * unit:(i + 1) * unit], fixed)
                    for i in range(count))


def make(kek, family, version, chunk_size, plain):
    root = KNOWN_ROOT
    fixed = struct.pack(">8sHHI16s7sx32s24x", b"SRBACKUP", 1, 1, chunk_size, KNOWN_ID, KNOWN_PREFIX, commitment(root))
    wrapped = aes_key_wrap_with_padding(kek, root)
    body = struct.pack(">H", len(family)) + family + struct.pack(">QHHH", version, 1, 1, len(wrapped)) + wrapped
    content = struct.pack(">QH6xHH", 1, 1, 1, len(body)) + body
    content = content.ljust(SLOT - 32, b"\0")
    header = fixed + content + slot_hmac(root, fixed, content) + bytes(SLOT)
    cipher = AESGCM(derived(root, b"cipher"))
    pieces = [plain[i:i + chunk_size] for i in range(0, len(plain), chunk_size)] or [b""]
    return header + b"".join(cipher.encrypt(nonce(KNOWN_PREFIX, i, i == len(pieces) - 1), piece, fixed)
                             for i, piece in enumerate(pieces))


def vector():
    kek = bytes(range(32))
    plain = b"A" * 4096 + b"the last chunk"
    data = make(kek, b"backup:known", 1, 4096, plain)
    for name, value in (("KEK", kek), ("root", KNOWN_ROOT), ("wrapped root", aes_key_wrap_with_padding(kek, KNOWN_ROOT)),
                        ("cipher key", derived(KNOWN_ROOT, b"cipher")), ("mac key", derived(KNOWN_ROOT, b"mac")),
                        ("immutable part", data[:FIXED]), ("first slot, to its recipient's end", data[FIXED:FIXED + 88]),
                        ("its HMAC", data[FIXED + SLOT - 32:FIXED + SLOT]),
                        ("tag of chunk 0", data[HEADER + 4096:HEADER + 4112]), ("chunk 1", data[HEADER + 4112:]),
                        ("SHA-256 of the whole", hashlib.sha256(data).digest())):
        print(f"{name}: {value.hex()}")


def main():
    if sys.argv[1:] == ["vector"]:
        vector()
        return
    with open(sys.argv[2], "rb") as file:
        kek = file.read()
    data = sys.stdin.buffer.read()
    if sys.argv[1] == "decode":
        sys.stdout.buffer.write(decode(kek, data))
    elif sys.argv[1] == "make":
        sys.stdout.buffer.write(make(kek, sys.argv[3].encode(), int(sys.argv[4]), int(sys.argv[5]), data))
    else:
        sys.exit("usage: backup_format.py decode|make|vector ...")


if __name__ == "__main__":
    main()
