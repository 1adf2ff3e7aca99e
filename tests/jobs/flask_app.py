#!/usr/bin/python3
"""A web application with a login and forms, whose sessions and CSRF tokens strongroomd signs: flask_app.py FAMILY FORMS

Serves on two loopback ports, one in this process and one in a child that is forked after strongroomd was used here, and
prints "parent PORT" and "child PORT".

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import os
import signal
import sys
import threading
import time

import flask
import flask_wtf
import werkzeug.serving
import wtforms

import strongroom
from strongroom.flask import StrongroomSessionInterface
from strongroom.flask_wtf import CsrfKey
from strongroom.itsdangerous import url_safe_timed_serializer

PR_SET_PDEATHSIG = 1

app = flask.Flask(__name__)
csrf = flask_wtf.CSRFProtect()


class NameForm(flask_wtf.FlaskForm):
    name = wtforms.StringField()


@app.get("/login/<user>")
def login(user):
    flask.session["user"] = user
    return "welcome\n"


@app.get("/logout")
def logout():
    flask.session.clear()
    return "bye\n"


@app.get("/who")
def who():
    return flask.session.get("user", "nobody") + "\n"


@app.get("/health")
def health():
    return "well\n"


@app.get("/token")
def token():
    return forms().dumps(flask.session.get("user")) + "\n"


@app.get("/token/<text>")
def check_token(text):
    return str(forms().loads_unsafe(text, max_age=3600)) + "\n"


@app.route("/form", methods=["GET", "POST"])
def form():
    """Checked before it comes here."""
    filled = NameForm()
    if filled.validate_on_submit():
        return f"saved {filled.name.data}\n"
    return filled.hidden_tag() + "\n"


@app.post("/form/itself")
@csrf.exempt
def form_itself():
    """Checked by the form."""
    filled = NameForm()
    return f"saved {filled.name.data}\n" if filled.validate_on_submit() else f"{filled.csrf_token.errors}\n"


@app.post("/script")
def script():
    """What a script sends, with the token in a header."""
    return "done\n"


@app.get("/secret")
def secret():
    """All that Flask and its extensions could sign with."""
    keys = [app.secret_key] + [value for name, value in app.config.items() if "SECRET" in name]
    return str([type(key).__name__ for key in keys]) + "\n"


@app.errorhandler(flask_wtf.csrf.CSRFError)
def not_from_us(error):
    return error.description + "\n", 400


def forms():
    interface = app.session_interface
    return url_safe_timed_serializer(interface.client, interface.family, salt="form")


def serve(name):
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    os.write(sys.stdout.fileno(), f"{name} {server.port}\n".encode())  # in one piece: the other process writes as well
    server.serve_forever()


def keep_signing(client, family, enough):
    """So that the connection is most likely in use when the process forks."""
    while not enough.is_set():
        client.session_sign(family, b"x" * 65536)


def main():
    family = sys.argv[1]
    app.session_interface = StrongroomSessionInterface(family)
    client = app.session_interface.client
    app.config["WTF_CSRF_SECRET_KEY"] = CsrfKey(sys.argv[2], client)
    csrf.init_app(app)
    client.session_verify(family, b"before", client.session_sign(family, b"before"))
    enough = threading.Event()
    threading.Thread(target=keep_signing, args=(client, family, enough), daemon=True).start()
    time.sleep(0.2)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            serve("child")
    else:
        enough.set()
        serve("parent")


if __name__ == "__main__":
    main()
