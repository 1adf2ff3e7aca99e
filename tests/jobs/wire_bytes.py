#!/usr/bin/python3
"""What programs sent and received, out of the records of strace -f -xx -e trace=%network.

    wire_bytes.py calls RECORD...             the numbers of the calls that were made, one a line
    wire_bytes.py size RECORD...              the number of bytes
    wire_bytes.py scan RECORD... < VALUES     which values are there: "NAME sent" or "NAME received", one a line
    wire_bytes.py pads < VALUES               the pads that HMAC makes of these values, as further values

VALUES are lines "NAME HEX". A value counts as found when 16 bytes of it in a row are there: plain, in hex, or in base64.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import collections
import re
import struct
import sys

HEADER = struct.Struct("<IIII")  # length of the body, number, call, CPU; see docs/wire.md
WINDOW = 16

CALL = re.compile(r"^(?P<pid>\d+)\s+(?:<\.\.\. )?(?P<name>send|recv)\w*[( ]")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


def streams(paths):
    """What each process sent and received: {(path, pid, direction): bytes}."""
    found = collections.defaultdict(bytearray)
    for path in paths:
        with open(path, encoding="ascii") as lines:
            for line in lines:
                call = CALL.match(line)
                if not call:
                    continue
                direction = {"send": "sent", "recv": "received"}[call["name"]]
                for text, cut in STRING.findall(line):
                    if cut:
                        sys.exit(f"{path}: strace cut a string")
                    found[path, call["pid"], direction] += bytes.fromhex(text.replace("\\x", ""))
    return {key: bytes(data) for key, data in found.items()}


def calls(stream):
    """The calls of the frames of a stream."""
    at = 0
    while at + HEADER.size <= len(stream):
        length, _, call, _ = HEADER.unpack_from(stream, at)
        yield call
        at += HEADER.size + length
    if at != len(stream):
        sys.exit("what was sent are no frames")


def values():
    for line in sys.stdin:
        name, text = line.split()
        yield name, bytes.fromhex(text)


def windows(data, size):
    return [data[i:i + size] for i in range(len(data) - size + 1)]


def forms(value):
    """How 16 bytes of the value in a row may look: plain; in hex; in base64, wherever it starts in the encoded text."""
    plain = windows(value, WINDOW)
    encoded = []
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + value)
        # What depends on the neighbours' bits is cut off: the first characters, and the last group.
        encoded += windows(text[(shift * 8 + 5) // 6:-4], WINDOW * 4 // 3 - 1)
    return plain, [part.hex().encode() for part in plain], encoded


def found_in(stream, value):
    plain, hexed, encoded = forms(value)
    lower, standard = stream.lower(), stream.replace(b"-", b"+").replace(b"_", b"/")
    return any(part in stream for part in plain) or any(part in lower for part in hexed) or \
        any(part in standard for part in encoded)


def pads(value):
    """RFC 2104 section 2: the key, filled up with zeros to the hash's block, with every byte changed. Of a filled-up
    block the part that tells something."""
    return {"inner": bytes(byte ^ 0x36 for byte in value), "outer": bytes(byte ^ 0x5C for byte in value)}


def main():
    what, paths = sys.argv[1], sys.argv[2:]
    if what == "pads":
        for name, value in values():
            for side, pad in pads(value).items():
                print(f"{side}-{name} {pad.hex()}")
        return
    recorded = streams(paths)
    if what == "size":
        print(sum(map(len, recorded.values())))
    elif what == "calls":
        made = {call for key, stream in recorded.items() if key[2] == "sent" for call in calls(stream)}
        print("\n".join(map(str, sorted(made))))
    else:
        hits = {(name, key[2]) for name, value in values() for key, stream in recorded.items()
                if found_in(stream, value)}
        for name, direction in sorted(hits):
            print(name, direction)


if __name__ == "__main__":
    main()
