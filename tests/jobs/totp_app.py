#!/usr/bin/python3
"""A web application that asks for a password and a code: totp_app.py DATABASE

Its SQLite table users has the columns name, password and mfa_secret. A user whose mfa_secret is there is checked by pyotp,
as before the migration; a user whose is gone, by strongroomd. Serves on a loopback port and prints "port PORT".

SPDX-License-Identifier: Apache-2.0
"""
import os
import sqlite3
import sys

import flask
import pyotp
import werkzeug.serving

import strongroom

app = flask.Flask(__name__)
room = strongroom.Strongroom()


def has_column(db):
    return any(row[1] == "mfa_secret" for row in db.execute("PRAGMA table_info(users)"))


def code_is_right(db, name, code):
    secret = db.execute("SELECT mfa_secret FROM users WHERE name = ?", (name,)).fetchone()[0] if has_column(db) else None
    if secret is not None:
        return pyotp.TOTP(secret).verify(code, valid_window=1)
    return room.totp_verify("users", name, code)


@app.post("/login")
def login():
    form = flask.request.form
    with sqlite3.connect(sys.argv[1]) as db:
        user = db.execute("SELECT password FROM users WHERE name = ?", (form["name"],)).fetchone()
        if user is None or user[0] != form["password"]:
            return "wrong password\n", 403
        try:
            if not code_is_right(db, form["name"], form["code"]):
                return "wrong code\n", 403
        except strongroom.Error as error:
            app.logger.error("the code cannot be checked: %s", error)
            return "try again later\n", 503
    return "welcome\n"


def main():
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    os.write(sys.stdout.fileno(), f"port {server.port}\n".encode())
    server.serve_forever()


if __name__ == "__main__":
    main()
