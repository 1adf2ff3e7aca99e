/* Operations as a whole: begun and done in one borrowed session.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_operate.h"

static CK_RV permitted(struct sr_work *work, struct sr_token *token, enum sr_operation operation,
                       struct sr_token_object *object, CK_MECHANISM_TYPE mechanism)
{
    return object != NULL ? sr_permit(work, operation, object, mechanism)
                          : sr_permit_new(work, operation, token, NULL, mechanism);
}

CK_RV sr_operate_key(struct sr_work *work, struct sr_token *token, CK_ULONG operation, CK_OBJECT_HANDLE key,
                     CK_MECHANISM_TYPE mechanism, struct sr_token_object **object)
{
    *object = NULL;
    if (!sr_operation_known(operation))
        return CKR_FUNCTION_NOT_SUPPORTED;
    if (operation != SR_OPERATION_DIGEST) {
        *object = sr_client_object(work->client, token, key);
        if (*object == NULL)
            return CKR_KEY_HANDLE_INVALID;
    }
    CK_RV rv = permitted(work, token, operation, *object, mechanism);
    if (rv != CKR_OK) {
        sr_object_release(*object);
        *object = NULL;
    }
    return rv;
}

CK_RV sr_operate_use(struct sr_work *work, struct sr_parts *parts)
{
    CK_RV rv = sr_loan_use(parts->token, &parts->loan);
    if (rv == CKR_DEVICE_ERROR)
        return sr_explain(work, rv,
                          "the token \"%s\" lost its sessions in the middle of the operation: begin it again",
                          parts->token->config->label);
    if (rv == CKR_FUNCTION_CANCELED)
        return sr_explain(work, rv,
                          "the operation in parts lost its session of the token's: it was idle while others "
                          "waited for one, or the token was changed; begin it again");
    return rv;
}

CK_RV sr_operate_again(struct sr_work *work, CK_SESSION_HANDLE session, const struct sr_parts *parts)
{
    struct sr_session_view view;
    CK_RV rv = sr_client_view(work->client, session, &view);

    if (rv != CKR_OK)
        return rv;
    /* C_Logout ends operations with private keys (PKCS#11 v3.0 §5.6.9). */
    if (parts->object != NULL && !sr_client_sees(work->client, view.logged_out, parts->object))
        return CKR_USER_NOT_LOGGED_IN;
    return permitted(work, parts->token, parts->operation, parts->object, parts->mechanism);
}

/* A session with the operation begun in it: for a signature the one that was begun ahead, or one that does so
 * now. */
static CK_RV begin(struct sr_work *work, const struct sr_operate_request *r, struct sr_token *token,
                   struct sr_token_object *object, CK_SESSION_HANDLE *real)
{
    bool signs = r->operation == SR_OPERATION_SIGN;
    CK_OBJECT_HANDLE key;

    if (!signs)
        sr_ahead_undo(&work->ahead);
    else if (sr_ahead_take(&work->ahead, object, &r->mechanism.m, real))
        return CKR_OK;
    CK_RV rv = sr_token_borrow(token, real);
    if (rv != CKR_OK)
        return rv;
    rv = sr_operation_begin(token, r->operation, *real, &r->mechanism.m, object, &key);
    if (rv != CKR_OK)
        sr_token_return(token, *real, rv);
    else if (signs)
        sr_ahead_expect(&work->ahead, object, &r->mechanism.m, key);
    return rv;
}

/* Bytes that the whole operation may give. */
static size_t room_of(const struct sr_operate_request *r, const struct sr_token_object *object,
                      const struct sr_in_out *x)
{
    bool ciphers = r->operation == SR_OPERATION_ENCRYPT || r->operation == SR_OPERATION_DECRYPT;
    return sr_operation_slack(r->operation, object) + (ciphers ? x->in.length : 0);
}

CK_RV sr_handle_operate(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_operate_request *r = request;
    struct sr_in_out x = {.signature = r->signature};
    struct sr_session_view view;
    struct sr_token_object *object;
    struct sr_token *token;
    CK_SESSION_HANDLE real;

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = sr_operate_key(work, token, r->operation, r->key, r->mechanism.m.mechanism, &object);
    if (rv != CKR_OK)
        return rv;
    rv = sr_bulk_in(work, r->operation, &r->data, r->bulk, &x);
    if (rv == CKR_OK)
        rv = sr_bulk_room(work, r->operation, room_of(r, object, &x), &x);
    if (rv == CKR_OK)
        rv = begin(work, r, token, object, &real);
    if (rv != CKR_OK)
        goto out;
    rv = sr_operation_whole(token->module.f, r->operation, real, &x);
    sr_token_return(token, real, rv);
    rv = sr_operation_verdict(r->operation, rv);
    sr_bulk_out(work, rv, &x, reply);
out:
    sr_object_release(object);
    return rv;
}
