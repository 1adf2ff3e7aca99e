"""Flask's sessions, signed in strongroomd's token. No SECRET_KEY is needed for them.

    app = flask.Flask(__name__)
    app.session_interface = StrongroomSessionInterface("web")

A cookie that does not verify is an empty session, as always in Flask. While strongroomd cannot say whether a cookie is
good (it is away, the family does not exist, this user may not verify), nobody is logged out: the cookie stays, the
reason is logged as an error, a view that uses the session answers 503, and views that do not use it work. A session
that cannot be signed is an exception, which Flask logs and answers with 500.

SPDX-License-Identifier: Apache-2.0
"""
from flask.sessions import NullSession, SecureCookieSessionInterface
from werkzeug.exceptions import ServiceUnavailable

from . import Error, Strongroom
from .itsdangerous import url_safe_timed_serializer

__all__ = ["StrongroomSessionInterface", "UnavailableSession"]


def _unavailable(*_args, **_kwargs):
    raise ServiceUnavailable("The session cannot be checked at the moment.")


class UnavailableSession(NullSession):
    """The session of a request whose cookie could not be checked: neither read nor written, nor saved."""

    __getitem__ = __setitem__ = __delitem__ = __contains__ = __iter__ = __len__ = __eq__ = __ne__ = _unavailable
    __or__ = __ior__ = __ror__ = __reversed__ = __bool__ = _unavailable
    get = keys = values = items = copy = clear = pop = popitem = update = setdefault = _unavailable
    __hash__ = None


class StrongroomSessionInterface(SecureCookieSessionInterface):
    """Signs session cookies with the session family FAMILY, for the purpose that belongs to its salt."""

    def __init__(self, family, client=None):
        """client: a Strongroom that is shared; without one the interface makes its own."""
        self.family = family
        self.client = Strongroom() if client is None else client

    def get_signing_serializer(self, app):
        return url_safe_timed_serializer(self.client, self.family, salt=self.salt, serializer=self.serializer)

    def open_session(self, app, request):
        try:
            return super().open_session(app, request)
        except Error as error:
            app.logger.error("the session cannot be checked: %s", error)
            return UnavailableSession()
