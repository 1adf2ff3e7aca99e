#!/usr/bin/python3
"""Data keys and values as docs/data-format.md describes them, by nothing but Python and python3-cryptography.

data_decoder.py open KEK KEY CONTEXT < VALUE     prints the plaintext; KEK: a file with its 32 bytes
data_decoder.py row KEK REGISTRY CONTEXT < VALUE the same, with the family's own key out of the registry
data_decoder.py seal KEK KEY CONTEXT < DATA      prints a value
data_decoder.py key KEK FAMILY VERSION           prints a new data key
data_decoder.py show KEK KEY                     prints what is in the key, in hex: nobody else may see it
data_decoder.py vectors                          prints the test vectors of docs/data-format.md

SPDX-License-Identifier: Apache-2.0
"""
import base64
import hashlib
import hmac
import os
import sqlite3
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding, aes_key_wrap_with_padding


def field(data):
    return struct.pack(">I", len(data)) + data


def derived(root, name):
    """AES-256-CBC, with an IV of zeros, over the SHA-256 of three fields."""
    data = hashlib.sha256(field(b"strongroom root") + field(b"data") + field(name)).digest()
    encryptor = Cipher(algorithms.AES(root), modes.CBC(bytes(16))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


class Root:
    """A data key, unwrapped."""

    def __init__(self, value):
        self.value = value
        self.cipher = derived(value, b"cipher")
        self.mac = derived(value, b"mac")
        self.id = hmac.new(self.mac, b"strongroom key commitment", hashlib.sha256).digest()


def decoded(text, prefix):
    """The binary form."""
    if text.startswith(prefix):
        text = text[len(prefix):].strip()
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    return text


def printed(binary, prefix):
    return prefix + base64.urlsafe_b64encode(binary).rstrip(b"=")


def write_key(kek, root, family, version):
    return (b"SRK\1\1\1\0\0" + struct.pack(">I", version) + field(family) + aes_key_wrap_with_padding(kek, root) +
            Root(root).id)


def read_key(kek, key):
    """The key's root, its family and version."""
    assert key[:8] == b"SRK\1\1\1\0\0", "no data key"
    version, length = struct.unpack(">II", key[8:16])
    family, wrapped, key_id = key[16:16 + length], key[16 + length:56 + length], key[56 + length:]
    root = Root(aes_key_unwrap_with_padding(kek, wrapped))
    assert root.id == key_id, "the commitment does not fit"
    return root, family, version


def bound(header, family, context):
    return field(b"strongroom data value") + field(header) + field(family) + field(context)


def seal(root, family, version, context, data, nonce):
    header = b"SRD\1\1\0\0\0" + struct.pack(">I", version) + root.id
    return header + nonce + AESGCM(root.cipher).encrypt(nonce, data, bound(header, family, context))


def unseal(root, family, context, value):
    header, nonce, sealed = value[:44], value[44:56], value[56:]
    assert header[:8] == b"SRD\1\1\0\0\0", "no value"
    assert header[12:] == root.id, "wrong key"
    return AESGCM(root.cipher).decrypt(nonce, sealed, bound(header, family, context))


def row_of(registry, key_id):
    """A family's own key, out of the registry."""
    with sqlite3.connect(f"file:{registry}?mode=ro", uri=True) as db:
        return db.execute("SELECT wrapped, role || ':' || name FROM data_keys WHERE id = ?", (key_id,)).fetchone()


def vectors():
    kek, root, nonce = bytes(range(0x40, 0x60)), bytes(range(32)), bytes(range(0xa0, 0xac))
    key = write_key(kek, root, b"data:vector", 1)
    value = seal(Root(root), b"data:vector", 1, b"users/4711/iban", b"DE02 1203 0000 0000 2020 51", nonce)
    empty = seal(Root(root), b"data:vector", 1, b"", b"", nonce)
    for name, what in (("KEK", kek), ("root", root), ("cipher key", derived(root, b"cipher")),
                       ("mac key", derived(root, b"mac")), ("id", Root(root).id), ("key", key), ("value", value),
                       ("empty value", empty)):
        print(f"{name}: {what.hex()}")
    print("key in text:", printed(key, b"srk1.").decode())
    print("value in text:", printed(value, b"srd1.").decode())
    print("empty value in text:", printed(empty, b"srd1.").decode())


def main(command, *arguments):
    if command == "vectors":
        vectors()
        return
    with open(arguments[0], "rb") as file:
        kek = file.read()
    out = sys.stdout.buffer
    if command == "key":
        out.write(printed(write_key(kek, os.urandom(32), os.fsencode(arguments[1]), int(arguments[2])), b"srk1."))
        return
    if command == "show":
        root = read_key(kek, decoded(os.fsencode(arguments[1]), b"srk1."))[0]
        for name in ("value", "cipher", "mac"):
            out.write(f"data-{name} {getattr(root, name).hex()}\n".encode())
        return
    given, context = os.fsencode(arguments[1]), os.fsencode(arguments[2])
    data = sys.stdin.buffer.read()
    if command == "row":
        value = decoded(data, b"srd1.")
        wrapped, family = row_of(arguments[1], value[12:44])
        out.write(unseal(Root(aes_key_unwrap_with_padding(kek, wrapped)), family.encode(), context, value))
        return
    root, family, version = read_key(kek, decoded(given, b"srk1."))
    if command == "open":
        out.write(unseal(root, family, context, decoded(data, b"srd1.")))
    else:
        out.write(printed(seal(root, family, version, context, data, os.urandom(12)), b"srd1."))


main(*sys.argv[1:])
