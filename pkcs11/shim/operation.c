/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/operation.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/operation_wire.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of parts. */
#define GATHER_MAX ((size_t)32 << 10)
#define GATHER_SEALED ((size_t)256 << 10)
#define PART_SLACK 32 /* two blocks: what a cipher nobody here knows may give beyond its input */

bool sr_store_add(struct sr_store *store, const void *data, size_t n)
{
    if (n > SIZE_MAX / 4 - store->length)
        return false;
    if (n > store->size - store->length) {
        size_t size = store->size > 0 ? store->size : 4096;
        while (size < store->length + n)
            size *= 2;
        /* Not realloc: it would leave a copy behind that is never cleansed. */
        unsigned char *grown = malloc(size);
        if (grown == NULL)
            return false;
        if (store->length > 0) {
            memcpy(grown, store->data, store->length);
            explicit_bzero(store->data, store->length);
        }
        free(store->data);
        store->data = grown;
        store->size = size;
    }
    if (n > 0)
        memcpy(store->data + store->length, data, n);
    store->length += n;
    return true;
}

void sr_store_free(struct sr_store *store)
{
    if (store->length > 0)
        explicit_bzero(store->data, store->length);
    free(store->data);
    *store = (struct sr_store){0};
}

struct sr_op *sr_op_record(struct sr_app_session *s, enum sr_operation kind)
{
    if (s->ops[kind] == NULL) {
        struct sr_op *op = calloc(1, sizeof(*op));
        if (op == NULL) {
            sr_say("out of memory for an operation");
            return NULL;
        }
        op->kind = kind;
        s->ops[kind] = op;
    }
    return s->ops[kind];
}

void sr_op_clear(struct sr_op *op)
{
    sr_store_free(&op->parts);
    sr_store_free(&op->kept);
    sr_store_free(&op->input);
    op->before = 0;
    op->streamed = false;
    op->state = SR_OP_NONE;
}

void sr_ops_free(struct sr_app_session *s)
{
    for (size_t i = 0; i < sizeof(s->ops) / sizeof(s->ops[0]); i++) {
        struct sr_op *op = s->ops[i];
        if (op == NULL)
            continue;
        s->ops[i] = NULL;
        sr_op_clear(op);
        sr_buf_free(&op->parameter);
        free(op);
    }
}

CK_RV sr_op_of(struct sr_app_session *s, enum sr_operation kind, struct sr_op **op)
{
    *op = s->ops[kind];
    return *op != NULL && (*op)->state != SR_OP_NONE ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED;
}

CK_RV sr_op_settle(struct sr_app_session *s, struct sr_op *op, CK_RV rv)
{
    if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL)
        return rv;
    if (op->streamed)
        sr_op_send_cancel(s, op);
    sr_op_clear(op);
    return rv;
}

static bool is_cipher(const struct sr_op *op)
{
    return op->kind == SR_OPERATION_ENCRYPT || op->kind == SR_OPERATION_DECRYPT;
}

/* Does an update give nothing, so that its input may wait? */
static bool gathers(const struct sr_op *op)
{
    return !is_cipher(op) ||
           (op->kind == SR_OPERATION_DECRYPT && sr_mechanism_seals(op->mechanism.m.mechanism));
}

/* Can the call be answered from the length alone? *RV is the answer. */
static bool answers(struct sr_length known, const struct sr_op_call *call, CK_RV *rv)
{
    if (call->length == NULL) /* there is no output */
        return false;
    if (call->out == NULL && known.kind != SR_LENGTH_UNKNOWN) {
        *call->length = known.bytes;
        *rv = CKR_OK;
        return true;
    }
    if (call->out != NULL && known.kind == SR_LENGTH_EXACT && *call->length < known.bytes) {
        *call->length = known.bytes;
        *rv = CKR_BUFFER_TOO_SMALL;
        return true;
    }
    return false;
}

/* Output that comes early goes to the application only where it does not overwrite input that is still to be
 * sent: many programs encrypt in place. */
static struct sr_sink sink_of(struct sr_op *op, const struct sr_op_call *call)
{
    bool overwrites = call->out > call->in && call->out < call->in + call->n;
    return (struct sr_sink){.out = call->out,
                            .room = call->length != NULL && call->out != NULL ? *call->length : 0,
                            .spilled = call->length != NULL && (call->out == NULL || overwrites),
                            .store = &op->kept};
}

/* Hands out what was kept, where there is room for it. */
static CK_RV fetch(struct sr_op *op, const struct sr_op_call *call)
{
    bool fits = call->out != NULL && *call->length >= op->kept.length;

    *call->length = op->kept.length;
    if (!fits)
        return call->out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    if (op->kept.length > 0)
        memcpy(call->out, op->kept.data, op->kept.length);
    if (op->state != SR_OP_PART_KEPT) {
        sr_op_clear(op);
        return CKR_OK;
    }
    sr_store_free(&op->kept);
    sr_store_free(&op->input);
    op->state = SR_OP_PARTS;
    return CKR_OK;
}

/* The output is with the application, or (KEPT) it is kept until there is room for it. */
static CK_RV deliver(struct sr_op *op, const struct sr_sink *sink, const struct sr_op_call *call,
                     enum sr_op_state kept)
{
    if (sink->spilled) {
        op->state = kept;
        return fetch(op, call);
    }
    if (call->length != NULL)
        *call->length = sink->length;
    if (kept == SR_OP_PART_KEPT)
        op->state = SR_OP_PARTS;
    else
        sr_op_clear(op);
    return CKR_OK;
}

static bool same_input(const struct sr_op *op, const struct sr_op_call *call)
{
    return op->input.length == call->n && (call->n == 0 || memcmp(op->input.data, call->in, call->n) == 0);
}

/* Remembers what a kept result is the result of: it is nobody else's. */
static CK_RV remember_input(struct sr_op *op, const struct sr_op_call *call)
{
    if (sr_store_add(&op->input, call->in, call->n))
        return CKR_OK;
    sr_say("out of memory for a result that is to be fetched");
    return CKR_HOST_MEMORY;
}

static struct sr_bytes signature_of(const struct sr_op_call *call)
{
    return (struct sr_bytes){call->signature_length, call->signature};
}

/* Tokens have no parts for CKM_EDDSA, so its messages are gathered here, and sent as one. */
static bool is_too_long(const struct sr_op *op, CK_ULONG n)
{
    if (op->mechanism.m.mechanism != CKM_EDDSA || n <= SR_BULK_MAX - op->before)
        return false;
    sr_say("a message of more than %zu MiB, for which CKM_EDDSA has no parts", SR_BULK_MAX >> 20);
    return true;
}

static CK_RV whole(struct sr_app_session *s, struct sr_op *op, const struct sr_op_call *call)
{
    struct sr_bytes signature = signature_of(call);
    CK_RV rv;

    if (op->state == SR_OP_WHOLE_KEPT) {
        if (same_input(op, call))
            return fetch(op, call);
        sr_store_free(&op->kept);
        sr_store_free(&op->input);
        op->state = SR_OP_READY;
    }
    if (answers(sr_length_whole(op->kind, &op->mechanism.m, op->size, call->n), call, &rv))
        return rv;
    if (is_too_long(op, call->n))
        return CKR_DATA_LEN_RANGE;
    struct sr_sink sink = sink_of(op, call);
    if (call->n <= SR_BULK_MAX) {
        rv = sr_op_send_whole(s, op, call->in, call->n, &signature, &sink);
    } else {
        rv = sr_op_send_part(s, op, call->in, call->n, &sink);
        if (rv == CKR_OK)
            rv = sr_op_send_end(s, op, &signature, &sink);
    }
    if (rv == CKR_OK && sink.spilled)
        rv = remember_input(op, call);
    return rv == CKR_OK ? deliver(op, &sink, call, SR_OP_WHOLE_KEPT) : rv;
}

/* Hands what was gathered to the daemon. */
static CK_RV send_gathered(struct sr_app_session *s, struct sr_op *op)
{
    struct sr_sink nothing = {.store = &op->kept};
    CK_RV rv = sr_op_send_part(s, op, op->parts.data, op->parts.length, &nothing);
    if (op->parts.length > 0)
        explicit_bzero(op->parts.data, op->parts.length);
    op->parts.length = 0;
    return rv;
}

CK_RV sr_op_flush(struct sr_app_session *s, struct sr_op *op)
{
    op->state = SR_OP_PARTS;
    return op->streamed && op->parts.length == 0 ? CKR_OK : send_gathered(s, op);
}

static size_t gather_max(const struct sr_op *op)
{
    if (op->mechanism.m.mechanism == CKM_EDDSA)
        return SR_BULK_MAX;
    return is_cipher(op) ? GATHER_SEALED : GATHER_MAX;
}

static CK_RV gather(struct sr_app_session *s, struct sr_op *op, const struct sr_op_call *call)
{
    struct sr_sink nothing = {.store = &op->kept};
    size_t most = gather_max(op);
    CK_RV rv = CKR_OK;

    op->state = SR_OP_PARTS;
    if (call->length != NULL)
        *call->length = 0;
    if (is_too_long(op, call->n))
        return CKR_DATA_LEN_RANGE;
    if (call->n > most - op->parts.length && op->parts.length > 0)
        rv = send_gathered(s, op);
    if (rv == CKR_OK && call->n > most) {
        rv = sr_op_send_part(s, op, call->in, call->n, &nothing);
    } else if (rv == CKR_OK && !sr_store_add(&op->parts, call->in, call->n)) {
        sr_say("out of memory for the data");
        rv = CKR_HOST_MEMORY;
    }
    op->before += call->n;
    return rv;
}

/* A part whose output was kept comes again, or (an error) another one. */
static CK_RV fetch_part(struct sr_op *op, const struct sr_op_call *call)
{
    if (same_input(op, call))
        return fetch(op, call);
    sr_say("the output of the last part was not fetched: its buffer was too small, and this is another part");
    return CKR_FUNCTION_FAILED;
}

CK_RV sr_op_part(struct sr_app_session *s, struct sr_op *op, const struct sr_op_call *call)
{
    CK_RV rv;

    if (op->state == SR_OP_PART_KEPT)
        return fetch_part(op, call);
    struct sr_length known = sr_length_part(op->kind, &op->mechanism.m, op->before, call->n);
    if (call->out == NULL && known.kind == SR_LENGTH_UNKNOWN)
        known = (struct sr_length){SR_LENGTH_MOST, call->n + PART_SLACK};
    if (gathers(op) && (call->length == NULL || call->out != NULL))
        return gather(s, op, call);
    if (answers(known, call, &rv))
        return rv;
    struct sr_sink sink = sink_of(op, call);
    rv = call->n > 0 ? sr_op_send_part(s, op, call->in, call->n, &sink) : CKR_OK;
    op->before += call->n;
    if (rv == CKR_OK && sink.spilled)
        rv = remember_input(op, call);
    return rv == CKR_OK ? deliver(op, &sink, call, SR_OP_PART_KEPT) : rv;
}

static CK_RV final(struct sr_app_session *s, struct sr_op *op, const struct sr_op_call *call)
{
    struct sr_bytes signature = signature_of(call);
    CK_RV rv;

    if (op->state == SR_OP_END_KEPT)
        return fetch(op, call);
    if (answers(sr_length_end(op->kind, &op->mechanism.m, op->size, op->before), call, &rv))
        return rv;
    struct sr_sink sink = sink_of(op, call);
    if (!op->streamed) {
        rv = sr_op_send_whole(s, op, op->parts.data, op->parts.length, &signature, &sink);
    } else {
        rv = sr_op_flush(s, op);
        if (rv == CKR_OK)
            rv = sr_op_send_end(s, op, &signature, &sink);
    }
    return rv == CKR_OK ? deliver(op, &sink, call, SR_OP_END_KEPT) : rv;
}

/* Which calls fit which states; another one is CKR_OPERATION_ACTIVE and changes nothing: it is C_xxxFinal
 * that ends an operation in parts. */
#define STATES(a, b, c) (1U << (a) | 1U << (b) | 1U << (c))
#define WHOLE_STATES STATES(SR_OP_READY, SR_OP_WHOLE_KEPT, SR_OP_READY)
#define PART_STATES STATES(SR_OP_READY, SR_OP_PARTS, SR_OP_PART_KEPT)
#define FINAL_STATES STATES(SR_OP_READY, SR_OP_PARTS, SR_OP_END_KEPT)

static bool sound(const struct sr_op *op, const struct sr_op_call *call, bool gives)
{
    bool verifies = op->kind == SR_OPERATION_VERIFY;
    return (call->in != NULL || call->n == 0) && (!gives || verifies || call->length != NULL) &&
           (call->signature != NULL || call->signature_length == 0);
}

typedef CK_RV (*op_step)(struct sr_app_session *, struct sr_op *, const struct sr_op_call *);

static CK_RV take_step(CK_SESSION_HANDLE session, enum sr_operation kind, const struct sr_op_call *call,
                       op_step step, unsigned states, bool gives)
{
    struct sr_app_session *s;
    struct sr_op *op;

    CK_RV rv = sr_enter();
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = sr_op_of(s, kind, &op);
    if (rv == CKR_OK && (states & 1U << op->state) == 0)
        rv = CKR_OPERATION_ACTIVE;
    else if (rv == CKR_OK)
        rv = sr_op_settle(s, op, sound(op, call, gives) ? step(s, op, call) : CKR_ARGUMENTS_BAD);
    sr_session_release(s);
    return rv;
}

CK_RV sr_op_whole(CK_SESSION_HANDLE session, enum sr_operation kind, const struct sr_op_call *call)
{
    return take_step(session, kind, call, whole, WHOLE_STATES, true);
}

CK_RV sr_op_update(CK_SESSION_HANDLE session, enum sr_operation kind, const struct sr_op_call *call)
{
    bool gives = kind == SR_OPERATION_ENCRYPT || kind == SR_OPERATION_DECRYPT;
    return take_step(session, kind, call, sr_op_part, PART_STATES, gives);
}

CK_RV sr_op_final(CK_SESSION_HANDLE session, enum sr_operation kind, const struct sr_op_call *call)
{
    return take_step(session, kind, call, final, FINAL_STATES, true);
}
