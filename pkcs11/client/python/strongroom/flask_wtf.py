"""Flask-WTF's CSRF tokens, signed in strongroomd's token. No SECRET_KEY is needed for them.

    app.session_interface = StrongroomSessionInterface("web")
    app.config["WTF_CSRF_SECRET_KEY"] = CsrfKey("web", app.session_interface.client)
    csrf = flask_wtf.CSRFProtect(app)

Forms, templates and CSRFProtect stay as they are. The tokens' purpose belongs to Flask-WTF's salt, so none is a session
cookie, nor the other way round; they are refused from the moment at which their family's version is revoked or its grace
is over. Where strongroomd cannot sign or check one, strongroom.Error is raised, which Flask logs and answers with 500:
nothing is taken for good.

Flask-WTF makes its serializers of a secret key, and lets nobody choose the signer. Importing this module puts a function
into its place that makes them as ever, but for a CsrfKey the one that signs with strongroomd. Would a Flask-WTF not call
it, a CsrfKey is a TypeError there, for it is neither a string nor a list of them.

SPDX-License-Identifier: Apache-2.0
"""
import flask_wtf.csrf

from . import Strongroom
from .itsdangerous import url_safe_timed_serializer

__all__ = ["CsrfKey"]


class CsrfKey:
    """What Flask-WTF has instead of a secret key: strongroomd, and the session family FAMILY."""

    def __init__(self, family, client=None):
        """client: a Strongroom that is shared; without one the key makes its own."""
        self.family = family
        self.client = Strongroom() if client is None else client


_of_secret_key = flask_wtf.csrf.URLSafeTimedSerializer


def _serializer(secret_key, *args, **kwargs):
    if isinstance(secret_key, CsrfKey):
        return url_safe_timed_serializer(secret_key.client, secret_key.family, *args, **kwargs)
    return _of_secret_key(secret_key, *args, **kwargs)


flask_wtf.csrf.URLSafeTimedSerializer = _serializer
