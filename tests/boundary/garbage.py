#!/usr/bin/env python3
# garbage.py SOCKET PID: what a client can do that means no good, by sending what is no message. PID is strongroomd's. Each
# check is a line; the exit status is 1 where one failed.
#
# SPDX-License-Identifier: Apache-2.0
import os
import random
import resource
import select
import socket
import struct
import sys
import time

PATH, PID = sys.argv[1], sys.argv[2]
HELLO, STATUS = 1, 2
ABI = struct.calcsize("L") << 8 | struct.calcsize("P")
WAIT = 10  # seconds that the daemon gives a message, and a new connection
SILENT = int(os.environ.get("SILENT", "3000"))
ROUNDS = int(os.environ.get("ROUNDS", "300"))
# A sanitizer keeps freed memory for a while, and shadows of what is there: then memory says nothing.
MEASURES = not os.environ.get("STRONGROOM_PRELOAD")
failures = 0
rng = random.Random(int(os.environ.get("SEED", "1")))


def check(what, good):
    global failures
    print(("ok: " if good else "FAILED: ") + what, flush=True)
    failures += not good


def memory():
    """What the daemon has in memory, KiB."""
    with open(f"/proc/{PID}/status") as status:
        return sum(int(line.split()[1]) for line in status if line.startswith(("VmRSS", "VmSwap")))


def threads():
    with open(f"/proc/{PID}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Threads"))


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(WAIT + 10)
    s.connect(PATH)
    return s


def frame(call, body, number=1, length=None):
    return struct.pack("<4I", len(body) if length is None else length, number, call, 0) + body


def hello():
    """A connection that has said hello, for any version of the wire."""
    s = connect()
    s.sendall(frame(HELLO, struct.pack("<4Q", 0, 1000, ABI, 0)))
    body = receive(s, struct.unpack("<I", receive(s, 16)[:4])[0])
    if struct.unpack("<Q", body[:8])[0] != 0:
        raise SystemExit(f"the hello is refused: {body}")
    return s


def receive(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise SystemExit("the daemon hung up where it should answer")
        data += more
    return data


def hung_up(s, seconds):
    """Does the daemon end the connection within so many seconds? What it says before that does not count."""
    until = time.monotonic() + seconds
    try:
        while True:
            s.settimeout(max(0.001, until - time.monotonic()))
            if not s.recv(65536):
                return True
    except (ConnectionResetError, BrokenPipeError):
        return True
    except TimeoutError:
        return False


def send(s, data):
    try:
        s.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has hung up by then, which is what we want


def noise(greeted):
    s = hello() if greeted else connect()
    send(s, rng.randbytes(rng.choice((16, 17, 100, 5000, 100000))))
    return s


def malformed():
    """Whole frames of every call with a body of noise, or of plausible words."""
    s = hello()
    words = rng.choice((rng.randbytes(8 * rng.randrange(0, 40)),
                        struct.pack("<20Q", *(rng.choice((0, 1, 2, 8, 64, 2**20, 2**63, 2**64 - 1)) for _ in range(20)))))
    send(s, frame(rng.randrange(0, 100), words, number=2))
    return s


def fast():
    """What is over at once."""
    closed = True
    for i in range(ROUNDS):
        s = noise(i % 2)
        s.shutdown(socket.SHUT_WR)
        closed = hung_up(s, 5) and closed
        s.close()
        s = malformed()
        s.shutdown(socket.SHUT_WR)
        closed = hung_up(s, 5) and closed
        s.close()
    check(f"{2 * ROUNDS} connections with noise and malformed calls are ended", closed)
    closed = True
    for length in (2**32 - 1, 2**31, 2**20, 2**20 - 15, 7):
        s = hello()
        send(s, frame(STATUS, b"", number=2, length=length))
        closed = hung_up(s, 2) and closed
        s.close()
    check("messages that say they are longer than one may be, or no multiple of eight, are refused at once", closed)


def slow():
    """Half messages, drop by drop, and connections that say nothing; all at the same time."""
    quiet = memory()
    half = [(hello(), frame(STATUS, b"", number=2, length=2**20 - 16)) for _ in range(50)]
    half += [(connect(), frame(HELLO, b"", length=32)[:9]) for _ in range(50)]
    began = time.monotonic()
    for s, data in half:
        send(s, data)
    check(f"half messages that announce 50 MiB take {memory() - quiet} KiB, less than 10 MiB", memory() - quiet < 10240 or not MEASURES)
    dripping = hello()
    silent, refused, words = [], 0, b""
    for _ in range(SILENT):
        s = connect()
        silent.append(s)
    # Who was refused finds the reason there, as soon as the daemon has come to it.
    poll = select.poll()
    for s in silent:
        poll.register(s, select.POLLIN)
    by_number = {s.fileno(): s for s in silent}
    until = time.monotonic() + WAIT
    while b"max-connections-per-user" not in words and time.monotonic() < until:
        time.sleep(0.5)
        for fd, _ in poll.poll(0):
            poll.unregister(fd)
            refused += 1
            try:
                words = by_number[fd].recv(4096) or words
            except ConnectionResetError:
                pass
    check(f"of {SILENT} connections {refused} are refused, which is beyond this user's share", 0 < refused < SILENT)
    check("  and are told so", b"max-connections-per-user" in words)
    print(f"    with {SILENT - refused} silent connections it has {threads()} threads and {memory() - quiet} KiB more", flush=True)
    while time.monotonic() < began + WAIT + 1:
        send(dripping, b"\0")
        time.sleep(0.3)
    early = [s for s, _ in half if not hung_up(s, 3)]
    check(f"half messages are ended after {WAIT} s", not early)
    check("  one that comes drop by drop as well", hung_up(dripping, 3))
    late = time.monotonic() + WAIT
    while threads() > 50 and time.monotonic() < late:
        time.sleep(0.1)
    check(f"connections that say nothing are ended ({threads()} threads are left)", threads() <= 50)
    for s in silent:
        s.close()


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, SILENT + 500), hard))
fast()
slow()
first = memory()
fast()
second = memory()
check(f"the second time all this left {second - first} KiB in memory, less than 2 MiB ({second} KiB)", second - first < 2048 or not MEASURES)
sys.exit(failures > 0)
