#!/usr/bin/python3
"""A web application with a login, whose sessions strongroomd signs: flask_app.py FAMILY

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
import werkzeug.serving

import strongroom
from strongroom.flask import StrongroomSessionInterface
from strongroom.itsdangerous import url_safe_timed_serializer

PR_SET_PDEATHSIG = 1

app = flask.Flask(__name__)


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
