/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit_key_call.h"

#include "cryptoki/names.h"
#include "daemon/audit.h"
#include "daemon/audit_parts.h"

#include <stdio.h>
#include <string.h>

/* What a line says besides who; the objects are held until it is written. */
struct told {
    enum sr_operation operation;
    CK_MECHANISM_TYPE mechanism;
    struct sr_token_object *key;
    struct sr_token_object *object;
    bool over;        /* it has its line: this call only fetches the rest of its output */
    long long before; /* microseconds of the operation's calls before this one */
};

static enum sr_operation known(CK_ULONG operation)
{
    return sr_operation_name(operation) != NULL ? (enum sr_operation)operation : SR_OPERATION_NONE;
}

/* What the request is for, whatever became of it. */
static enum sr_operation asked_for(enum sr_call call, const void *request)
{
    const struct sr_operate_request *operate = request;
    const struct sr_part_request *part = request;
    const struct sr_message_init_request *context = request;
    const struct sr_message_request *message = request;

    switch (call) {
    case SR_CALL_MESSAGE_INIT:
        return known(context->operation);
    case SR_CALL_MESSAGE:
        return known(message->operation);
    case SR_CALL_OPERATE:
    case SR_CALL_OPERATE_INIT:
        return known(operate->operation);
    case SR_CALL_OPERATE_UPDATE:
    case SR_CALL_OPERATE_FINAL:
        return known(part->operation);
    case SR_CALL_DIGEST_KEY:
        return SR_OPERATION_DIGEST;
    case SR_CALL_GENERATE_KEY:
    case SR_CALL_GENERATE_KEY_PAIR:
        return SR_OPERATION_GENERATE;
    case SR_CALL_CREATE:
        return SR_OPERATION_CREATE;
    case SR_CALL_COPY:
        return SR_OPERATION_COPY;
    case SR_CALL_CHANGE:
        return SR_OPERATION_CHANGE;
    case SR_CALL_DESTROY:
        return SR_OPERATION_DESTROY;
    case SR_CALL_WRAP:
        return SR_OPERATION_WRAP;
    case SR_CALL_UNWRAP:
        return SR_OPERATION_UNWRAP;
    case SR_CALL_DERIVE:
        return SR_OPERATION_DERIVE;
    case SR_CALL_FIND:
    case SR_CALL_FIND_MORE:
    case SR_CALL_RESTORE:
        return SR_OPERATION_FIND;
    case SR_CALL_READ_ATTRIBUTES:
    case SR_CALL_SIZE:
        return SR_OPERATION_READ;
    case SR_CALL_RANDOM:
        return SR_OPERATION_RANDOM;
    case SR_CALL_SEED:
        return SR_OPERATION_SEED;
    default:
        return SR_OPERATION_NONE;
    }
}

static CK_MECHANISM_TYPE mechanism_of(enum sr_call call, const void *request)
{
    const struct sr_operate_request *operate = request;
    const struct sr_generate_request *pair = request;
    const struct sr_make_request *make = request;
    const struct sr_wrap_request *wrap = request;

    switch (call) {
    case SR_CALL_OPERATE:
    case SR_CALL_OPERATE_INIT:
        return operate->mechanism.m.mechanism;
    case SR_CALL_GENERATE_KEY_PAIR:
        return pair->mechanism.m.mechanism;
    case SR_CALL_GENERATE_KEY:
    case SR_CALL_UNWRAP:
    case SR_CALL_DERIVE:
        return make->mechanism.m.mechanism;
    case SR_CALL_WRAP:
        return wrap->mechanism.m.mechanism;
    default:
        return CK_UNAVAILABLE_INFORMATION;
    }
}

/* An operation with a key, as against looking for one or doing without. */
static bool is_key_operation(enum sr_operation operation)
{
    return operation >= SR_OPERATION_ENCRYPT && operation <= SR_OPERATION_DESTROY &&
           operation != SR_OPERATION_DIGEST;
}

/* The administration of the token itself. */
static bool administers(enum sr_call call)
{
    return call == SR_CALL_INIT_TOKEN || call == SR_CALL_INIT_PIN || call == SR_CALL_SET_PIN;
}

/* The client's object behind a handle of the request, with a reference; NULL. */
static struct sr_token_object *object_of(struct sr_work *work, CK_SESSION_HANDLE session,
                                         CK_OBJECT_HANDLE handle)
{
    struct sr_session_view view;
    struct sr_token *token;

    if (work->client == NULL || handle == 0 || sr_work_session(work, session, &view, &token) != CKR_OK)
        return NULL;
    return sr_client_object(work->client, token, handle);
}

CK_RV sr_audit_before(struct sr_work *work, enum sr_call call, const void *request)
{
    const struct sr_make_request *make = request;
    struct sr_why why;

    /* The later parts of an operation end it, however the log is. */
    bool later = call == SR_CALL_OPERATE_UPDATE || call == SR_CALL_OPERATE_FINAL;
    if (!later && (is_key_operation(asked_for(call, request)) || administers(call)) &&
        !sr_audit_ready(work->daemon->audit, &why))
        return sr_explain(work, CKR_DEVICE_ERROR, "strongroomd refuses: %s", why.text);
    if (call == SR_CALL_CHANGE)
        work->used.before = object_of(work, make->session, make->object);
    return CKR_OK;
}

static bool wanted(const struct sr_work *work, const struct sr_audited *audited, enum sr_operation operation)
{
    if (administers(audited->call))
        return true;
    if (audited->call == SR_CALL_LOGIN)
        return audited->rv != CKR_OK;
    if (operation == SR_OPERATION_NONE)
        return false;
    if (work->used.rule[0] != '\0')
        return true;
    if (operation == SR_OPERATION_DIGEST)
        return audited->call == SR_CALL_DIGEST_KEY;
    if (!is_key_operation(operation))
        return false;
    const struct sr_message_request *message = audited->request;
    bool begins = audited->call == SR_CALL_OPERATE_INIT || audited->call == SR_CALL_OPERATE_UPDATE ||
                  audited->call == SR_CALL_MESSAGE_INIT ||
                  (audited->call == SR_CALL_MESSAGE &&
                   (message->stage == SR_MESSAGE_BEGIN || message->stage == SR_MESSAGE_NEXT));
    if (begins)
        return audited->rv != CKR_OK;
    /* PKCS#11 v3.0 §5.2: the operation is still under way. */
    return audited->call != SR_CALL_OPERATE_FINAL || audited->rv != CKR_BUFFER_TOO_SMALL;
}

/* What a call has made, by the last card of its answer: of a pair that is the private key. */
static struct sr_token_object *made_by(struct sr_work *work, const struct sr_audited *audited,
                                       CK_SESSION_HANDLE session)
{
    const struct sr_find_reply *reply = audited->reply;
    struct sr_card card = {0};

    if (audited->rv != CKR_OK || reply->cards.length == 0)
        return NULL;
    struct sr_buf cards = sr_buf_over(reply->cards.data, reply->cards.length);
    for (CK_ULONG i = 0; i < reply->count; i++)
        if (!sr_decode(&cards, sr_card_fields, &card))
            return NULL;
    return object_of(work, session, card.handle);
}

/* The second object of a call for two. */
static void tell_second(struct sr_work *work, const struct sr_audited *audited, struct told *told)
{
    const struct sr_make_request *make = audited->request;
    const struct sr_wrap_request *wrap = audited->request;

    switch (audited->call) {
    case SR_CALL_CHANGE:
        sr_object_release(told->key);
        told->key = work->used.before;
        work->used.before = NULL;
        told->object = made_by(work, audited, make->session);
        break;
    case SR_CALL_COPY:
    case SR_CALL_UNWRAP:
    case SR_CALL_DERIVE:
        sr_object_release(told->key);
        told->key = object_of(work, make->session, make->object);
        told->object = made_by(work, audited, make->session);
        break;
    case SR_CALL_WRAP:
        sr_object_release(told->key);
        told->key = object_of(work, wrap->session, wrap->object);
        told->object = object_of(work, wrap->session, wrap->key);
        break;
    case SR_CALL_GENERATE_KEY:
    case SR_CALL_CREATE:
        if (told->key == NULL)
            told->key = made_by(work, audited, make->session);
        break;
    default:
        break;
    }
}

/* Follows operations in parts. What ended gives TOLD its key and mechanism. */
static void follow_parts(struct sr_work *work, const struct sr_audited *audited, struct told *told,
                         long long us)
{
    const struct sr_operate_request *operate = audited->request;
    const struct sr_part_request *next = audited->request;

    if (work->client == NULL || !is_key_operation(told->operation))
        return;
    if (audited->call == SR_CALL_OPERATE_INIT) {
        const struct sr_audit_part part = {.session = operate->session,
                                           .operation = told->operation,
                                           .mechanism = told->mechanism,
                                           .object = told->key,
                                           .us = us};
        if (audited->rv == CKR_OK)
            sr_audit_parts_begin(work->client, &part);
        return;
    }
    bool last = audited->call == SR_CALL_OPERATE_FINAL;
    if (!last && audited->call != SR_CALL_OPERATE_UPDATE)
        return;
    /* Another thread's call has the session: that one goes on. */
    if (audited->rv == CKR_OPERATION_ACTIVE)
        return;
    if (last ? audited->rv == CKR_BUFFER_TOO_SMALL : audited->rv == CKR_OK) {
        sr_audit_parts_spent(work->client, next->session, told->operation, us);
        return;
    }
    struct sr_audit_part *part = sr_audit_parts_take(work->client, next->session, told->operation);
    /* A decryption of sealed data may have more output than one answer holds. */
    told->over = part == NULL && last && audited->rv == CKR_OK && told->operation == SR_OPERATION_DECRYPT;
    if (part != NULL) {
        told->before = part->us;
        if (told->key == NULL) {
            told->key = part->object;
            part->object = NULL;
        }
        if (told->mechanism == CK_UNAVAILABLE_INFORMATION)
            told->mechanism = part->mechanism;
    }
    sr_audit_part_free(part);
}

static const char *mechanism_text(CK_MECHANISM_TYPE type, char number[24])
{
    if (type == CK_UNAVAILABLE_INFORMATION)
        return NULL;
    const char *name = sr_mechanism_name(type);
    if (strncmp(name, "CKM_", 4) == 0)
        return name;
    (void)snprintf(number, 24, "0x%lx", type);
    return number;
}

static const char *result_text(CK_RV rv, char number[24])
{
    const char *name = sr_rv_name(rv);
    if (strcmp(name, "CKR_VENDOR") != 0 && strcmp(name, "CKR_UNKNOWN") != 0)
        return name;
    (void)snprintf(number, 24, "0x%lx", rv);
    return number;
}

static const char *given(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static bool write_line(struct sr_work *work, const struct told *told, const char *operation,
                       const char *result, long long us, struct sr_why *why)
{
    char mechanism[24];
    const struct sr_audit_entry entry = {
        .uid = work->peer.uid,
        .pid = work->peer.pid,
        .client = work->client != NULL ? work->client->name : NULL,
        .operation = operation,
        .uses_key = true,
        .key = told->key != NULL ? told->key->uri : NULL,
        .mechanism = mechanism_text(told->mechanism, mechanism),
        .result = result,
        .us = us,
        .object = told->object != NULL ? told->object->uri : NULL,
        .rule = given(work->used.rule),
        .template = given(work->used.strengthened),
    };
    return sr_audit_write(work->daemon->audit, &entry, why);
}

/* The line of an operation in parts that nobody ended. That it cannot be written stops nothing. */
static void tell_abandoned(struct sr_work *work, struct sr_audit_part *part)
{
    const struct told told = {.mechanism = part->mechanism, .key = part->object};
    struct sr_why why;
    (void)write_line(work, &told, sr_operation_name(part->operation), "abandoned", part->us, &why);
    sr_audit_part_free(part);
}

void sr_audit_abandoned(struct sr_work *work, CK_SESSION_HANDLE session)
{
    struct sr_audit_part *part;
    if (work->daemon->audit == NULL)
        return;
    while ((part = sr_audit_parts_take(work->client, session, SR_OPERATION_NONE)) != NULL)
        tell_abandoned(work, part);
}

/* Did the client give the operation up? */
static bool gives_up(const struct sr_audited *audited)
{
    const struct sr_part_request *part = audited->request;
    return audited->call == SR_CALL_OPERATE_FINAL && audited->rv == CKR_OK && part->cancel != 0;
}

CK_RV sr_audit_key_call(struct sr_work *work, const struct sr_audited *audited)
{
    const struct sr_session *closed = audited->request;
    const struct sr_used *used = &work->used;
    long long us = sr_audit_clock() - audited->began;
    struct told told = {.operation = used->operation, .mechanism = used->mechanism, .key = used->object};
    CK_RV rv = audited->rv;
    struct sr_why why;
    char number[24];

    if (audited->call == SR_CALL_CLOSE_SESSION && rv == CKR_OK)
        sr_audit_abandoned(work, closed->session);
    if (told.operation == SR_OPERATION_NONE)
        told.operation = asked_for(audited->call, audited->request);
    if (told.mechanism == CK_UNAVAILABLE_INFORMATION)
        told.mechanism = mechanism_of(audited->call, audited->request);
    if (told.key != NULL)
        atomic_fetch_add(&told.key->refs, 1);
    follow_parts(work, audited, &told, us);
    if (!told.over && wanted(work, audited, told.operation)) {
        const char *name = sr_operation_name(told.operation);
        tell_second(work, audited, &told);
        const char *result = gives_up(audited) ? "abandoned" : result_text(rv, number);
        if (!write_line(work, &told, name != NULL ? name : work->call, result, us + told.before, &why) &&
            rv == CKR_OK)
            rv = sr_explain(work, CKR_DEVICE_ERROR, "%s", why.text);
    }
    sr_object_release(told.key);
    sr_object_release(told.object);
    sr_object_release(work->used.before);
    work->used.before = NULL;
    return rv;
}
