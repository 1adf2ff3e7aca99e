/* Operations in parts: they keep a session of the token's from one call to the next.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_operate.h"
#include "wire/flow.h"

#include <string.h>

static bool ciphers(const struct sr_parts *parts)
{
    return parts->operation == SR_OPERATION_ENCRYPT || parts->operation == SR_OPERATION_DECRYPT;
}

/* What the token gives before the end of sealed data is kept until then. */
static CK_RV update_withheld(struct sr_work *work, struct sr_parts *parts, struct sr_in_out *x)
{
    if (x->in.length > SR_WITHHELD_MAX - parts->total)
        return sr_explain(work, CKR_DATA_LEN_RANGE,
                          "strongroomd decrypts at most %zu MiB of sealed data in one operation",
                          SR_WITHHELD_MAX >> 20);
    size_t room = x->in.length + parts->total - parts->kept_length +
                  sr_operation_slack(parts->operation, parts->object);
    x->out = sr_parts_room(parts, room);
    if (x->out == NULL)
        return CKR_HOST_MEMORY;
    x->length = room;
    CK_RV rv = sr_operation_update(parts->token->module.f, parts->operation, parts->loan.real, x);
    parts->kept_length += rv == CKR_OK ? x->length : room;
    return rv;
}

/* One chunk of what flows through the buffer; *DONE is how much output there is so far. */
static CK_RV update_chunk(struct sr_work *work, struct sr_parts *parts, size_t at, size_t n, size_t *done)
{
    const struct sr_stream *stream = &work->stream;
    bool private = parts->operation == SR_OPERATION_DECRYPT; /* see bulk.h */
    size_t room = n + sr_operation_slack(parts->operation, parts->object);
    struct sr_in_out x = {.in = {n, stream->shared + at}, .length = room};

    if (room > SR_STREAM_HALF - *done)
        return CKR_DATA_LEN_RANGE;
    unsigned char *out = stream->shared + SR_STREAM_HALF + *done;
    x.out = out;
    if (private) {
        memcpy(stream->in, x.in.data, n);
        x.in.data = stream->in;
        x.out = stream->out;
    }
    CK_RV rv = sr_operation_update(parts->token->module.f, parts->operation, parts->loan.real, &x);
    if (private) {
        if (rv == CKR_OK)
            memcpy(out, stream->out, x.length);
        explicit_bzero(stream->out, room);
    }
    if (rv == CKR_OK)
        *done += x.length;
    return rv;
}

/* A part of which the client has sent the beginning, and fills in the rest. */
static CK_RV update_flowing(struct sr_work *work, struct sr_parts *parts, CK_ULONG bulk,
                            struct sr_operate_reply *reply)
{
    CK_RV rv = CKR_OK;
    size_t done = 0;

    if (work->stream.shared == NULL || bulk > SR_BULK_MAX)
        return sr_explain(work, CKR_ARGUMENTS_BAD, "bulk data that the connection's buffer does not hold");
    struct sr_flow *flow = sr_flow_in(work->stream.shared, SR_STREAM_HALF);
    for (size_t at = 0; rv == CKR_OK && at < bulk; at += SR_FLOW_CHUNK) {
        size_t n = bulk - at < SR_FLOW_CHUNK ? bulk - at : SR_FLOW_CHUNK;
        rv = sr_flow_await(flow, at + n) ? update_chunk(work, parts, at, n, &done)
                                         : sr_explain(work, CKR_FUNCTION_CANCELED,
                                                      "the client did not send the data that it announced");
        atomic_store_explicit(&flow->done, done, memory_order_release);
    }
    atomic_store_explicit(&flow->over, true, memory_order_release);
    parts->total += bulk;
    reply->bulk = done;
    return sr_operation_verdict(parts->operation, rv);
}

static CK_RV update(struct sr_work *work, struct sr_parts *parts, const struct sr_bytes *data, CK_ULONG bulk,
                    bool flows, struct sr_operate_reply *reply)
{
    struct sr_in_out x = {0};

    if (flows && ciphers(parts) && !parts->withholds)
        return update_flowing(work, parts, bulk, reply);
    CK_RV rv = sr_bulk_in(work, parts->operation, data, bulk, &x);
    if (rv != CKR_OK || x.in.length == 0)
        return rv;
    if (parts->withholds) {
        rv = update_withheld(work, parts, &x);
    } else {
        size_t room = ciphers(parts) ? x.in.length + sr_operation_slack(parts->operation, parts->object) : 0;
        rv = room > 0 ? sr_bulk_room(work, parts->operation, room, &x) : CKR_OK;
        if (rv == CKR_OK)
            rv = sr_operation_update(parts->token->module.f, parts->operation, parts->loan.real, &x);
        if (room > 0)
            sr_bulk_out(work, rv, &x, reply);
    }
    parts->total += x.in.length;
    return sr_operation_verdict(parts->operation, rv);
}

CK_RV sr_handle_operate_init(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_operate_request *r = request;
    struct sr_session_view view;
    struct sr_token_object *object = NULL;
    struct sr_client_session *session;
    struct sr_parts *parts = NULL;
    struct sr_token *token;
    CK_OBJECT_HANDLE key;

    if (!sr_operation_has_parts(r->operation))
        return CKR_FUNCTION_NOT_SUPPORTED;
    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = sr_client_take(work->client, r->session, &session);
    if (rv != CKR_OK)
        return rv;
    rv = session->parts[r->operation] != NULL
             ? CKR_OPERATION_ACTIVE
             : sr_operate_key(work, token, r->operation, r->key, r->mechanism.m.mechanism, &object);
    if (rv != CKR_OK)
        goto out;
    parts = sr_parts_new(token, r->operation, r->mechanism.m.mechanism, object, &rv);
    if (rv != CKR_OK)
        goto out;
    rv = sr_operation_begin(token, r->operation, parts->loan.real, &r->mechanism.m, object, &key);
    if (rv == CKR_OK)
        rv = update(work, parts, &r->data, r->bulk, r->flows != 0, reply);
    if (rv == CKR_OK) {
        sr_loan_rest(token, &parts->loan);
        session->parts[r->operation] = parts;
    } else {
        sr_parts_end(parts, rv);
    }
out:
    sr_object_release(object);
    sr_client_done(work->client, session);
    return rv;
}

static void forget(struct sr_client_session *session, struct sr_parts *parts, CK_RV rv)
{
    session->parts[parts->operation] = NULL;
    sr_parts_end(parts, rv);
}

/* The session taken, with its operation and that one's session of the token, or the reason why not. */
static CK_RV take(struct sr_work *work, const struct sr_part_request *r, struct sr_client_session **session,
                  struct sr_parts **parts)
{
    if (!sr_operation_has_parts(r->operation))
        return CKR_FUNCTION_NOT_SUPPORTED;
    CK_RV rv = sr_client_take(work->client, r->session, session);
    if (rv != CKR_OK)
        return rv;
    *parts = (*session)->parts[r->operation];
    if (*parts == NULL) {
        rv = CKR_OPERATION_NOT_INITIALIZED;
    } else if (r->cancel != 0 || (*parts)->drains) {
        return CKR_OK;
    } else {
        rv = sr_operate_use(work, *parts);
        if (rv == CKR_OK)
            rv = sr_operate_again(work, r->session, *parts);
        if (rv != CKR_OK)
            forget(*session, *parts, rv);
    }
    if (rv != CKR_OK)
        sr_client_done(work->client, *session);
    return rv;
}

CK_RV sr_handle_operate_update(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_part_request *r = request;
    struct sr_client_session *session;
    struct sr_parts *parts;

    if (r->cancel != 0)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = take(work, r, &session, &parts);
    if (rv != CKR_OK)
        return rv;
    if (parts->drains) {
        rv = CKR_OPERATION_NOT_INITIALIZED;
    } else {
        rv = update(work, parts, &r->data, r->bulk, r->flows != 0, reply);
        if (rv == CKR_OK)
            sr_loan_rest(parts->token, &parts->loan);
        else
            forget(session, parts, rv);
    }
    sr_client_done(work->client, session);
    return rv;
}

/* The end of sealed data: all of the plaintext, which may be more than one answer holds. */
static CK_RV end_withheld(struct sr_parts *parts, struct sr_in_out *x)
{
    size_t room = parts->total - parts->kept_length + sr_operation_slack(parts->operation, parts->object);
    x->out = sr_parts_room(parts, room);
    if (x->out == NULL)
        return CKR_HOST_MEMORY;
    x->length = room;
    CK_RV rv = sr_operation_final(parts->token->module.f, parts->operation, parts->loan.real, x);
    parts->kept_length += rv == CKR_OK ? x->length : room;
    parts->drains = rv == CKR_OK;
    return rv;
}

/* The next piece of what is kept. */
static CK_RV drain(struct sr_work *work, struct sr_parts *parts, struct sr_operate_reply *reply)
{
    bool bulk = work->stream.shared != NULL;
    size_t most = bulk ? SR_STREAM_HALF : SR_DATA_MAX;
    size_t left = parts->kept_length - parts->kept_at;
    size_t piece = left < most ? left : most;
    CK_RV rv = CKR_OK;

    if (bulk && piece > 0)
        memcpy(work->stream.shared + SR_STREAM_HALF, parts->kept + parts->kept_at, piece);
    else
        rv = sr_work_bytes(work, parts->kept + parts->kept_at, piece, &reply->data);
    if (bulk)
        reply->bulk = piece;
    parts->kept_at += piece;
    reply->more = left - piece;
    return rv;
}

static CK_RV end(struct sr_work *work, struct sr_parts *parts, const struct sr_part_request *r,
                 struct sr_operate_reply *reply)
{
    struct sr_in_out x = {.signature = r->signature};
    CK_RV rv;

    if (parts->withholds) {
        rv = end_withheld(parts, &x);
        sr_loan_end(parts->token, &parts->loan, rv);
        return rv == CKR_OK ? drain(work, parts, reply) : rv;
    }
    rv = sr_bulk_room(work, parts->operation, sr_operation_slack(parts->operation, parts->object), &x);
    if (rv == CKR_OK)
        rv = sr_operation_final(parts->token->module.f, parts->operation, parts->loan.real, &x);
    sr_bulk_out(work, rv, &x, reply);
    return rv;
}

CK_RV sr_handle_operate_final(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_part_request *r = request;
    struct sr_operate_reply *answer = reply;
    struct sr_client_session *session;
    struct sr_parts *parts;

    CK_RV rv = take(work, r, &session, &parts);
    if (rv != CKR_OK)
        return rv;
    enum sr_operation operation = parts->operation;
    if (r->cancel != 0) {
        forget(session, parts, CKR_FUNCTION_CANCELED);
    } else {
        rv = parts->drains ? drain(work, parts, answer) : end(work, parts, r, answer);
        if (rv != CKR_OK || answer->more == 0)
            forget(session, parts, rv);
    }
    sr_client_done(work->client, session);
    return sr_operation_verdict(operation, rv);
}
