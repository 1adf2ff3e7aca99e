# Backups: a file to /dev/null, by the command next to the raw token's AES-GCM, age and gpg.
#
# SPDX-License-Identifier: Apache-2.0
import os
import shutil

from load import BenchError, Case, Load
from place import tell

MIB = 256  # of the file
BARS = {"strongroom": 0.9}


class Files:
    """The file, the backup of it, and a key of each program; made when they are first asked for."""

    def __init__(self, place):
        self.place = place
        self.command = str(place.build / "bin" / "strongroom")
        self.plain = place.scratch / "plain"
        self.backup = place.scratch / "backup"
        self.family = place.family("backup")
        if self.plain.exists():
            return
        with open(self.plain, "wb") as file:
            for _ in range(MIB):
                file.write(os.urandom(1 << 20))
        tell([self.command, "backup", "encrypt", self.family, self.plain, "-o", self.backup])

    def needs(self, program):
        if shutil.which(program) is None:
            raise BenchError(f"there is no {program}: apt-get install {program}")

    def age(self):
        self.needs("age")
        identity = self.place.scratch / "age.key"
        if not identity.exists():
            tell(["age-keygen", "-o", identity])
        return str(identity), tell(["age-keygen", "-y", identity]).strip()

    def gpg(self):
        self.needs("gpg")
        phrase = self.place.scratch / "phrase"
        phrase.write_text("a passphrase of many words\n", encoding="ascii")
        home = self.place.scratch / "gnupg"
        home.mkdir(mode=0o700, exist_ok=True)
        return ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase-file",
                str(phrase)]


def start_encrypting(files, way):
    run = [files.place.program("bench_backup"), "run"]
    if way == "raw token":
        as_owner, env = files.place.straight()
        return Load(way, as_owner + [files.place.program("bench_backup"), "encrypt", files.plain], env=env)
    if way == "strongroom":
        return Load(way, run + [files.command, "backup", "encrypt", files.family, files.plain])
    if way == "age":
        return Load(way, run + ["age", "-r", files.age()[1], str(files.plain)])
    return Load(way, run + files.gpg() + ["--symmetric", "--cipher-algo", "AES256", "--compress-algo", "none", "-o", "-",
                                          str(files.plain)])


def start_decrypting(files, way):
    run = [files.place.program("bench_backup"), "run"]
    if way == "raw token":
        as_owner, env = files.place.straight()
        return Load(way, as_owner + [files.place.program("bench_backup"), "decrypt", files.plain], env=env)
    if way == "strongroom":
        return Load(way, run + [files.command, "backup", "decrypt", files.backup])
    sealed = files.place.scratch / f"{way}.sealed"
    if way == "age":
        identity, recipient = files.age()
        if not sealed.exists():
            tell(["age", "-r", recipient, "-o", sealed, files.plain])
        return Load(way, run + ["age", "-d", "-i", identity, str(sealed)])
    if not sealed.exists():
        tell(files.gpg() + ["--symmetric", "--cipher-algo", "AES256", "--compress-algo", "none", "-o", sealed, files.plain])
    return Load(way, run + files.gpg() + ["--decrypt", str(sealed)])


def cases(place, wanted, at_end):
    found = []
    files = None
    for what, start in (("encrypted", start_encrypting), ("decrypted", start_decrypting)):
        group = f"a file of {MIB} MiB {what}"
        for way in ("raw token", "strongroom", "age", "gpg"):
            if not wanted(f"{group}/{way}"):
                continue
            files = files or Files(place)
            load = start(files, way)
            at_end(load.end)
            found.append(Case(f"{group}/{way}", load, 1, counted=[place.daemon] if way == "strongroom" else [],
                              baseline=f"{group}/raw token", bar=BARS.get(way)))
    return found
