/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's target: a stream of frames as either side of the wire might receive it. Each frame is decoded
 * as the request and as the reply that its call number names; every byte that the decoder hands out is read,
 * and what was decoded must survive being encoded and decoded again. */
#include "fuzz.h"
#include "wire/calls.h"
#include "wire/card.h"
#include "wire/frame.h"

volatile unsigned char sr_fuzz_sink;

/* Room for any call's structure. */
union message {
    struct sr_generate_request largest;
    unsigned char bytes[2 * sizeof(struct sr_generate_request)];
};

static void touch_message(const struct sr_field *fields, const union message *message)
{
    for (; fields->kind != SR_FIELD_END; fields++) {
        const void *field = message->bytes + fields->offset;
        if (fields->kind == SR_FIELD_BYTES) {
            const struct sr_bytes *bytes = field;
            demand((size_t)bytes->data % 8 == 0);
            touch(bytes->data, bytes->length);
        } else if (fields->kind == SR_FIELD_TEMPLATE || fields->kind == SR_FIELD_VALUES) {
            touch_template(field, fields->kind == SR_FIELD_VALUES);
        } else if (fields->kind == SR_FIELD_MECHANISM) {
            const struct sr_mechanism *m = field;
            touch(m->m.pParameter, m->m.ulParameterLen);
        }
    }
}

static void decode(struct sr_buf *body, const struct sr_field *fields)
{
    static union message first;
    static union message second;

    if (!sr_decode(body, fields, &first))
        return;
    touch_message(fields, &first);
    demand_round_trip(fields, &first, &second);
}

/* A found object's card lies in a byte string of the reply. */
static void decode_cards(struct sr_buf *body)
{
    struct sr_buf copy = *body;
    struct sr_bytes cards = sr_buf_get_bytes(&copy);
    struct sr_buf inner = sr_buf_over(cards.data, cards.length);
    for (int i = 0; sr_buf_ok(&inner) && inner.at < inner.length && i < 8; i++)
        decode(&inner, sr_card_fields);
}

static void decode_frame(const struct sr_frame *frame, unsigned char *body)
{
    const struct sr_call_row *row = sr_call_row(frame->call);
    if (row == NULL)
        return;
    struct sr_buf request = sr_buf_over(body, frame->length);
    decode(&request, row->request);
    struct sr_buf reply = sr_buf_over(body, frame->length);
    (void)sr_buf_get_u64(&reply);
    struct sr_bytes text = sr_buf_get_bytes(&reply);
    touch(text.data, text.length);
    decode_cards(&reply);
    decode(&reply, row->reply);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    size_t at = 0;
    struct sr_frame frame;

    /* Memory of exactly this size, so that reading one byte too many is seen; malloc aligns it as promised.
     */
    unsigned char *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    while (sr_frame_parse(copy + at, size - at, &frame) == SR_FRAME_WHOLE) {
        decode_frame(&frame, copy + at + SR_FRAME_HEADER);
        at += SR_FRAME_HEADER + frame.length;
    }
    free(copy);
    return 0;
}
