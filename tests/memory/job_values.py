#!/usr/bin/python3
"""What of the jobs' keys could lie in a process's memory, as lines "NAME HEX" for `scan`.

    job_values.py session ROOT HS512 FAMILY VERSION PURPOSE...  a session root, what is derived from it, the HS512 key
    job_values.py kek KEK NAME                                  a key-encryption key
    job_values.py data KEK KEY                                  the root in a data key of `strongroom data new-key`
    job_values.py data KEK REGISTRY FAMILY                      those of the family's own data keys
    job_values.py backup KEK BACKUP                             the root in a backup's header
    job_values.py totp SEED ALGORITHM NAME                      a seed in base32

ROOT, HS512, KEK, KEY, SEED: files. Of a key there are its bytes and what its owner computes from them to work with it,
which is as good as the key: of an AES key the round keys (FIPS 197, 5.2, and those of 5.3.5, for decryption), of an HMAC
key the two pads (RFC 2104, section 2) and the hash's states behind them. All of it also as words of the machine.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import functools
import hashlib
import os
import sqlite3
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "jobs"))


def times(a, b):
    """In AES's field."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = a << 1 ^ (0x11b if a & 0x80 else 0)
        b >>= 1
    return product


@functools.lru_cache(maxsize=None)
def substitute(byte):
    """AES's S-box."""
    inverse = next((x for x in range(256) if times(byte, x) == 1), 0)
    turned = [(inverse << n | inverse >> 8 - n) & 0xff for n in range(5)]
    return functools.reduce(int.__xor__, turned) ^ 0x63


def round_keys(key):
    """Of AES-256: 15 of 16 bytes."""
    words = [key[i:i + 4] for i in range(0, 32, 4)]
    constant = 1
    for i in range(8, 60):
        word = words[-1]
        if i % 8 == 0:
            word = word[1:] + word[:1]
        if i % 4 == 0:
            word = bytes(map(substitute, word))
        if i % 8 == 0:
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = times(constant, 2)
        words.append(bytes(a ^ b for a, b in zip(words[-8], word)))
    return [b"".join(words[i:i + 4]) for i in range(0, 60, 4)]


def for_decryption(round_key):
    """InvMixColumns."""
    factors = (14, 11, 13, 9)
    return bytes(functools.reduce(int.__xor__, (times(round_key[column + n], factors[(n - row) % 4]) for n in range(4)))
                 for column in range(0, 16, 4) for row in range(4))


def as_words(data, size=4):
    """As a little-endian machine has big-endian words of that size."""
    return b"".join(data[i:i + size][::-1] for i in range(0, len(data), size))


def primes():
    return (n for n in range(2, 500) if all(n % d for d in range(2, n)))


def root_bits(prime, degree, bits):
    """The first bits of the fraction of a prime's square or cube root: where SHA-2's constants come from."""
    value, low, high = prime << degree * bits, 0, prime << bits
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if middle ** degree <= value else (low, middle)
    return low & (1 << bits) - 1


def sha2_state(block, bits, rounds, sums):
    """FIPS 180-4, 6.2.2 and 6.4.2: the hash's state behind its first block."""
    mask = (1 << bits) - 1

    def turned(x, by, last_is_shift=False):
        parts = [(x >> n | x << bits - n) & mask for n in by]
        if last_is_shift:
            parts[-1] = x >> by[-1]
        return functools.reduce(int.__xor__, parts)

    constants = [root_bits(p, 3, bits) for p, _ in zip(primes(), range(rounds))]
    first = [root_bits(p, 2, bits) for p, _ in zip(primes(), range(8))]
    w = [int.from_bytes(block[i:i + bits // 8], "big") for i in range(0, len(block), bits // 8)]
    for t in range(16, rounds):
        w.append((turned(w[t - 2], sums[3], True) + w[t - 7] + turned(w[t - 15], sums[2], True) + w[t - 16]) & mask)
    a, b, c, d, e, f, g, h = first
    for t in range(rounds):
        t1 = h + turned(e, sums[1]) + (e & f ^ ~e & g) + constants[t] + w[t]
        t2 = turned(a, sums[0]) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (t1 + t2) & mask, a, b, c, (d + t1) & mask, e, f, g
    return b"".join((x + y & mask).to_bytes(bits // 8, "big") for x, y in zip(first, (a, b, c, d, e, f, g, h)))


def sha1_state(block):
    """FIPS 180-4, 6.1.2."""
    def left(x, n):
        return (x << n | x >> 32 - n) & 0xffffffff

    first = (0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
    w = list(struct.unpack(">16I", block))
    for t in range(16, 80):
        w.append(left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1))
    a, b, c, d, e = first
    for t in range(80):
        f, k = ((b & c ^ ~b & d, 0x5a827999), (b ^ c ^ d, 0x6ed9eba1), (b & c ^ b & d ^ c & d, 0x8f1bbcdc),
                (b ^ c ^ d, 0xca62c1d6))[t // 20]
        a, b, c, d, e = (left(a, 5) + f + e + k + w[t]) & 0xffffffff, a, left(b, 30), c, d
    return b"".join((x + y & 0xffffffff).to_bytes(4, "big") for x, y in zip(first, (a, b, c, d, e)))


# By hash: the bytes of a block and of a word, and the state behind a block.
HASHES = {
    "sha1": (64, 4, sha1_state),
    "sha256": (64, 4, lambda block: sha2_state(block, 32, 64, ((2, 13, 22), (6, 11, 25), (7, 18, 3), (17, 19, 10)))),
    "sha512": (128, 8, lambda block: sha2_state(block, 64, 80, ((28, 34, 39), (14, 18, 41), (1, 8, 7), (19, 61, 6)))),
}


def aes(name, key):
    encryption = round_keys(key)
    decryption = [for_decryption(round_key) for round_key in encryption[1:-1]]
    yield name, key
    yield f"{name}.words", as_words(key)
    for way, schedule in (("rounds", b"".join(encryption[2:])), ("inverse", b"".join(decryption))):
        yield f"{name}.{way}", schedule
        yield f"{name}.{way}.words", as_words(schedule)


def hmac(name, key, algorithm):
    """Of a pad only what the key takes of it: the rest is the same for all keys."""
    size, word, state = HASHES[algorithm]
    yield name, key
    if len(key) > size:
        key = hashlib.new(algorithm, key).digest()
        yield f"{name}.hashed", key
    for side, byte in (("inner", 0x36), ("outer", 0x5c)):
        pad = bytes(b ^ byte for b in key)
        yield f"{name}.{side}", pad
        if len(pad) % word == 0:
            yield f"{name}.{side}.words", as_words(pad, word)
        behind = state(pad + bytes([byte]) * (size - len(pad)))
        yield f"{name}.{side}.state", behind
        yield f"{name}.{side}.state.words", as_words(behind, word)


def derived(root, *fields):
    """CKM_AES_CBC_ENCRYPT_DATA over the SHA-256 of the fields, each behind its length."""
    data = b"".join(struct.pack(">I", len(field)) + field.encode() for field in fields)
    encryptor = Cipher(algorithms.AES(root), modes.CBC(bytes(16))).encryptor()
    return encryptor.update(hashlib.sha256(data).digest()) + encryptor.finalize()


def session(root_file, hs512_file, family, version, *purposes):
    root = content(root_file)
    yield from aes("session.root", root)
    yield from hmac("session.hs512", content(hs512_file), "sha512")
    for purpose in purposes:
        yield from hmac(f"session.{purpose[:9]}", derived(root, "strongroom session key", purpose, family, version),
                        "sha256")


def kek(file, name):
    yield from aes(f"{name}.kek", content(file))


def of_root(role, root):
    """What data keys and backups stand on."""
    name = f"{role}.{hashlib.sha256(root).hexdigest()[:6]}"
    yield from aes(f"{name}.root", root)
    yield from aes(f"{name}.cipher", derived(root, "strongroom root", role, "cipher"))
    yield from hmac(f"{name}.mac", derived(root, "strongroom root", role, "mac"), "sha256")


def data(kek_file, key_file, family=None):
    """docs/data-format.md."""
    if family is None:
        text = content(key_file).decode().strip().removeprefix("srk1.")
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        wrapped = [key[-72:-32]]
    else:
        with sqlite3.connect(f"file:{key_file}?mode=ro", uri=True) as registry:
            wrapped = [row[0] for row in
                       registry.execute("SELECT wrapped FROM data_keys WHERE name = ? AND length(wrapped) = 40", (family,))]
        if not wrapped:
            sys.exit(f"{family} has no data key")
    for blob in wrapped:
        yield from of_root("data", aes_key_unwrap_with_padding(content(kek_file), blob))


def backup(kek_file, file):
    import backup_format
    yield from of_root("backup", backup_format.root_of(content(file)[:4096], content(kek_file)))


def totp(seed_file, algorithm, name):
    yield from hmac(f"totp.{name}", base64.b32decode(content(seed_file).strip()), algorithm)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def check():
    """That what is looked for is right: the ciphers and hashes above against those of libraries."""
    key = bytes(range(32))
    assert round_keys(key)[14].hex() == "24fc79ccbf0979e9371ac23c6d68de36", "FIPS 197, A.3 and C.3"
    assert for_decryption(round_keys(key)[13]).hex() == "34f1d1ffbfceaa2ffce9e25f2558016e", "FIPS 197, C.3"
    for algorithm, (size, word, state) in HASHES.items():
        # The one block that a message of this length is padded to.
        message = b"abc"
        block = message + b"\x80" + bytes(size - 4 - 8) + struct.pack(">Q", 8 * len(message))
        assert state(block) == hashlib.new(algorithm, message).digest(), algorithm


def main():
    check()
    makers = {"session": session, "kek": kek, "data": data, "backup": backup, "totp": totp}
    for name, value in makers[sys.argv[1]](*sys.argv[2:]):
        print(name, value.hex())


if __name__ == "__main__":
    main()
