/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/bulk.h"

#include <string.h>

/* Answers up to this go in the message. */
#define INLINE_MAX 8192

CK_RV sr_bulk_in(struct sr_work *work, enum sr_operation operation, const struct sr_bytes *data,
                 CK_ULONG bulk, struct sr_in_out *x)
{
    const struct sr_stream *stream = &work->stream;

    x->in = *data;
    if (bulk == 0)
        return CKR_OK;
    if (stream->shared == NULL || bulk > SR_STREAM_HALF || data->length > 0)
        return sr_explain(work, CKR_ARGUMENTS_BAD, "bulk data that the connection's buffer does not hold");
    x->in = (struct sr_bytes){bulk, stream->shared};
    if (operation == SR_OPERATION_DECRYPT) {
        memcpy(stream->in, stream->shared, bulk);
        x->in.data = stream->in;
    }
    return CKR_OK;
}

CK_RV sr_bulk_room(struct sr_work *work, enum sr_operation operation, size_t want, struct sr_in_out *x)
{
    const struct sr_stream *stream = &work->stream;

    x->length = want;
    if (want <= INLINE_MAX || stream->shared == NULL || want > SR_STREAM_HALF)
        x->out = sr_scratch_get(&work->scratch, want);
    else if (operation == SR_OPERATION_DECRYPT)
        x->out = stream->out;
    else
        x->out = stream->shared + SR_STREAM_HALF;
    return x->out != NULL ? CKR_OK : CKR_HOST_MEMORY;
}

void sr_bulk_out(struct sr_work *work, CK_RV rv, const struct sr_in_out *x, struct sr_operate_reply *reply)
{
    const struct sr_stream *stream = &work->stream;
    unsigned char *second = stream->shared != NULL ? stream->shared + SR_STREAM_HALF : NULL;

    if (second != NULL && x->out == stream->out) {
        if (rv == CKR_OK)
            memcpy(second, stream->out, x->length);
        explicit_bzero(stream->out, x->length);
    }
    if (rv != CKR_OK)
        return;
    if (second != NULL && (x->out == stream->out || x->out == second))
        reply->bulk = x->length;
    else
        reply->data = (struct sr_bytes){x->length, x->out};
}
