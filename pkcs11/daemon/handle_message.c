/* Message-based functions (PKCS#11 v3.0 §5.9 and its kin): the token's own, where it has them. A context
 * holds a session of the token's from its beginning to its end: the token may count initialisation vectors in
 * it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_operate.h"
#include "daemon/recover.h"
#include "wire/message_parameter.h"

#include <string.h>

/* Room for a signature whose length is not known beforehand. */
#define SIGNATURE_ROOM 16384

/* One message at work: what the token's function is given. */
struct message {
    const struct sr_functions_3_0 *f;
    CK_SESSION_HANDLE real;
    enum sr_message_stage stage;
    struct sr_message_request r; /* iv and tag are copies, for the token to write to */
    struct sr_message_room room;
    void *parameter;
    CK_ULONG parameter_length;
    CK_BYTE *out;
    CK_ULONG out_length;
};

static bool is_for_messages(CK_ULONG operation)
{
    return operation == SR_OPERATION_ENCRYPT || operation == SR_OPERATION_DECRYPT ||
           operation == SR_OPERATION_SIGN || operation == SR_OPERATION_VERIFY;
}

static sr_message_init_fn init_of(const struct sr_functions_3_0 *f, CK_ULONG operation)
{
    switch (operation) {
    case SR_OPERATION_ENCRYPT:
        return f->C_MessageEncryptInit;
    case SR_OPERATION_DECRYPT:
        return f->C_MessageDecryptInit;
    case SR_OPERATION_SIGN:
        return f->C_MessageSignInit;
    default:
        return f->C_MessageVerifyInit;
    }
}

static sr_message_final_fn final_of(const struct sr_functions_3_0 *f, CK_ULONG operation)
{
    switch (operation) {
    case SR_OPERATION_ENCRYPT:
        return f->C_MessageEncryptFinal;
    case SR_OPERATION_DECRYPT:
        return f->C_MessageDecryptFinal;
    case SR_OPERATION_SIGN:
        return f->C_MessageSignFinal;
    default:
        return f->C_MessageVerifyFinal;
    }
}

/* The session with its context for OPERATION taken, or the reason why not. */
static CK_RV take(struct sr_work *work, CK_SESSION_HANDLE handle, CK_ULONG operation,
                  struct sr_client_session **session, struct sr_parts **context)
{
    *context = NULL;
    if (!is_for_messages(operation))
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = sr_client_take(work->client, handle, session);
    if (rv == CKR_OK)
        *context = (*session)->messages[operation];
    return rv;
}

static void end_context(struct sr_client_session *session, struct sr_parts *context, CK_RV rv)
{
    session->messages[context->operation] = NULL;
    sr_parts_end(context, rv);
}

/* Begins in a session that is lent for as long as the context lasts. */
static CK_RV begin(struct sr_token *token, struct sr_token_object *object,
                   const struct sr_message_init_request *r, struct sr_parts **context)
{
    CK_MECHANISM mechanism = r->mechanism.m;
    CK_OBJECT_HANDLE key;
    CK_RV rv;

    struct sr_parts *made = sr_parts_new(token, r->operation, mechanism.mechanism, object, &rv);
    if (made == NULL)
        return rv;
    rv = sr_object_key(object, made->loan.real, &key);
    if (rv == CKR_OK)
        rv = init_of(token->module.f3, r->operation)(made->loan.real, &mechanism, key);
    if (rv != CKR_OK) {
        sr_parts_end(made, rv);
        return rv;
    }
    sr_loan_rest(token, &made->loan);
    *context = made;
    return CKR_OK;
}

CK_RV sr_handle_message_init(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_message_init_request *r = request;
    struct sr_client_session *session;
    struct sr_token_object *object = NULL;
    struct sr_parts *context;
    (void)reply;

    CK_RV rv = take(work, r->session, r->operation, &session, &context);
    if (rv != CKR_OK)
        return rv;
    struct sr_token *token = &work->daemon->tokens[session->token];
    if (context != NULL) {
        rv = CKR_OPERATION_ACTIVE;
    } else if (token->module.f3 == NULL) {
        rv = sr_explain(work, CKR_FUNCTION_NOT_SUPPORTED, "the token \"%s\" has no message-based functions",
                        token->config->label);
    } else {
        object = sr_client_object(work->client, token, r->key);
        rv = object != NULL ? sr_permit(work, r->operation, object, r->mechanism.m.mechanism)
                            : CKR_KEY_HANDLE_INVALID;
        if (rv == CKR_OK)
            rv = begin(token, object, r, &session->messages[r->operation]);
    }
    sr_object_release(object);
    sr_client_done(work->client, session);
    return rv;
}

/* A copy in scratch memory, at least of one byte: tokens refuse null pointers. */
static bool copy(struct sr_work *work, struct sr_bytes *bytes, size_t length)
{
    unsigned char *room = sr_scratch_get(&work->scratch, length > 0 ? length : 1);
    if (room == NULL)
        return false;
    memset(room, 0, length);
    if (bytes->length > 0)
        memcpy(room, bytes->data, bytes->length < length ? bytes->length : length);
    *bytes = (struct sr_bytes){length, room};
    return true;
}

static CK_RV prepare(struct sr_work *work, const struct sr_parts *context, const struct sr_message_request *r,
                     struct message *m)
{
    size_t tag = sr_message_tag_size(context->mechanism, r->tag_length);
    bool gives_tag = r->operation == SR_OPERATION_ENCRYPT;

    *m = (struct message){.f = context->token->module.f3, .real = context->loan.real, .r = *r};
    m->stage = (enum sr_message_stage)r->stage;
    m->out_length = r->operation == SR_OPERATION_SIGN ? SIGNATURE_ROOM : r->data.length;
    if (r->stage > SR_MESSAGE_LAST || tag > SIGNATURE_ROOM || (!gives_tag && r->tag.length != tag))
        return CKR_ARGUMENTS_BAD;
    m->out = sr_scratch_get(&work->scratch, m->out_length + 1);
    if (m->out == NULL || !copy(work, &m->r.iv, r->iv.length) || !copy(work, &m->r.tag, tag))
        return CKR_HOST_MEMORY;
    return sr_message_parameter_make(context->mechanism, &m->r, &m->room, &m->parameter,
                                     &m->parameter_length);
}

static CK_RV run_cipher(struct message *m, sr_message_cipher_fn whole, sr_message_cipher_begin_fn first,
                        sr_message_cipher_next_fn next)
{
    struct sr_message_request *r = &m->r;
    CK_BYTE *aad = r->aad.length > 0 ? r->aad.data : NULL;
    CK_FLAGS flags = m->stage == SR_MESSAGE_LAST ? CKF_END_OF_MESSAGE : 0;

    if (m->stage == SR_MESSAGE_WHOLE)
        return whole(m->real, m->parameter, m->parameter_length, aad, r->aad.length, r->data.data,
                     r->data.length, m->out, &m->out_length);
    if (m->stage == SR_MESSAGE_BEGIN) {
        m->out_length = 0;
        return first(m->real, m->parameter, m->parameter_length, aad, r->aad.length);
    }
    return next(m->real, m->parameter, m->parameter_length, r->data.data, r->data.length, m->out,
                &m->out_length, flags);
}

static CK_RV run_sign(struct message *m)
{
    struct sr_message_request *r = &m->r;
    bool last = m->stage == SR_MESSAGE_LAST;

    if (m->stage == SR_MESSAGE_WHOLE)
        return m->f->C_SignMessage(m->real, m->parameter, m->parameter_length, r->data.data, r->data.length,
                                   m->out, &m->out_length);
    if (m->stage == SR_MESSAGE_BEGIN || !last)
        m->out_length = 0;
    if (m->stage == SR_MESSAGE_BEGIN)
        return m->f->C_SignMessageBegin(m->real, m->parameter, m->parameter_length);
    return m->f->C_SignMessageNext(m->real, m->parameter, m->parameter_length, r->data.data, r->data.length,
                                   last ? m->out : NULL, last ? &m->out_length : NULL);
}

static CK_RV run_verify(struct message *m)
{
    struct sr_message_request *r = &m->r;
    bool last = m->stage == SR_MESSAGE_LAST;

    m->out_length = 0;
    if (m->stage == SR_MESSAGE_WHOLE)
        return m->f->C_VerifyMessage(m->real, m->parameter, m->parameter_length, r->data.data, r->data.length,
                                     r->signature.data, r->signature.length);
    if (m->stage == SR_MESSAGE_BEGIN)
        return m->f->C_VerifyMessageBegin(m->real, m->parameter, m->parameter_length);
    return m->f->C_VerifyMessageNext(m->real, m->parameter, m->parameter_length, r->data.data, r->data.length,
                                     last ? r->signature.data : NULL, last ? r->signature.length : 0);
}

static CK_RV run(struct message *m)
{
    const struct sr_functions_3_0 *f = m->f;
    switch (m->r.operation) {
    case SR_OPERATION_ENCRYPT:
        return run_cipher(m, f->C_EncryptMessage, f->C_EncryptMessageBegin, f->C_EncryptMessageNext);
    case SR_OPERATION_DECRYPT:
        return run_cipher(m, f->C_DecryptMessage, f->C_DecryptMessageBegin, f->C_DecryptMessageNext);
    case SR_OPERATION_SIGN:
        return run_sign(m);
    default:
        return run_verify(m);
    }
}

CK_RV sr_handle_message(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_message_request *r = request;
    struct sr_message_reply *answer = reply;
    struct sr_client_session *session;
    struct sr_parts *context;
    struct message m;

    CK_RV rv = take(work, r->session, r->operation, &session, &context);
    if (rv != CKR_OK)
        return rv;
    rv = context != NULL ? sr_permit(work, r->operation, context->object, context->mechanism)
                         : CKR_OPERATION_NOT_INITIALIZED;
    if (rv == CKR_OK)
        rv = prepare(work, context, r, &m);
    if (rv != CKR_OK)
        goto out;
    rv = sr_operate_use(work, context);
    if (rv != CKR_OK) {
        end_context(session, context, CKR_OK);
        goto out;
    }
    rv = run(&m);
    if (rv != CKR_OK)
        sr_recover_check(context->token, rv);
    sr_loan_rest(context->token, &context->loan);
    if (rv == CKR_OK) {
        answer->data = (struct sr_bytes){m.out_length, m.out};
        answer->iv = m.r.iv;
        if (r->operation == SR_OPERATION_ENCRYPT)
            answer->tag = m.r.tag;
    }
out:
    sr_client_done(work->client, session);
    return rv;
}

CK_RV sr_handle_message_final(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_message_final_request *r = request;
    struct sr_client_session *session;
    struct sr_parts *context;
    (void)reply;

    CK_RV rv = take(work, r->session, r->operation, &session, &context);
    if (rv != CKR_OK)
        return rv;
    if (context == NULL) {
        rv = CKR_OPERATION_NOT_INITIALIZED;
    } else if (sr_loan_use(context->token, &context->loan) == CKR_OK) {
        rv = final_of(context->token->module.f3, r->operation)(context->loan.real);
        end_context(session, context, rv);
    } else {
        end_context(session, context, CKR_OK); /* it was ended for others; there is nothing left to end */
    }
    sr_client_done(work->client, session);
    return rv;
}
