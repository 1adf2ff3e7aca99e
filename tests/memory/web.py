#!/usr/bin/python3
"""A web application whose sessions strongroomd signs, whose users' codes it checks, for which it encrypts: web.py FAMILY

Serves on two loopback ports, one in this process and one in a child that is forked after strongroomd was used here, and
prints the ports, one a line.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import os
import signal
import sys

import flask
import werkzeug.serving

from strongroom.flask import StrongroomSessionInterface

PR_SET_PDEATHSIG = 1

app = flask.Flask(__name__)


@app.get("/login/<user>")
def login(user):
    flask.session["user"] = user
    return "welcome"


@app.get("/who")
def who():
    return flask.session.get("user", "nobody")


@app.get("/code/<user>/<code>")
def second_factor(user, code):
    return "accepted" if app.session_interface.client.totp_verify(app.session_interface.family, user, code) else "refused"


@app.get("/note/<text>")
def note(text):
    """What would stand in a database, and comes back from it."""
    client, family = app.session_interface.client, app.session_interface.family
    return client.data_decrypt(family, client.data_encrypt(family, text, "note"), "note")


def serve():
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    os.write(sys.stdout.fileno(), f"{server.port}\n".encode())
    server.serve_forever()


def main():
    family = sys.argv[1]
    app.session_interface = StrongroomSessionInterface(family)
    client = app.session_interface.client
    client.session_verify(family, b"before", client.session_sign(family, b"before"))
    parent = os.getpid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            return
    serve()


if __name__ == "__main__":
    main()
