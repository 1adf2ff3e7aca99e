# camera.py: a video of 240 frames on standard output, 320 x 180, YUV4MPEG2 as mjpegtools and ffmpeg read and write it.
# camera.py N: its frame N alone. camera.py --where N: at which bytes that is, FROM-TO.
#
# SPDX-License-Identifier: Apache-2.0
import sys

WIDTH, HEIGHT, FRAMES = 320, 180, 240
HEADER = b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg\n" % (WIDTH, HEIGHT)
RAMP = bytes(range(256)) * 3


def frame(number):
    """A slope that moves, in gray."""
    rows = (RAMP[(y + 7 * number) % 256:][:WIDTH] for y in range(HEIGHT))
    return b"FRAME\n" + b"".join(rows) + bytes([128]) * (WIDTH * HEIGHT // 2)


def main(arguments):
    if arguments[:1] == ["--where"]:
        at = len(HEADER) + int(arguments[1]) * len(frame(0))
        print(f"{at}-{at + len(frame(0)) - 1}")
    elif arguments:
        sys.stdout.buffer.write(frame(int(arguments[0])))
    else:
        sys.stdout.buffer.write(HEADER)
        for number in range(FRAMES):
            sys.stdout.buffer.write(frame(number))


main(sys.argv[1:])
