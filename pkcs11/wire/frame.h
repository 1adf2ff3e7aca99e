/* Frames: how messages are cut out of the stream.
 *
 * A frame is a header of 16 bytes (four 32-bit integers, little-endian: length of the body, number, call,
 * CPU) and a body of that length, a multiple of eight. Requests are numbered by the client, replies repeat
 * the number and the call. CPU is the sender's current CPU plus one, or 0: a hint for waiting, see pace.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_FRAME_H
#define STRONGROOM_WIRE_FRAME_H

#include "wire/buffer.h"

#define SR_FRAME_HEADER 16
#define SR_FRAME_MAX ((size_t)1 << 20) /* header and body */

struct sr_frame {
    uint32_t length; /* of the body, bytes */
    uint32_t number;
    uint32_t call;
    uint32_t cpu;
};

enum sr_frame_status {
    SR_FRAME_WHOLE,   /* header and body are there */
    SR_FRAME_PARTIAL, /* more bytes are needed */
    SR_FRAME_BAD,     /* no frame can start like this */
};

/* Looks at the LENGTH bytes at DATA for one frame. On SR_FRAME_WHOLE *FRAME holds its header, and the body is
 * the frame->length bytes at data + SR_FRAME_HEADER. */
enum sr_frame_status sr_frame_parse(const unsigned char *data, size_t length, struct sr_frame *frame);

/* Starts a frame in the empty buffer B: room for the header. */
void sr_frame_begin(struct sr_buf *b);

/* Completes it: writes the header for everything that was put since. FRAME->length is set. */
void sr_frame_end(struct sr_buf *b, struct sr_frame *frame);

#endif
