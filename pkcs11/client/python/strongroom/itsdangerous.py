"""itsdangerous with keys that stay in strongroomd's token.

    serializer = url_safe_timed_serializer(strongroom.Strongroom(), "web", salt="confirm-address")
    token = serializer.dumps({"user": 4711})
    serializer.loads(token, max_age=3600)

A signature is that of Strongroom.session_sign with "~" for ".", for a dot separates it from the value. Where the daemon
cannot say whether it is good, strongroom.Error is raised, and not itsdangerous.BadSignature.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib

import itsdangerous
from itsdangerous.encoding import want_bytes

from . import DATA_MAX, BadSignature

__all__ = ["Signer", "TimestampSigner", "purpose_of_salt", "url_safe_timed_serializer"]


def purpose_of_salt(salt):
    """The purpose that a salt's signatures are made for: "s-" and the first 30 hex digits of the salt's SHA-256.

    Salts may be any bytes of any length, which purposes may not; 120 bits keep different salts apart.
    """
    return "s-" + hashlib.sha256(want_bytes(salt)).hexdigest()[:30]


class _Daemon:
    """What a signer has instead of a secret key: strongroomd, and a family."""

    def __init__(self, secret_key=(), *args, client, family, **kwargs):
        super().__init__(secret_key, *args, **kwargs)
        if self.secret_keys:
            raise TypeError("a secret key was given, but the key is in strongroomd's token")
        if self.sep == b"~":
            raise ValueError("the separator cannot be ~, which stands in the signatures")
        self.client = client
        self.family = family
        self.purpose = purpose_of_salt(self.salt)

    def derive_key(self, secret_key=None):
        raise TypeError("there is no key to derive: it is in strongroomd's token")

    def get_signature(self, value):
        return self.client.session_sign(self.family, want_bytes(value), self.purpose).replace(".", "~").encode()

    def verify_signature(self, value, sig):
        value = want_bytes(value)
        # One spelling of a signature is good, and nothing is signed that is longer.
        if b"." in want_bytes(sig) or len(value) > DATA_MAX:
            return False
        try:
            signature = want_bytes(sig).decode("ascii").replace("~", ".")
            self.client.session_verify(self.family, value, signature, self.purpose)
        except (BadSignature, UnicodeDecodeError):
            return False
        return True


class Signer(_Daemon, itsdangerous.Signer):
    """itsdangerous.Signer without a secret key: Signer(client=Strongroom(), family="web", salt="...")."""


class TimestampSigner(_Daemon, itsdangerous.TimestampSigner):
    """itsdangerous.TimestampSigner without a secret key."""


def url_safe_timed_serializer(client, family, salt=b"itsdangerous", serializer=None):
    """A URLSafeTimedSerializer, for whatever makes one of a secret key."""
    return itsdangerous.URLSafeTimedSerializer((), salt=salt, serializer=serializer, signer=TimestampSigner,
                                               signer_kwargs={"client": client, "family": family},
                                               fallback_signers=[])
