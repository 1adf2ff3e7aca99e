#!/usr/bin/python3
"""A backup with everything done to it that a disk or an enemy may do: refused each time, and no byte of a bad chunk written.
With the family "nightly", and a user who may encrypt and decrypt. In STEP, only every STEP-th byte is tried.

SPDX-License-Identifier: Apache-2.0
"""
import itertools
import os
import subprocess
import unittest

import strongroom

CHUNK, HEADER, FIXED, SLOT, TAG = 4096, 4096, 96, 2000, 16
UNIT = CHUNK + TAG
STEP = int(os.environ.get("STEP", "1"))
PLAIN = os.urandom(3 * CHUNK + 100)  # four chunks


def file_of(data):
    fd = os.memfd_create("test")
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def content(fd):
    return os.pread(fd, 1 << 24, 0)


class Damage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = strongroom.Strongroom()
        cls.backup = cls.encrypted(PLAIN)

    @classmethod
    def tearDownClass(cls):
        cls.room.close()

    @classmethod
    def encrypted(cls, plain):
        source, target = file_of(plain), file_of(b"")
        cls.room.backup_encrypt("nightly", source, target, chunk_size=CHUNK)
        data = content(target)
        os.close(source)
        os.close(target)
        return data

    def decrypted(self, data):
        """What was written, and the error."""
        source, target, error = file_of(data), file_of(b""), None
        try:
            self.room.backup_decrypt(source, target)
        except strongroom.Error as e:
            error = e
        plain = content(target)
        os.close(source)
        os.close(target)
        return plain, error

    def refused(self, data, good_chunks, pattern="", kind=strongroom.BadBackup):
        """Decryption fails, having written no more than the chunks before the bad one; verification fails, too."""
        plain, error = self.decrypted(data)
        self.assertIsInstance(error, kind)
        self.assertRegex(str(error), pattern)
        self.assertEqual(plain, PLAIN[:good_chunks * CHUNK])
        source = file_of(data)
        with self.assertRaises(kind):
            self.room.backup_verify(source)
        os.close(source)

    def chunks(self):
        body = self.backup[HEADER:]
        return [body[i:i + UNIT] for i in range(0, len(body), UNIT)]

    def joined(self, chunks):
        return self.backup[:HEADER] + b"".join(chunks)

    def test_good(self):
        for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, len(PLAIN)):
            data = self.encrypted(PLAIN[:size])
            self.assertEqual(len(data), HEADER + size + TAG * max(1, -(-size // CHUNK)))
            self.assertEqual(self.decrypted(data), (PLAIN[:size], None))
            source = file_of(data)
            self.room.backup_verify(source)
            os.close(source)

    def test_truncated(self):
        for n in range(len(self.chunks())):
            boundary = HEADER + n * UNIT
            self.refused(self.backup[:boundary - 1], max(n - 1, 0), "truncated" if n > 0 else "no backup.*4095")
            self.refused(self.backup[:boundary], max(n - 1, 0), "truncated.*chunk")
            self.refused(self.backup[:boundary + 1], n, "truncated")
            self.refused(self.backup[:boundary + TAG], n, "truncated")
            self.refused(self.backup[:boundary + TAG + 1], n, "truncated")
        self.refused(self.backup[:-1], 3, "truncated within|truncated or extended")
        for size in (0, 1, 95, 96, 4095):
            self.refused(self.backup[:size], 0, "no backup")

    def test_extended(self):
        for more in (b"\0", bytes(TAG), bytes(UNIT), self.chunks()[3], self.chunks()[0]):
            self.refused(self.backup + more, 3, "extended|chunk 3 .*damaged")
        exact = self.encrypted(PLAIN[:2 * CHUNK])
        for more in (b"\0", exact[-UNIT:], exact[HEADER:]):
            _, error = self.decrypted(exact + more)
            self.assertRegex(str(error), "extended: data follow chunk 1 ")

    def test_swapped(self):
        for a, b in itertools.combinations(range(4), 2):
            chunks = self.chunks()
            chunks[a], chunks[b] = chunks[b], chunks[a]
            self.refused(self.joined(chunks), a, f"order.*chunk {a} should be.*chunk {b}" if b < 3 else "chunk")

    def test_repeated_and_removed(self):
        for n in range(3):
            chunks = self.chunks()
            self.refused(self.joined(chunks[:n + 1] + chunks[n:]), n + 1, f"chunk {n + 1} should be.*chunk {n} once more")
            self.refused(self.joined(chunks[:n] + chunks[n + 1:]), n, "chunk")

    def test_of_another_file(self):
        other = self.encrypted(PLAIN)
        for n in range(3):
            chunks = self.chunks()
            chunks[n] = other[HEADER + n * UNIT:HEADER + (n + 1) * UNIT]
            self.refused(self.joined(chunks), n, f"chunk {n} .*damaged")
        self.refused(other[:FIXED] + self.backup[FIXED:], 0, "damaged, or its key", strongroom.WrongKey)
        self.refused(self.backup[:FIXED] + other[FIXED:], 0, "damaged, or its key", strongroom.WrongKey)
        self.refused(other[:HEADER] + self.backup[HEADER:], 0, "chunk 0 .*damaged")

    def flipped(self, data, at, bit):
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]

    def test_each_byte(self):
        # Of the chunks every byte once is enough: rewrapping does not touch them.
        for data, used, end in ((self.backup, 0, len(self.backup)), (self.rewrapped(), 1, HEADER)):
            for at in range(0, end, STEP):
                bad = self.flipped(data, at, at % 8)
                plain, error = self.decrypted(bad)
                slot = (at - FIXED) // SLOT if FIXED <= at < HEADER else None
                if slot is not None and slot != used:
                    self.assertEqual((plain, error), (PLAIN, None), at)
                    continue
                self.assertIsNotNone(error, at)
                self.assertIn(error.result, (strongroom.Result.BAD, strongroom.Result.WRONG_KEY,
                                             strongroom.Result.NOT_FOUND), at)
                good = max(at - HEADER, 0) // UNIT
                self.assertEqual(plain, PLAIN[:good * CHUNK], at)
                if at >= HEADER:
                    self.assertEqual(error.result, strongroom.Result.BAD)
                    self.assertRegex(str(error), f"chunk {good} ")

    def rewrapped(self):
        """The same under the next version, so in the second slot."""
        subprocess.run([os.environ["STRONGROOM_BUILD"] + "/bin/strongroom", "family", "rotate", "backup:nightly", "--force"],
                       stdout=subprocess.DEVNULL, check=True)
        fd = file_of(self.backup)
        self.assertTrue(self.room.backup_rewrap(fd))
        data = content(fd)
        self.assertFalse(self.room.backup_rewrap(fd))
        self.assertEqual(content(fd), data)
        os.close(fd)
        self.assertEqual(data[FIXED:FIXED + SLOT], bytes(SLOT))
        self.assertEqual(data[:FIXED] + data[HEADER:], self.backup[:FIXED] + self.backup[HEADER:])
        return data

    def test_range(self):
        source = file_of(self.backup)
        for start, stop in ((0, 1), (0, CHUNK), (CHUNK - 1, CHUNK + 1), (CHUNK, 2 * CHUNK), (5000, 12000), (0, 1 << 60),
                            (len(PLAIN) - 1, len(PLAIN)), (3 * CHUNK, len(PLAIN) + 5)):
            target = file_of(b"")
            self.room.backup_decrypt_range(source, target, start, stop)
            self.assertEqual(content(target), PLAIN[start:stop])
            os.close(target)
        for start in (len(PLAIN), len(PLAIN) + 1, 1 << 50):
            with self.assertRaisesRegex(strongroom.Error, "ends before byte"):
                self.room.backup_decrypt_range(source, 1, start, start + 1)
        os.close(source)
        # Only what is needed is read: another chunk may be damaged.
        source, target = file_of(self.flipped(self.backup, HEADER + 2 * UNIT + 7, 0)), file_of(b"")
        self.room.backup_decrypt_range(source, target, CHUNK, 2 * CHUNK)
        self.assertEqual(content(target), PLAIN[CHUNK:2 * CHUNK])
        with self.assertRaisesRegex(strongroom.BadBackup, "chunk 2 "):
            self.room.backup_decrypt_range(source, target, CHUNK, 2 * CHUNK + 1)
        # What is behind a truncation is not simply not there.
        short = file_of(self.backup[:HEADER + 2 * UNIT])
        with self.assertRaisesRegex(strongroom.BadBackup, "truncated"):
            self.room.backup_decrypt_range(short, target, 3 * CHUNK, 3 * CHUNK + 1)

    def test_progress_and_errors(self):
        seen = []
        source, target = file_of(PLAIN), file_of(b"")
        self.room.backup_encrypt("backup:nightly", source, target, chunk_size=CHUNK, progress=seen.append)
        self.assertEqual(seen[-1], len(PLAIN))
        self.assertEqual(seen, sorted(seen))
        for size in (1, 2048, 4097, 6144, 8 << 20, (1 << 32) + 4096):
            with self.assertRaisesRegex(strongroom.Error, "power of two"):
                self.room.backup_encrypt("nightly", source, target, chunk_size=size)
        with self.assertRaisesRegex(strongroom.Error, "no family of backup keys"):
            self.room.backup_encrypt("session:web", source, target)
        with self.assertRaisesRegex(strongroom.Error, "cannot be written"):
            os.lseek(source, 0, os.SEEK_SET)
            self.room.backup_encrypt("nightly", source, os.open("/dev/null", os.O_RDONLY))
        with self.assertRaisesRegex(strongroom.Error, "cannot be read"):
            self.room.backup_encrypt("nightly", os.open("/", os.O_RDONLY), target)
        # The connection goes on.
        self.assertEqual(self.decrypted(self.backup), (PLAIN, None))
        info = self.room.backup_info(file_of(self.backup))
        self.assertEqual((info["bytes"], info["authenticated"], info["recipients"][0]["family"]),
                         (len(PLAIN), True, "backup:nightly"))
        self.assertIn(info["file"], [b["file"] for b in self.room.backup_list("nightly")])
        self.room.backup_forget("nightly", info["file"])
        self.assertNotIn(info["file"], [b["file"] for b in self.room.backup_list()])
        with self.assertRaisesRegex(strongroom.Error, "no such backup"):
            self.room.backup_forget("nightly", info["file"])


if __name__ == "__main__":
    unittest.main()
