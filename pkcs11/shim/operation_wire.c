/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/operation_wire.h"
#include "shim/exchange.h"
#include "shim/explain.h"
#include "wire/flow.h"

#include <string.h>

/* What is longer goes through shared memory. */
#define INLINE_MAX ((size_t)8 << 10)

static bool sink_put(struct sr_sink *sink, const unsigned char *data, size_t n)
{
    if (!sink->spilled && n > sink->room - sink->length) {
        sink->spilled = true;
        if (!sr_store_add(sink->store, sink->out, sink->length))
            return false;
    }
    if (sink->spilled && !sr_store_add(sink->store, data, n))
        return false;
    if (!sink->spilled && n > 0)
        memcpy(sink->out + sink->length, data, n);
    sink->length += n;
    return true;
}

/* Takes the output out of a reply; of what is in the buffer, TAKEN bytes are taken already. */
static CK_RV take_output(const struct sr_exchange *x, const struct sr_op *op,
                         const struct sr_operate_reply *reply, size_t taken, struct sr_sink *sink)
{
    const struct sr_channel *channel = &x->connection->channel;
    struct sr_bytes data = reply->data;

    if (reply->bulk > 0 || taken > 0) {
        if (channel->buffer == NULL || reply->bulk > channel->half || reply->bulk < taken) {
            sr_say("strongroomd's answer does not agree with its shared memory: is it of another version?");
            return CKR_DEVICE_ERROR;
        }
        data = (struct sr_bytes){reply->bulk - taken, channel->buffer + channel->half + taken};
    }
    bool put = sink_put(sink, data.data, data.length);
    if (reply->bulk > 0 && op->kind == SR_OPERATION_DECRYPT)
        explicit_bzero(channel->buffer + channel->half, reply->bulk);
    if (!put)
        sr_say("out of memory for a result of %zu bytes", sink->length + data.length);
    return put ? CKR_OK : CKR_HOST_MEMORY;
}

/* What flows through the buffer while the daemon works. */
struct flowing {
    struct sr_bytes in;
    struct sr_sink *sink;
    size_t taken;
    bool failed; /* out of memory */
};

static void take_what_is_there(struct flowing *g, const struct sr_channel *channel,
                               const struct sr_flow *flow)
{
    size_t done = atomic_load_explicit(&flow->done, memory_order_acquire);
    if (g->failed || done <= g->taken || done > channel->half)
        return;
    g->failed = !sink_put(g->sink, channel->buffer + channel->half + g->taken, done - g->taken);
    g->taken = done;
}

static void flow_through(void *arg, struct sr_channel *channel)
{
    struct flowing *g = arg;
    struct sr_flow *flow = sr_flow_in(channel->buffer, channel->half);
    size_t at = atomic_load_explicit(&flow->filled, memory_order_relaxed);

    while (at < g->in.length) {
        size_t n = g->in.length - at < SR_FLOW_CHUNK ? g->in.length - at : SR_FLOW_CHUNK;
        memcpy(channel->buffer + at, g->in.data + at, n);
        at += n;
        atomic_store_explicit(&flow->filled, at, memory_order_release);
        take_what_is_there(g, channel, flow);
    }
    while (!g->failed && channel->pace.peer != 0 && sr_flow_more(flow, g->taken)) {
        size_t before = g->taken;
        take_what_is_there(g, channel, flow);
        if (g->taken == before) /* a number that cannot be */
            break;
    }
}

/* Does the part give output as it goes in, and is it long enough to make use of that? */
static bool is_flowing(const struct sr_op *op, size_t n)
{
    return n >= SR_FLOW_MIN &&
           (op->kind == SR_OPERATION_ENCRYPT ||
            (op->kind == SR_OPERATION_DECRYPT && !sr_mechanism_seals(op->mechanism.m.mechanism)));
}

/* DATA in the message, or in shared memory. */
static void place(const unsigned char *in, size_t n, struct sr_bytes *data, CK_ULONG *bulk,
                  struct sr_bytes *shared)
{
    struct sr_bytes all = {n, (unsigned char *)in};
    if (n <= INLINE_MAX) {
        *data = all;
    } else {
        *shared = all;
        *bulk = n;
    }
}

static CK_RV send_begin(struct sr_app_session *s, struct sr_op *op, enum sr_call call,
                        const unsigned char *in, size_t n, const struct sr_bytes *signature,
                        struct sr_sink *sink)
{
    struct sr_operate_request request = {.operation = op->kind, .mechanism = op->mechanism};
    struct sr_operate_reply reply = {0};
    struct sr_exchange x = {
        .call = call, .request = &request, .reply = &reply, .session = s, .session_at = &request.session};

    if (signature != NULL)
        request.signature = *signature;
    if (op->kind != SR_OPERATION_DIGEST) {
        x.objects[0] = op->key;
        x.objects_at[0] = &request.key;
    }
    place(in, n, &request.data, &request.bulk, &x.bulk);
    struct flowing g = {.in = x.bulk, .sink = sink};
    if (call == SR_CALL_OPERATE_INIT && is_flowing(op, n)) {
        request.flows = 1;
        x.meanwhile = flow_through;
        x.arg = &g;
    }
    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID : rv;
    if (call == SR_CALL_OPERATE_INIT) {
        op->generation = x.connection->generation;
        op->streamed = true;
    }
    rv = g.failed ? CKR_HOST_MEMORY : take_output(&x, op, &reply, g.taken, sink);
    sr_exchange_end(&x);
    return rv;
}

static CK_RV send_on(struct sr_app_session *s, struct sr_op *op, enum sr_call call,
                     struct sr_part_request *request, struct sr_bytes bulk, struct sr_sink *sink,
                     CK_ULONG *more)
{
    struct sr_operate_reply reply = {0};
    struct sr_exchange x = {.call = call,
                            .request = request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request->session,
                            .bulk = bulk,
                            .pinned = op->generation};

    struct flowing g = {.in = bulk, .sink = sink};

    request->operation = op->kind;
    *more = 0;
    if (call == SR_CALL_OPERATE_UPDATE && is_flowing(op, bulk.length)) {
        request->flows = 1;
        x.meanwhile = flow_through;
        x.arg = &g;
    }
    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK) {
        op->streamed = false; /* a failure has ended it there, too */
        return rv;
    }
    *more = reply.more;
    rv = g.failed ? CKR_HOST_MEMORY : take_output(&x, op, &reply, g.taken, sink);
    sr_exchange_end(&x);
    return rv;
}

CK_RV sr_op_send_whole(struct sr_app_session *s, struct sr_op *op, const unsigned char *in, size_t n,
                       const struct sr_bytes *signature, struct sr_sink *sink)
{
    return send_begin(s, op, SR_CALL_OPERATE, in, n, signature, sink);
}

static CK_RV send_first(struct sr_app_session *s, struct sr_op *op, const unsigned char *in, size_t n,
                        struct sr_sink *sink)
{
    CK_RV rv = send_begin(s, op, SR_CALL_OPERATE_INIT, in, n, NULL, sink);
    if (rv == CKR_OPERATION_ACTIVE) {
        /* An earlier one of this session's got lost in a time-out. */
        op->generation = s->generation;
        sr_op_send_cancel(s, op);
        rv = send_begin(s, op, SR_CALL_OPERATE_INIT, in, n, NULL, sink);
    }
    return rv;
}

CK_RV sr_op_send_part(struct sr_app_session *s, struct sr_op *op, const unsigned char *in, size_t n,
                      struct sr_sink *sink)
{
    CK_RV rv = CKR_OK;
    if (!op->streamed) {
        size_t first = n < SR_BULK_MAX ? n : SR_BULK_MAX;
        rv = send_first(s, op, in, first, sink);
        in += first;
        n -= first;
    }
    while (rv == CKR_OK && n > 0) {
        size_t piece = n < SR_BULK_MAX ? n : SR_BULK_MAX;
        struct sr_part_request request = {0};
        struct sr_bytes bulk = {0};
        CK_ULONG more;
        place(in, piece, &request.data, &request.bulk, &bulk);
        rv = send_on(s, op, SR_CALL_OPERATE_UPDATE, &request, bulk, sink, &more);
        in += piece;
        n -= piece;
    }
    return rv;
}

CK_RV sr_op_send_end(struct sr_app_session *s, struct sr_op *op, const struct sr_bytes *signature,
                     struct sr_sink *sink)
{
    CK_ULONG more = 1;
    CK_RV rv = CKR_OK;
    while (rv == CKR_OK && more > 0) {
        struct sr_part_request request = {0};
        if (signature != NULL)
            request.signature = *signature;
        rv = send_on(s, op, SR_CALL_OPERATE_FINAL, &request, (struct sr_bytes){0}, sink, &more);
    }
    if (more == 0)
        op->streamed = false;
    return rv;
}

void sr_op_send_cancel(struct sr_app_session *s, struct sr_op *op)
{
    struct sr_part_request request = {.operation = op->kind, .cancel = 1};
    struct sr_exchange x = {.call = SR_CALL_OPERATE_FINAL,
                            .request = &request,
                            .session = s,
                            .session_at = &request.session,
                            .pinned = op->generation,
                            .hurry = true};
    (void)sr_exchange_only(&x);
    op->streamed = false;
}
