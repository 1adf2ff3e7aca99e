#!/usr/bin/python3
"""The Python module by itself, as a user who may sign and verify, encrypt and decrypt; with the families "session:web",
"session:shop", "data:app" and "data:other".

SPDX-License-Identifier: Apache-2.0
"""
import base64
import hmac
import os
import struct
import subprocess
import threading
import time
import unittest
import urllib.parse

import itsdangerous

import strongroom
import strongroom.itsdangerous

FAMILY = "web"
COOKIE_SESSION = "968e1d609bc55a71d5fc75d3638a25"  # of printf cookie-session | sha256sum
COMMAND = os.path.join(os.environ["STRONGROOM_BUILD"], "bin", "strongroom")


class Signatures(unittest.TestCase):
    def setUp(self):
        self.room = strongroom.Strongroom()

    def tearDown(self):
        self.room.close()

    def refused(self, *arguments, **keywords):
        with self.assertRaises(strongroom.BadSignature) as caught:
            self.room.session_verify(*arguments, **keywords)
        self.assertEqual(caught.exception.result, strongroom.Result.BAD)

    def test_good_and_not(self):
        for data in (b"", b"a", b"with\0NUL", bytearray(b"other"), bytes(strongroom.DATA_MAX)):
            signature = self.room.session_sign(FAMILY, data)
            self.room.session_verify(FAMILY, data, signature)
            self.refused(FAMILY, bytes(data)[:-1] + b"?", signature)
        self.room.session_verify("session:" + FAMILY, data, signature)
        self.refused("shop", data, signature)
        self.refused(FAMILY, data, signature, purpose="csrf")
        for sent in ("", "x", signature + "\0", signature + "\0more", signature + "\n", "\udc80", signature + "é"):
            self.refused(FAMILY, data, sent)

    def test_each_character_counts(self):
        signature = self.room.session_sign(FAMILY, b"data")
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for i in range(len(signature)):
            other = alphabet[alphabet.find(signature[i]) ^ 1] if signature[i] in alphabet else "x"
            with self.subTest(i=i), self.assertRaises(strongroom.BadSignature):
                self.room.session_verify(FAMILY, b"data", signature[:i] + other + signature[i + 1:])

    def test_the_command_agrees(self):
        signature = self.room.session_sign(FAMILY, b"data", purpose="csrf")
        for data, status in ((b"data", 0), (b"date", 1)):
            done = subprocess.run([COMMAND, "session", "verify", FAMILY, signature, "--purpose", "csrf"], input=data,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            self.assertEqual(done.returncode, status)

    def test_jwt(self):
        for alg in ("HS256", "HS512"):
            claims = {"sub": "älice", "exp": int(time.time()) + 60}
            jwt = self.room.jwt_sign(FAMILY, claims, alg)
            self.assertEqual(self.room.jwt_verify(FAMILY, jwt), claims)
            for sent in (jwt[:-2], jwt + "\0", "", "a.b.c"):
                with self.assertRaises(strongroom.BadSignature):
                    self.room.jwt_verify(FAMILY, sent)
        with self.assertRaisesRegex(strongroom.BadSignature, "expired"):
            self.room.jwt_verify(FAMILY, self.room.jwt_sign(FAMILY, {"exp": 1}))

    def fails(self, result, pattern, function, *arguments):
        with self.assertRaisesRegex(strongroom.Error, pattern) as caught:
            function(*arguments)
        self.assertEqual(caught.exception.result, result)

    def test_errors(self):
        results = strongroom.Result
        self.fails(results.NOT_FOUND, "session:nowhere", self.room.session_sign, "nowhere", b"")
        self.fails(results.INVALID, "purpose", self.room.session_sign, FAMILY, b"", "Csrf!")
        self.fails(results.INVALID, "NUL", self.room.session_sign, FAMILY + "\0", b"")
        self.fails(results.INVALID, "bytes", self.room.session_sign, FAMILY, bytes(strongroom.DATA_MAX + 1))
        self.fails(results.REFUSED, "family.list", self.room.family_list)
        self.fails(results.REFUSED, "family.list", self.room.family_show, "session:" + FAMILY)
        self.fails(results.REFUSED, "backup.encrypt", self.room.backup_encrypt, "nightly", 0, 1)
        self.fails(results.REFUSED, "backup.list", self.room.backup_list)
        with open("/dev/zero", "rb") as zeros, self.assertRaisesRegex(strongroom.BadBackup, "no backup"):
            self.room.backup_info(zeros)
        away = strongroom.Strongroom("/nowhere/socket")
        with self.assertRaisesRegex(strongroom.Unavailable, "/nowhere/socket"):
            away.session_sign(FAMILY, b"")
        for wrong in (None, b"web", 1):
            with self.assertRaises(TypeError):
                self.room.session_sign(wrong, b"")
        for wrong in (None, "web", 1):
            with self.assertRaises(TypeError):
                self.room.session_sign(FAMILY, wrong)

    def test_threads(self):
        failures = []

        def work(number):
            try:
                for i in range(50):
                    data = f"{number} {i}".encode()
                    self.room.session_verify(FAMILY, data, self.room.session_sign(FAMILY, data))
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        self.room.close()  # whoever is in a call ends it, and the next one connects again
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_fork(self):
        signature = self.room.session_sign(FAMILY, b"data")
        before = len(os.listdir("/proc/self/fd"))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                self.room.session_verify(FAMILY, b"data", signature)
                if len(os.listdir("/proc/self/fd")) == before:  # the parent's connection was closed here
                    status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.room.session_verify(FAMILY, b"data", signature)

    def test_descriptors(self):
        for _ in range(20):
            with strongroom.Strongroom() as room:
                room.session_sign(FAMILY, b"")
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            strongroom.Strongroom().session_sign(FAMILY, b"")
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)


class SecondFactors(unittest.TestCase):
    """With the family "users", which this user may do all with but remove, and which has a user "other"."""

    SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

    def setUp(self):
        self.room = strongroom.Strongroom()
        self.user = f"{self.id()}"

    def tearDown(self):
        self.room.close()

    def code(self, secret=SEED, ahead=1, digits=6):
        """Of RFC 6238, with SHA-1; the next one, for those up to the daemon's start count as used."""
        counter = struct.pack(">Q", int(time.time()) // 30 + ahead)
        mac = hmac.digest(base64.b32decode(secret), counter, "sha1")
        number = struct.unpack_from(">L", mac, mac[-1] & 15)[0] & 0x7fffffff
        return str(number % 10 ** digits).zfill(digits)

    def test_enrol_and_verify(self):
        uri = self.room.totp_enrol("users", self.user, "Shop", digits=8)
        parts = urllib.parse.urlsplit(uri)
        given = dict(urllib.parse.parse_qsl(parts.query))
        self.assertEqual((parts.scheme, parts.netloc, given["issuer"], given["digits"]), ("otpauth", "totp", "Shop", "8"))
        code = self.code(given["secret"], digits=8)
        self.assertIs(self.room.totp_verify("users", self.user, code[:-1]), False)
        self.assertIs(self.room.totp_verify("totp:users", self.user, code), True)
        self.assertIs(self.room.totp_verify("users", self.user, code), False)
        with self.assertRaises(strongroom.Error) as caught:
            self.room.totp_enrol("users", self.user, "Shop")
        self.assertEqual(caught.exception.result, strongroom.Result.EXISTS)
        self.assertNotEqual(self.room.totp_enrol("users", self.user, "Shop", replace=True), uri)

    def test_import(self):
        seeds = [(self.user, self.SEED), (self.user + "2", self.SEED, "SHA256", 8, 60), ("bad", "JBSWY"),
                 ("none", self.SEED, "MD5")]
        for dry_run in (True, False):
            report = self.room.totp_import("users", seeds, dry_run=dry_run)
            self.assertEqual([row["result"] for row in report], ["imported", "imported", "bad", "bad"])
        self.assertEqual([row["result"] for row in self.room.totp_import("users", seeds[:2])], ["existing"] * 2)
        listed = {row["user"]: row for row in self.room.totp_list("users")}
        self.assertEqual((listed[self.user + "2"]["algorithm"], listed[self.user + "2"]["period"]), ("SHA256", 60))
        self.assertNotIn("bad", listed)
        self.assertEqual(self.room.totp_list("users", after="zzz"), [])
        self.assertTrue(self.room.totp_verify("users", self.user, self.code()))

    def test_resync(self):
        self.room.totp_import("users", [(self.user, self.SEED)])
        self.assertFalse(self.room.totp_resync("users", self.user, self.code(ahead=20), self.code(ahead=22)))
        self.assertTrue(self.room.totp_resync("users", self.user, self.code(ahead=20), self.code(ahead=21)))

    def test_what_is_no_code(self):
        self.room.totp_import("users", [(self.user, self.SEED)])
        for code in (None, 123456, b"123456", "", "12345\0", "\uff11\uff12\uff13\uff14\uff15\uff16", "x" * 100000):
            self.assertIs(self.room.totp_verify("users", self.user, code), False)

    def test_what_is_not_decided(self):
        results = strongroom.Result
        for result, arguments in ((results.NOT_FOUND, ("users", "nobody", "123456")),
                                  (results.NOT_FOUND, ("nowhere", "other", "123456")),
                                  (results.INVALID, ("session:web", "other", "123456")),
                                  (results.INVALID, ("users", "", "123456"))):
            with self.assertRaises(strongroom.Error) as caught:
                self.room.totp_verify(*arguments)
            self.assertEqual(caught.exception.result, result)
        with self.assertRaises(strongroom.Unavailable):
            strongroom.Strongroom("/nowhere/socket").totp_verify("users", "other", "123456")
        with self.assertRaises(strongroom.Error) as caught:
            self.room.totp_remove("users", "other")
        self.assertEqual(caught.exception.result, results.REFUSED)


class Data(unittest.TestCase):
    def setUp(self):
        self.room = strongroom.Strongroom()

    def tearDown(self):
        self.room.close()

    def test_values(self):
        for key in (None, self.room.data_new_key("app"), self.room.data_new_key("app", binary=True)):
            for data in (b"", b"with\0NUL", bytearray(b"other"), "text: é", bytes(strongroom.DATA_MAX)):
                for binary in (False, True):
                    value = self.room.data_encrypt("app", data, "users/1", key, binary)
                    self.assertIsInstance(value, bytes if binary else str)
                    expected = data.encode() if isinstance(data, str) else bytes(data)
                    self.assertEqual(self.room.data_decrypt("data:app", value, b"users/1", key), expected)
                    with self.assertRaisesRegex(strongroom.BadData, "context"):
                        self.room.data_decrypt("app", value, "users/2", key)

    def test_not_good(self):
        value = self.room.data_encrypt("app", b"data", "c")
        with self.assertRaises(strongroom.WrongKey):
            self.room.data_decrypt("other", value, "c")
        with self.assertRaises(strongroom.WrongKey):
            self.room.data_decrypt("app", value, "c", self.room.data_new_key("app"))
        with self.assertRaisesRegex(strongroom.BadData, "before 99"):
            self.room.data_decrypt("app", value, "c", min_version=99)
        for wrong in ("", "srd1.", value[:-1], value + "A", "é", b"\0", value[:-2] + "\0"):
            with self.assertRaises(strongroom.BadData):
                self.room.data_decrypt("app", wrong, "c")
        with self.assertRaises(strongroom.BadData):
            self.room.data_encrypt("app", b"", "c", key="srk1.nonsense")
        own = self.room.data_encrypt("app", b"", "c", key=self.room.data_new_key("app"))
        for wrong, result in ((lambda: self.room.data_decrypt("app", own, "c"), strongroom.Result.NOT_FOUND),
                              (lambda: self.room.data_encrypt("nowhere", b"", "c"), strongroom.Result.NOT_FOUND),
                              (lambda: self.room.data_encrypt("session:web", b"", "c"), strongroom.Result.INVALID),
                              (lambda: self.room.data_encrypt("app", bytes(strongroom.DATA_MAX + 1), "c"),
                               strongroom.Result.INVALID),
                              (lambda: self.room.data_encrypt("app", b"", bytes(65537)), strongroom.Result.INVALID),
                              (lambda: self.room.data_list("app"), strongroom.Result.REFUSED)):
            with self.assertRaises(strongroom.Error) as caught:
                wrong()
            self.assertEqual(caught.exception.result, result)

    def test_many(self):
        """More than one message has room for: many small ones, then some that are large."""
        sizes = [i % 50 for i in range(5000)] + [strongroom.DATA_MAX] * 6 + [1] * 10
        items = [(f"row {i}", bytes([i % 256]) * size) for i, size in enumerate(sizes)]
        for binary in (False, True):
            values = self.room.data_encrypt_many("app", items, binary=binary)
            self.assertEqual(len(values), len(items))
            sent = [(context, value) for (context, _), value in zip(items, values)]
            self.assertEqual(self.room.data_decrypt_many("app", sent), [data for _, data in items])
            sent[7] = ("another row", values[7])
            sent[900] = ("row 901", values[900])  # the second half of a call, which a thread of its own works on
            sent[3000] = ("row 3000", "nonsense")
            sent[4000] = (bytes(65537), values[4000])
            found = self.room.data_decrypt_many("app", sent)
            for i in (7, 900, 3000):
                self.assertIsInstance(found[i], strongroom.BadData)
            self.assertEqual(found[4000].result, strongroom.Result.INVALID)
            for i in set(range(len(items))) - {7, 900, 3000, 4000}:
                self.assertEqual(found[i], items[i][1])
        for n in (1, 2, 63, 64, 65, 999):  # a second thread joins in from 64 on
            values = self.room.data_encrypt_many("app", items[:n])
            sent = [(context, value) for (context, _), value in zip(items, values)]
            self.assertEqual(self.room.data_decrypt_many("app", sent), [data for _, data in items[:n]])
        self.assertEqual(self.room.data_encrypt_many("app", []), [])
        too_large = self.room.data_encrypt_many("app", [("", bytes(strongroom.DATA_MAX + 1)), ("", b"")])
        self.assertEqual(too_large[0].result, strongroom.Result.INVALID)
        self.assertIsInstance(too_large[1], str)
        with self.assertRaises(strongroom.Error):
            self.room.data_encrypt_many("session:web", [("", b""), ("", b"")])
        with self.assertRaises(strongroom.Unavailable):
            strongroom.Strongroom("/nowhere/socket").data_encrypt_many("app", [("", b"")])

    def test_rewrap(self):
        value = self.room.data_encrypt("app", b"data", "c")
        key = self.room.data_new_key("app")
        self.assertEqual(self.room.data_rewrap("app", value, "c"), value)  # it is of the current version
        self.assertEqual(self.room.data_rewrap("app", key), key)
        with self.assertRaises(strongroom.BadData):
            self.room.data_rewrap("app", value, "d")
        own = self.room.data_encrypt("app", b"own", "c", key, binary=True)
        self.assertEqual(self.room.data_decrypt("app", self.room.data_rewrap("app", own, "c", key), "c"), b"own")


class Itsdangerous(unittest.TestCase):
    def setUp(self):
        self.room = strongroom.Strongroom()

    def tearDown(self):
        self.room.close()

    def signer(self, salt="one", family=FAMILY, kind=strongroom.itsdangerous.Signer, **keywords):
        return kind(client=self.room, family=family, salt=salt, **keywords)

    def test_signer(self):
        for kind in (strongroom.itsdangerous.Signer, strongroom.itsdangerous.TimestampSigner):
            signed = self.signer(kind=kind).sign("value.with.dots")
            self.assertEqual(self.signer(kind=kind).unsign(signed), b"value.with.dots")
            for other in (self.signer("two", kind=kind), self.signer(family="shop", kind=kind)):
                with self.assertRaises(itsdangerous.BadSignature):
                    other.unsign(signed)
            value, sep, signature = signed.rpartition(b".")
            for sent in (b"", value, b"?" + signed, signed + b"\0", signed + b"\xff", value + b"?" + sep + signature,
                         bytes(strongroom.DATA_MAX + 1) + sep + signature):
                self.assertFalse(self.signer(kind=kind).validate(sent))
            self.assertFalse(self.signer(kind=kind).verify_signature(value, signature.replace(b"~", b".")))

    def test_salts(self):
        salts = (b"", "a", "A", "a" * 33, "cookie-session")
        purposes = {strongroom.itsdangerous.purpose_of_salt(salt) for salt in salts}
        self.assertEqual(len(purposes), len(salts))
        self.assertEqual(strongroom.itsdangerous.purpose_of_salt("cookie-session"), "s-" + COOKIE_SESSION)
        for purpose in purposes:
            self.room.session_sign(FAMILY, b"", purpose)

    def test_no_key(self):
        with self.assertRaises(TypeError):
            self.signer().derive_key()
        with self.assertRaises(TypeError):
            strongroom.itsdangerous.Signer("secret", client=self.room, family=FAMILY)
        with self.assertRaises(ValueError):
            self.signer(sep="~")

    def test_serializer(self):
        serializer = strongroom.itsdangerous.url_safe_timed_serializer(self.room, FAMILY, salt="csrf")
        token = serializer.dumps({"a": [1, "é"]})
        self.assertEqual(serializer.loads(token, max_age=60), {"a": [1, "é"]})
        with self.assertRaises(itsdangerous.SignatureExpired):
            serializer.loads(token, max_age=-1)
        with self.assertRaises(itsdangerous.BadSignature):
            serializer.loads(token, salt="other")
        with self.assertRaises(itsdangerous.BadSignature):
            serializer.loads(itsdangerous.URLSafeTimedSerializer("guessed", salt="csrf").dumps(1))

    def test_daemon_away(self):
        signer = strongroom.itsdangerous.Signer(client=strongroom.Strongroom("/nowhere/socket"), family=FAMILY)
        with self.assertRaises(strongroom.Unavailable):
            signer.unsign(b"value.web~1~" + b"A" * 43)


if __name__ == "__main__":
    unittest.main()
