/* Signing: whole messages in one call, long ones in parts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/permit.h"

/* Room for a signature whose length is not known beforehand: RSA keys of 16384 bits. */
#define SIGNATURE_ROOM 2048

/* Tokens refuse a null pointer, also for an empty message. */
static CK_BYTE *data_of(const struct sr_bytes *bytes)
{
    static CK_BYTE empty;
    return bytes->length > 0 ? bytes->data : &empty;
}

/* What the rules say of signing with this key, and the key itself. */
static CK_RV find_key(struct sr_work *work, const struct sr_operate_request *r, struct sr_token *token,
                      struct sr_token_object **object)
{
    struct sr_token_object *o = sr_client_object(work->client, token, r->key);
    if (o == NULL)
        return CKR_KEY_HANDLE_INVALID;
    if (r->operation != SR_OPERATION_SIGN || r->bulk != 0) {
        sr_object_release(o);
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
    CK_RV rv = sr_permit(work, SR_OPERATION_SIGN, o, r->mechanism.m.mechanism);
    if (rv != CKR_OK)
        sr_object_release(o);
    else
        *object = o;
    return rv;
}

/* C_SignInit on the borrowed session, with the key's session copy, or the original where the copy is lost. */
static CK_RV sign_init(struct sr_token_object *object, const struct sr_operate_request *r,
                       CK_SESSION_HANDLE real, CK_OBJECT_HANDLE *key)
{
    CK_FUNCTION_LIST *f = object->token->module.f;
    CK_MECHANISM mechanism = r->mechanism.m;

    CK_RV rv = sr_object_key(object, real, key);
    if (rv != CKR_OK)
        return rv;
    rv = f->C_SignInit(real, &mechanism, *key);
    if ((rv == CKR_KEY_HANDLE_INVALID || rv == CKR_OBJECT_HANDLE_INVALID) && *key != object->real) {
        sr_object_drop_copy(object);
        *key = object->real;
        rv = f->C_SignInit(real, &mechanism, *key);
    }
    return rv;
}

/* A session with the signature begun in it: the one that was begun ahead, or one that does so now. */
static CK_RV begin(struct sr_work *work, struct sr_token_object *object, const struct sr_operate_request *r,
                   CK_SESSION_HANDLE *real)
{
    CK_OBJECT_HANDLE key;

    if (sr_ahead_take(&work->ahead, object, &r->mechanism.m, real))
        return CKR_OK;
    CK_RV rv = sr_token_borrow(object->token, real);
    if (rv != CKR_OK)
        return rv;
    rv = sign_init(object, r, *real, &key);
    if (rv == CKR_OK)
        sr_ahead_expect(&work->ahead, object, &r->mechanism.m, key);
    else
        sr_token_return(object->token, *real, rv);
    return rv;
}

CK_RV sr_handle_operate(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_operate_request *r = request;
    struct sr_operate_reply *answer = reply;
    struct sr_session_view view;
    struct sr_token_object *object;
    struct sr_token *token;
    CK_SESSION_HANDLE real;

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = find_key(work, r, token, &object);
    if (rv != CKR_OK)
        return rv;
    CK_ULONG length = object->card.signature_max > 0 ? object->card.signature_max : SIGNATURE_ROOM;
    answer->data.data = sr_scratch_get(&work->scratch, length);
    rv = answer->data.data != NULL ? begin(work, object, r, &real) : CKR_HOST_MEMORY;
    if (rv != CKR_OK)
        goto out;
    rv = token->module.f->C_Sign(real, data_of(&r->data), r->data.length, answer->data.data, &length);
    answer->data.length = length;
    sr_token_return(token, real, rv);
out:
    sr_object_release(object);
    return rv;
}

CK_RV sr_handle_operate_init(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_operate_request *r = request;
    struct sr_session_view view;
    struct sr_token_object *object = NULL;
    struct sr_client_session *session;
    struct sr_token *token;
    (void)reply;

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = sr_client_take(work->client, r->session, &session);
    if (rv != CKR_OK)
        return rv;
    rv = session->signing ? CKR_OPERATION_ACTIVE : find_key(work, r, token, &object);
    if (rv != CKR_OK)
        goto out;
    rv = begin(work, object, r, &session->real);
    if (rv != CKR_OK)
        goto out;
    rv = token->module.f->C_SignUpdate(session->real, data_of(&r->data), r->data.length);
    if (rv == CKR_OK) {
        session->signing = true;
        sr_token_park(token, &session->life);
    } else {
        sr_token_return(token, session->real, rv);
    }
out:
    sr_object_release(object);
    sr_client_done(work->client, session);
    return rv;
}

/* The session with its operation taken, or the reason why not. */
static CK_RV take_signing(struct sr_work *work, CK_SESSION_HANDLE handle, struct sr_client_session **session,
                          struct sr_token **token)
{
    CK_RV rv = sr_client_take(work->client, handle, session);
    if (rv != CKR_OK)
        return rv;
    *token = &work->daemon->tokens[(*session)->token];
    if (!(*session)->signing) {
        sr_client_done(work->client, *session);
        return CKR_OPERATION_NOT_INITIALIZED;
    }
    rv = sr_token_unpark(*token, (*session)->life);
    if (rv != CKR_OK) {
        (*session)->signing = false;
        sr_client_done(work->client, *session);
        return sr_explain(work, rv,
                          "the token \"%s\" lost its sessions in the middle of the operation: begin it again",
                          (*token)->config->label);
    }
    return CKR_OK;
}

static void end_signing(struct sr_token *token, struct sr_client_session *session, CK_RV rv)
{
    session->signing = false;
    sr_token_return(token, session->real, rv);
}

CK_RV sr_handle_operate_update(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_part_request *r = request;
    struct sr_client_session *session;
    struct sr_token *token;
    (void)reply;

    CK_RV rv = take_signing(work, r->session, &session, &token);
    if (rv != CKR_OK)
        return rv;
    rv = token->module.f->C_SignUpdate(session->real, data_of(&r->data), r->data.length);
    if (rv != CKR_OK)
        end_signing(token, session, rv);
    else
        sr_token_park(token, &session->life);
    sr_client_done(work->client, session);
    return rv;
}

CK_RV sr_handle_operate_final(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_part_request *r = request;
    struct sr_operate_reply *answer = reply;
    struct sr_client_session *session;
    struct sr_token *token;
    CK_ULONG length = SIGNATURE_ROOM;

    CK_RV rv = take_signing(work, r->session, &session, &token);
    if (rv != CKR_OK)
        return rv;
    answer->data.data = sr_scratch_get(&work->scratch, length);
    rv = answer->data.data != NULL ? token->module.f->C_SignFinal(session->real, answer->data.data, &length)
                                   : CKR_HOST_MEMORY;
    answer->data.length = length;
    end_signing(token, session, rv);
    sr_client_done(work->client, session);
    return rv;
}
