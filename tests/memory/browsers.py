#!/usr/bin/python3
"""Users of web.py: browsers.py PORT PORT CODES makes twenty requests for each line of CODES, which is a user and a code, and
more until there is a file "enough". Prints how many were answered as they should be: none, if one was not.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import http.cookies
import itertools
import os
import sys
import threading

USERS = 4
LATER = (("/login/again", "welcome"), ("/who", "again"), ("/note/later", "later"))


def get(port, path, cookie):
    """The answer, and the cookie that the browser has now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
    response = connection.getresponse()
    cookies = http.cookies.SimpleCookie(response.getheader("Set-Cookie"))
    text = response.read().decode() if response.status == 200 else None
    connection.close()
    return text, f"session={cookies['session'].value}" if "session" in cookies else cookie


def requests(name, code):
    """Logs in, has the code checked more than once, and writes notes: paths, and what is answered."""
    yield f"/login/{name}", "welcome"
    yield f"/code/{name}/{code}", "accepted"
    for _ in range(8):
        yield "/who", name
        yield f"/note/{code}", code
    yield f"/code/{name}/{code}", "refused"
    yield f"/code/{name}/{code}", "refused"


def user(ports, visitors, answers):
    """The requests of each go to the two processes by turns."""
    ports = itertools.cycle(ports)
    visits = itertools.chain((requests(*visitor) for visitor in visitors), itertools.repeat(LATER))
    for number, visit in enumerate(visits):
        if number >= len(visitors) and os.path.exists("enough"):
            return
        cookie = ""
        for path, wanted in visit:
            text, cookie = get(next(ports), path, cookie)
            answers.append(text == wanted)


def main():
    ports = [int(port) for port in sys.argv[1:3]]
    with open(sys.argv[3], encoding="ascii") as file:
        visitors = [line.split() for line in file]
    answers = []
    threads = [threading.Thread(target=user, args=(ports, visitors[i::USERS], answers)) for i in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(answers) if all(answers) else 0)


if __name__ == "__main__":
    main()
