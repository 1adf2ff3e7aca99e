/* What else there is to an operation in parts: keys that are digested, and its state (PKCS#11 v3.0 §5.6.5,
 * §5.6.6, §5.12.4).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_operate.h"
#include "daemon/recover.h"

#include <string.h>

#define STATE_MAX ((CK_ULONG)64 << 10)

static CK_RV digest_key(struct sr_work *work, struct sr_parts *parts, struct sr_token_object *object)
{
    CK_OBJECT_HANDLE key;

    if (object == NULL)
        return CKR_KEY_HANDLE_INVALID;
    CK_RV rv = sr_permit(work, SR_OPERATION_DIGEST, object, parts->mechanism);
    if (rv == CKR_OK)
        rv = sr_object_key(object, parts->loan.real, &key);
    if (rv == CKR_OK)
        rv = parts->token->module.f->C_DigestKey(parts->loan.real, key);
    return rv;
}

CK_RV sr_handle_digest_key(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_object *r = request;
    struct sr_token_object *object = NULL;
    struct sr_client_session *session;
    (void)reply;

    CK_RV rv = sr_client_take(work->client, r->session, &session);
    if (rv != CKR_OK)
        return rv;
    struct sr_parts *parts = session->parts[SR_OPERATION_DIGEST];
    if (parts == NULL) {
        rv = CKR_OPERATION_NOT_INITIALIZED;
        goto out;
    }
    object = sr_client_object(work->client, parts->token, r->object);
    rv = sr_operate_use(work, parts);
    if (rv == CKR_OK)
        rv = digest_key(work, parts, object);
    if (rv == CKR_OK) {
        sr_loan_rest(parts->token, &parts->loan);
    } else {
        session->parts[SR_OPERATION_DIGEST] = NULL;
        sr_parts_end(parts, rv);
    }
out:
    sr_object_release(object);
    sr_client_done(work->client, session);
    return rv;
}

/* The one operation of the session; CKR_STATE_UNSAVEABLE where there are two, as each is a session of the
 * token's. */
static CK_RV only_parts(const struct sr_client_session *session, struct sr_parts **only)
{
    *only = NULL;
    for (size_t i = 0; i < sizeof(session->parts) / sizeof(session->parts[0]); i++) {
        if (session->parts[i] != NULL && *only != NULL)
            return CKR_STATE_UNSAVEABLE;
        if (session->parts[i] != NULL)
            *only = session->parts[i];
    }
    if (*only == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    return (*only)->drains || (*only)->kept_length > 0 ? CKR_STATE_UNSAVEABLE : CKR_OK;
}

CK_RV sr_handle_get_state(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_client_session *session;
    struct sr_parts *parts;
    CK_ULONG length = STATE_MAX;

    CK_RV rv = sr_client_take(work->client, r->session, &session);
    if (rv != CKR_OK)
        return rv;
    rv = only_parts(session, &parts);
    if (rv == CKR_OK)
        rv = sr_operate_use(work, parts);
    if (rv != CKR_OK)
        goto out;
    struct sr_state_header header = {parts->operation, parts->mechanism};
    rv = sr_operate_again(work, r->session, parts);
    answer->data.data = sr_scratch_get(&work->scratch, sizeof(header) + length);
    if (rv == CKR_OK && answer->data.data == NULL)
        rv = CKR_HOST_MEMORY;
    if (rv == CKR_OK)
        rv = parts->token->module.f->C_GetOperationState(parts->loan.real, answer->data.data + sizeof(header),
                                                         &length);
    if (rv == CKR_OK) {
        memcpy(answer->data.data, &header, sizeof(header));
        answer->data.length = sizeof(header) + length;
    } else {
        sr_recover_check(parts->token, rv);
    }
    sr_loan_rest(parts->token, &parts->loan);
out:
    sr_client_done(work->client, session);
    return rv;
}

/* The token's handle of a key that the client names; CK_INVALID_HANDLE for none. */
static CK_RV real_key(struct sr_work *work, struct sr_parts *parts, struct sr_token_object *object,
                      CK_OBJECT_HANDLE *key)
{
    *key = CK_INVALID_HANDLE;
    if (object == NULL)
        return CKR_OK;
    CK_RV rv = sr_permit(work, parts->operation, object, parts->mechanism);
    return rv == CKR_OK ? sr_object_key(object, parts->loan.real, key) : rv;
}

static CK_RV set_state(struct sr_work *work, struct sr_parts *parts, const struct sr_state_request *r,
                       struct sr_token_object *encryption, struct sr_token_object *authentication)
{
    CK_OBJECT_HANDLE keys[2];
    size_t skip = sizeof(struct sr_state_header);

    CK_RV rv = real_key(work, parts, encryption, &keys[0]);
    if (rv == CKR_OK)
        rv = real_key(work, parts, authentication, &keys[1]);
    if (rv == CKR_OK)
        rv = parts->token->module.f->C_SetOperationState(parts->loan.real, r->state.data + skip,
                                                         r->state.length - skip, keys[0], keys[1]);
    return rv;
}

CK_RV sr_handle_set_state(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_state_request *r = request;
    struct sr_token_object *encryption = NULL;
    struct sr_token_object *authentication = NULL;
    struct sr_client_session *session;
    struct sr_state_header header;
    struct sr_session_view view;
    struct sr_token *token;
    (void)reply;

    if (r->state.length <= sizeof(header))
        return CKR_SAVED_STATE_INVALID;
    memcpy(&header, r->state.data, sizeof(header));
    if (!sr_operation_has_parts(header.operation))
        return CKR_SAVED_STATE_INVALID;
    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = sr_client_take(work->client, r->session, &session);
    if (rv != CKR_OK)
        return rv;
    encryption = sr_client_object(work->client, token, r->encryption_key);
    authentication = sr_client_object(work->client, token, r->authentication_key);
    struct sr_token_object *key = encryption != NULL ? encryption : authentication;
    if ((encryption == NULL && r->encryption_key != CK_INVALID_HANDLE) ||
        (authentication == NULL && r->authentication_key != CK_INVALID_HANDLE))
        rv = CKR_KEY_HANDLE_INVALID;
    else if (key == NULL && header.operation != SR_OPERATION_DIGEST)
        rv = CKR_KEY_NEEDED;
    else if (session->parts[header.operation] != NULL)
        rv = CKR_OPERATION_ACTIVE;
    else if (key == NULL)
        rv = sr_permit_new(work, header.operation, token, NULL, header.mechanism);
    if (rv != CKR_OK)
        goto out;
    struct sr_parts *parts = sr_parts_new(token, header.operation, header.mechanism, key, &rv);
    if (parts == NULL)
        goto out;
    rv = set_state(work, parts, r, encryption, authentication);
    if (rv == CKR_OK) {
        sr_loan_rest(token, &parts->loan);
        session->parts[header.operation] = parts;
    } else {
        sr_parts_end(parts, rv);
    }
out:
    sr_object_release(encryption);
    sr_object_release(authentication);
    sr_client_done(work->client, session);
    return rv;
}
