/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(value >> (8 * i));
}

enum sr_frame_status sr_frame_parse(const unsigned char *data, size_t length, struct sr_frame *frame)
{
    if (length < SR_FRAME_HEADER)
        return SR_FRAME_PARTIAL;
    frame->length = get32(data);
    frame->number = get32(data + 4);
    frame->call = get32(data + 8);
    frame->cpu = get32(data + 12);
    if (frame->length > SR_FRAME_MAX - SR_FRAME_HEADER || frame->length % 8 != 0)
        return SR_FRAME_BAD;
    return length - SR_FRAME_HEADER < frame->length ? SR_FRAME_PARTIAL : SR_FRAME_WHOLE;
}

void sr_frame_begin(struct sr_buf *b)
{
    if (sr_buf_reserve(b, SR_FRAME_HEADER))
        b->length += SR_FRAME_HEADER;
}

void sr_frame_end(struct sr_buf *b, struct sr_frame *frame)
{
    if (b->failed)
        return;
    frame->length = (uint32_t)(b->length - SR_FRAME_HEADER);
    put32(b->data, frame->length);
    put32(b->data + 4, frame->number);
    put32(b->data + 8, frame->call);
    put32(b->data + 12, frame->cpu);
}
