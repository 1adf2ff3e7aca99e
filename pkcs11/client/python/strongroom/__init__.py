"""Session keys, JWTs, data keys, second factors and backups of strongroomd, whose keys never leave the token.

    import strongroom
    room = strongroom.Strongroom()
    signature = room.session_sign("web", b"user=4711")
    room.session_verify("web", b"user=4711", signature)  # raises BadSignature where it is not good

For itsdangerous, Flask and Flask-WTF there are strongroom.itsdangerous, strongroom.flask and strongroom.flask_wtf.
Everything goes through libstrongroom.so.0; the environment variable STRONGROOM_LIBRARY may name another file.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import enum
import functools
import json
import os
import threading

__all__ = ["BadBackup", "BadData", "BadSignature", "DATA_MAX", "Error", "Result", "Strongroom", "TOTP_BATCH",
           "Unavailable", "WrongKey"]

#: The most bytes that session_sign and data_encrypt take.
DATA_MAX = 256 * 1024

#: The most seeds of one totp_import, and users of one page of totp_list.
TOTP_BATCH = 500


class Result(enum.IntEnum):
    """What went wrong; strongroom.h says what each means."""

    OK = 0
    INVALID = 1
    ABSENT = 2
    TIMEOUT = 3
    REFUSED = 4
    NOT_FOUND = 5
    EXISTS = 6
    CONFLICT = 7
    BAD = 8
    TAMPERED = 9
    FAILED = 10
    NO_MEMORY = 11
    WRONG_KEY = 12


class Error(Exception):
    """Strongroom could not do it. Its text is the library's; result is a Result."""

    def __init__(self, result, text):
        super().__init__(result, text)
        self.result = result

    def __str__(self):
        return self.args[1]


class BadSignature(Error):
    """The signature, JWT or code is not good."""


class BadData(Error):
    """The value is damaged, or was made for another context, or its version is refused."""


class WrongKey(BadData):
    """The key, or the family, is not the one that the value was made with. Of a backup: its header is damaged, or its key is another token's."""


class BadBackup(Error):
    """A chunk of the backup is damaged, missing or not in its place, or this is no backup."""


class Unavailable(Error):
    """strongroomd is not there or does not answer: nothing is known of the signature. It may come back."""


_EXCEPTIONS = {Result.BAD: BadSignature, Result.ABSENT: Unavailable, Result.TIMEOUT: Unavailable,
               Result.WRONG_KEY: WrongKey}


def _error(result, text, bad=BadSignature):
    kind = bad if result == Result.BAD else _EXCEPTIONS.get(result, Error)
    return kind(result, text)


class _ErrorText(ctypes.Structure):
    """struct strongroom_error."""

    _fields_ = [("text", ctypes.c_char * 512)]


class _TotpEntry(ctypes.Structure):
    """struct strongroom_totp_entry."""

    _fields_ = [("user", ctypes.c_char_p), ("issuer", ctypes.c_char_p), ("account", ctypes.c_char_p),
                ("algorithm", ctypes.c_char_p), ("digits", ctypes.c_uint), ("period", ctypes.c_uint)]


class _TotpSeed(ctypes.Structure):
    """struct strongroom_totp_seed."""

    _fields_ = [("user", ctypes.c_char_p), ("secret", ctypes.c_char_p), ("algorithm", ctypes.c_char_p),
                ("digits", ctypes.c_uint), ("period", ctypes.c_uint)]


class _Options(ctypes.Structure):
    """struct strongroom_data_options."""

    _fields_ = [("key", ctypes.c_char_p), ("key_length", ctypes.c_size_t), ("min_version", ctypes.c_ulong),
                ("flags", ctypes.c_uint)]


class _Item(ctypes.Structure):
    """struct strongroom_data_item."""

    _fields_ = [("context", ctypes.c_char_p), ("context_length", ctypes.c_size_t), ("data", ctypes.c_char_p),
                ("length", ctypes.c_size_t), ("result", ctypes.c_int), ("out", ctypes.c_void_p),
                ("out_length", ctypes.c_size_t)]


_BINARY = 1  # STRONGROOM_BINARY


_PROGRESS = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_ulonglong)


class _BackupOptions(ctypes.Structure):
    """struct strongroom_backup_options."""

    _fields_ = [("chunk_size", ctypes.c_size_t), ("progress", _PROGRESS), ("argument", ctypes.c_void_p)]


_HANDLE = ctypes.c_void_p
_STRING = ctypes.c_char_p
_TEXT = ctypes.POINTER(ctypes.c_void_p)  # char **: as void *, for c_char_p would lose what is to be freed
_DATA = (ctypes.c_char_p, ctypes.c_size_t)

_OPTIONS = ctypes.POINTER(_BackupOptions)

# What stands between the handle and the error, by the functions' names.
_ARGUMENTS = {
    "status": (_TEXT,),
    "family_list": (_TEXT,),
    "family_show": (_STRING, _TEXT),
    "family_history": (_STRING, _TEXT),
    "session_sign": (_STRING, _STRING, *_DATA, _TEXT),
    "session_verify": (_STRING, _STRING, *_DATA, _STRING),
    "jwt_sign": (_STRING, _STRING, _STRING, _TEXT),
    "jwt_verify": (_STRING, _STRING, _TEXT),
    "totp_enrol": (_STRING, ctypes.POINTER(_TotpEntry), ctypes.c_uint, _TEXT),
    "totp_import": (_STRING, ctypes.POINTER(_TotpSeed), ctypes.c_size_t, ctypes.c_uint, _TEXT),
    "totp_verify": (_STRING, _STRING, _STRING),
    "totp_resync": (_STRING, _STRING, _STRING, _STRING),
    "totp_list": (_STRING, _STRING, ctypes.c_size_t, _TEXT),
    "totp_remove": (_STRING, _STRING),
    "data_new_key": (_STRING, ctypes.c_uint, _TEXT, ctypes.POINTER(ctypes.c_size_t)),
    "data_encrypt_many": (_STRING, ctypes.POINTER(_Options), ctypes.POINTER(_Item), ctypes.c_size_t),
    "data_decrypt_many": (_STRING, ctypes.POINTER(_Options), ctypes.POINTER(_Item), ctypes.c_size_t),
    "data_rewrap_many": (_STRING, ctypes.POINTER(_Options), ctypes.POINTER(_Item), ctypes.c_size_t),
    "data_list": (_STRING, _TEXT),
    "backup_encrypt": (_STRING, ctypes.c_int, ctypes.c_int, _OPTIONS),
    "backup_decrypt": (ctypes.c_int, ctypes.c_int, _OPTIONS),
    "backup_decrypt_range": (ctypes.c_int, ctypes.c_int, ctypes.c_ulonglong, ctypes.c_ulonglong, _OPTIONS),
    "backup_verify": (ctypes.c_int, _OPTIONS),
    "backup_info": (ctypes.c_int, _TEXT),
    "backup_rewrap": (ctypes.c_int, ctypes.POINTER(ctypes.c_int)),
    "backup_list": (_STRING, _TEXT),
    "backup_forget": (_STRING, _STRING),
}


_DRY_RUN = 2
_REPLACE = 4


@functools.lru_cache(maxsize=None)
def _load(path):
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"{error}: install libstrongroom, or name its file in STRONGROOM_LIBRARY") from error
    library.strongroom_open.argtypes = (_STRING, ctypes.POINTER(_HANDLE), ctypes.POINTER(_ErrorText))
    library.strongroom_close.argtypes = (_HANDLE,)
    library.strongroom_close.restype = None
    library.strongroom_free_secret.argtypes = (ctypes.c_void_p,)
    library.strongroom_free_secret.restype = None
    for name, arguments in _ARGUMENTS.items():
        getattr(library, "strongroom_" + name).argtypes = (_HANDLE, *arguments, ctypes.POINTER(_ErrorText))
    return library


_free = ctypes.CDLL(None).free
_free.argtypes = (ctypes.c_void_p,)
_free.restype = None


def _check(result, error):
    if result != Result.OK:
        raise _error(Result(result), error.text.decode("utf-8", "replace"))


class _Connection:
    """A handle of the library, and the lock that is held for as long as it is in use."""

    def __init__(self, library, path):
        self.library = library
        self.path = path
        self.lock = threading.Lock()
        self.handle = _HANDLE()

    def call(self, name, *arguments):
        error = _ErrorText()
        with self.lock:
            if not self.handle:
                _check(self.library.strongroom_open(self.path, ctypes.byref(self.handle), ctypes.byref(error)), error)
            _check(getattr(self.library, "strongroom_" + name)(self.handle, *arguments, ctypes.byref(error)), error)

    def close(self):
        """Where a thread was using the handle when the process forked, its state is unknown: then it stays."""
        if self.lock.acquire(blocking=False):
            handle, self.handle = self.handle, _HANDLE()
            self.lock.release()
            self.library.strongroom_close(handle)

    def __del__(self):
        self.close()


def _string(value, name):
    """A C string. What has a NUL would end there."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is a {type(value).__name__}, not a str")
    if "\0" in value:
        raise Error(Result.INVALID, f"{name} has a NUL in it")
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise Error(Result.INVALID, f"{name} is not text: {error}") from error


def _family(role, value):
    """A family of that role, which need not be said."""
    return _string(value if not isinstance(value, str) or ":" in value else f"{role}:{value}", "the family")


def _session_family(value):
    return _family("session", value)


def _bytes(value):
    """The bytes of a context, a key or a value, which may be text."""
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else memoryview(value).tobytes()


def _totp_family(value):
    """A family of the role totp, which need not be said."""
    return _string(value if not isinstance(value, str) or ":" in value else "totp:" + value, "the family")


def _optional(value, name):
    return None if value is None else _string(value, name)


def _backup_family(value):
    """A family of the role backup, which need not be said."""
    return _string(value if not isinstance(value, str) or ":" in value else "backup:" + value, "the family")


def _descriptor(file):
    """A file's descriptor; what the file has in a buffer of its own is written first."""
    if not isinstance(file, int):
        if file.writable():
            file.flush()
        file = file.fileno()
    return file


def _options(chunk_size, progress):
    return _BackupOptions(chunk_size, _PROGRESS(lambda _, done: progress(done)) if progress else _PROGRESS(), None)


def _foreign(value, name):
    """The same for what a stranger sent: what cannot be right is not good, and no mistake of the program's."""
    try:
        return _string(value, name)
    except Error as error:
        raise BadSignature(Result.BAD, str(error)) from error


class Strongroom:
    """A connection to strongroomd, made by the first call.

    Threads may share one; their calls then follow one another. A child process that was forked gets a connection of its
    own by its first call. Every method raises Error. For signatures and JWTs "web" is short for "session:web", for values
    for "data:web", for second factors "users" for "totp:users".
    """

    def __init__(self, path=None):
        """path: the daemon's socket; else STRONGROOM_SOCKET names it, or it is /run/strongroom/socket."""
        self._library = _load(os.environ.get("STRONGROOM_LIBRARY") or "libstrongroom.so.0")
        self._path = None if path is None else os.fsencode(path)
        self._connections = {}  # by process: one of ours, and after a fork until our first call the parent's

    def _call(self, name, *arguments):
        pid = os.getpid()
        connection = self._connections.get(pid)
        if connection is None:
            # Of several threads that come here at once, all get the connection of the first.
            connection = self._connections.setdefault(pid, _Connection(self._library, self._path))
            for other in [key for key in list(self._connections) if key != pid]:
                self._connections.pop(other, None)
        connection.call(name, *arguments)

    def _ask(self, name, *arguments):
        """A call whose answer is a text."""
        text = ctypes.c_void_p()
        self._call(name, *arguments, ctypes.byref(text))
        try:
            return ctypes.string_at(text.value).decode()
        finally:
            _free(text)

    def close(self):
        """Ends the connection; the next call makes another."""
        connection = self._connections.pop(os.getpid(), None)
        if connection is not None:
            with connection.lock:
                pass  # whoever is in a call ends it first
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def status(self):
        """What the daemon says of itself, as lines for people."""
        return self._ask("status")

    def session_sign(self, family, data, purpose="cookie"):
        """A signature over data (bytes or the like, at most DATA_MAX), as a str."""
        data = memoryview(data).tobytes()
        return self._ask("session_sign", _session_family(family), _string(purpose, "the purpose"), data, len(data))

    def session_verify(self, family, data, signature, purpose="cookie"):
        """Returns where the signature is good, and raises BadSignature where it is not."""
        data = memoryview(data).tobytes()
        self._call("session_verify", _session_family(family), _string(purpose, "the purpose"), data, len(data),
                   _foreign(signature, "the signature"))

    def jwt_sign(self, family, claims, alg="HS256"):
        """A JWT of claims, a dict. alg: HS256 or HS512."""
        return self._ask("jwt_sign", _session_family(family), _string(alg, "alg"),
                         json.dumps(claims, separators=(",", ":")).encode())

    def jwt_verify(self, family, jwt):
        """The claims of a JWT that is good; raises BadSignature where it is not, or not any more."""
        return json.loads(self._ask("jwt_verify", _session_family(family), _foreign(jwt, "the JWT")))

    def totp_enrol(self, family, user, issuer, *, account=None, algorithm="SHA1", digits=6, period=30, replace=False):
        """Gives the user a new seed; returns the otpauth URI for the user's application, this once."""
        entry = _TotpEntry(_string(user, "the user"), _string(issuer, "the issuer"), _optional(account, "the account"),
                           _string(algorithm, "the algorithm"), digits, period)
        text = ctypes.c_void_p()
        self._call("totp_enrol", _totp_family(family), ctypes.byref(entry), _REPLACE if replace else 0,
                   ctypes.byref(text))
        try:
            return ctypes.string_at(text.value).decode()
        finally:
            self._library.strongroom_free_secret(text)

    def totp_import(self, family, seeds, *, dry_run=False):
        """Brings in seeds that users have already; those of users who have one are left out.

        seeds: of tuples (user, secret in base32[, algorithm, digits, period]), TOTP_BATCH at most. Returns a list of
        {"user", "result", "reason"}, result being "imported", "existing" or "bad".
        """
        rows = (_TotpSeed * len(seeds))()
        for row, (user, secret, *kind) in zip(rows, seeds):
            algorithm, digits, period = (*kind, *("SHA1", 6, 30)[len(kind):])
            row.user = _string(user, "the user")
            row.secret = _string(secret, "the secret")
            row.algorithm = _string(algorithm, "the algorithm")
            row.digits = digits
            row.period = period
        return json.loads(self._ask("totp_import", _totp_family(family), rows, len(rows), _DRY_RUN if dry_run else 0))

    def _accepted(self, name, *arguments):
        try:
            self._call(name, *arguments)
        except BadSignature:
            return False
        return True

    def totp_verify(self, family, user, code):
        """True: the code is accepted, and will not be again. False: it is refused.

        Where that could not be decided, Error is raised: there is no such user, or strongroomd does not answer.
        """
        if not isinstance(code, str) or "\0" in code or not code.isascii():
            return False
        return self._accepted("totp_verify", _totp_family(family), _string(user, "the user"), code.encode())

    def totp_resync(self, family, user, first, second):
        """Two codes that follow one another say how far off the user's clock is; True where they are such."""
        for code in (first, second):
            if not isinstance(code, str) or "\0" in code or not code.isascii():
                return False
        return self._accepted("totp_resync", _totp_family(family), _string(user, "the user"), first.encode(),
                              second.encode())

    def totp_list(self, family, after=None, limit=TOTP_BATCH):
        """A page of users, as strongroom-totp(1) describes them: those behind AFTER, by name."""
        return json.loads(self._ask("totp_list", _totp_family(family), _optional(after, "the user"), limit))

    def totp_remove(self, family, user):
        """Removes the user and the seed."""
        self._call("totp_remove", _totp_family(family), _string(user, "the user"))

    def data_new_key(self, family, binary=False):
        """A wrapped data key of the caller's own, as a str, or as bytes in the binary form. "a" is short for
        "data:a" in all of these."""
        key = ctypes.c_void_p()
        length = ctypes.c_size_t()
        self._call("data_new_key", _family("data", family), _BINARY if binary else 0, ctypes.byref(key),
                   ctypes.byref(length))
        try:
            data = ctypes.string_at(key.value, length.value)
        finally:
            _free(key)
        return data if binary else data.decode()

    def _data_many(self, name, family, items, key, min_version, flags=0):
        """For each (context, data) of items a Result, and bytes: what became of it, or why nothing did."""
        items = [(_bytes(context), _bytes(data)) for context, data in items]
        key = None if key is None else _bytes(key)
        options = _Options(key, 0 if key is None else len(key), min_version, flags)
        array = (_Item * len(items))(*[(context, len(context), data, len(data)) for context, data in items])
        try:
            self._call(name, _family("data", family), ctypes.byref(options), array, len(items))
            return [(Result(item.result), ctypes.string_at(item.out, item.out_length) if item.out else b"out of memory")
                    for item in array]
        finally:
            for item in array:
                _free(item.out)

    def _data_one(self, *arguments):
        [(result, data)] = self._data_many(*arguments)
        if result != Result.OK:
            raise _error(result, data.decode("utf-8", "replace"), BadData)
        return data

    def _data_all(self, make, *arguments):
        return [make(data) if result == Result.OK else _error(result, data.decode("utf-8", "replace"), BadData)
                for result, data in self._data_many(*arguments)]

    def data_encrypt(self, family, data, context, key=None, binary=False):
        """The value that data (bytes, or text as UTF-8; at most DATA_MAX) becomes: a str, or bytes in the binary form.
        context (bytes or text) says what it is, and has to be given again. key: one from data_new_key."""
        value = self._data_one("data_encrypt_many", family, [(context, data)], key, 0, _BINARY if binary else 0)
        return value if binary else value.decode()

    def data_decrypt(self, family, value, context, key=None, min_version=0):
        """The bytes that data_encrypt took. Raises BadData, or WrongKey, which is one, where the value is not good; an
        Error with Result.NOT_FOUND where its key is missing."""
        return self._data_one("data_decrypt_many", family, [(context, value)], key, min_version)

    def data_rewrap(self, family, value, context=b"", key=None, min_version=0):
        """A value, or a key from data_new_key, brought to the current version; of the same type as it is."""
        fresh = self._data_one("data_rewrap_many", family, [(context, value)], key, min_version)
        return fresh.decode() if isinstance(value, str) else fresh

    def data_encrypt_many(self, family, items, key=None, binary=False):
        """The same for many pairs (context, data) in few messages: a list of values. In the place of one that cannot be
        made stands the exception."""
        return self._data_all(bytes if binary else bytes.decode, "data_encrypt_many", family, items, key, 0,
                              _BINARY if binary else 0)

    def data_decrypt_many(self, family, items, key=None, min_version=0):
        """The same for pairs (context, value): a list of bytes and exceptions."""
        return self._data_all(bytes, "data_decrypt_many", family, items, key, min_version)

    def data_rewrap_many(self, family, items, key=None, min_version=0):
        """The same for pairs (context, value): a list of bytes and exceptions."""
        return self._data_all(bytes, "data_rewrap_many", family, items, key, min_version)

    def data_list(self, family):
        """The data keys of a family, as strongroom-data(1) describes them."""
        return json.loads(self._ask("data_list", _family("data", family)))

    def family_list(self):
        """The families, as strongroom-family(1) describes them."""
        return json.loads(self._ask("family_list"))

    def family_show(self, family):
        """A family and its versions."""
        return json.loads(self._ask("family_show", _string(family, "the family")))

    def family_history(self, family=None):
        """What was done with a family, or with all."""
        return json.loads(self._ask("family_history", None if family is None else _string(family, "the family")))

    def _backup(self, name, *arguments):
        try:
            self._call("backup_" + name, *arguments)
        except BadSignature as error:
            raise BadBackup(Result.BAD, str(error)) from error

    def backup_encrypt(self, family, source, target, chunk_size=0, progress=None):
        """Encrypts what source has, to its end, into target: files or descriptors, pipes included. progress is called
        with the number of bytes read so far. "nightly" is short for "backup:nightly"."""
        options = _options(chunk_size, progress)
        self._backup("encrypt", _backup_family(family), _descriptor(source), _descriptor(target), ctypes.byref(options))

    def backup_decrypt(self, source, target, progress=None):
        """Decrypts a backup. What was written when this raises is to be thrown away."""
        options = _options(0, progress)
        self._backup("decrypt", _descriptor(source), _descriptor(target), ctypes.byref(options))

    def backup_decrypt_range(self, source, target, start, stop, progress=None):
        """The bytes that [start:stop] would be of the whole; source is a regular file. Nothing else is read."""
        if not 0 <= start < stop:
            raise Error(Result.INVALID, "a range of no bytes")
        options = _options(0, progress)
        self._backup("decrypt_range", _descriptor(source), _descriptor(target), start, stop - 1, ctypes.byref(options))

    def backup_verify(self, source, progress=None):
        """Returns where all of a backup is good."""
        options = _options(0, progress)
        self._backup("verify", _descriptor(source), ctypes.byref(options))

    def backup_info(self, source):
        """What the header says, as strongroom-backup(1) describes it."""
        text = ctypes.c_void_p()
        self._backup("info", _descriptor(source), ctypes.byref(text))
        try:
            return json.loads(ctypes.string_at(text.value))
        finally:
            _free(text)

    def backup_rewrap(self, file):
        """Brings a file, open for reading and writing, to its family's current version; False where it was there."""
        changed = ctypes.c_int()
        self._backup("rewrap", _descriptor(file), ctypes.byref(changed))
        return bool(changed.value)

    def backup_list(self, family=None):
        """The backups that the daemon knows of, of a family or of all."""
        return json.loads(self._ask("backup_list", None if family is None else _backup_family(family)))

    def backup_forget(self, family, file):
        """The backup with that id is no more."""
        self._call("backup_forget", _backup_family(family), _string(file, "the file's id"))
