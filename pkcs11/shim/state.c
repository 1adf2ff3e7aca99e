/* SPDX-License-Identifier: Apache-2.0 */
/* The state of an operation in parts, where the token can save it (PKCS#11 v3.0 §5.6.5, §5.6.6). */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/operation.h"

#include <string.h>

/* The one operation of the session, in the daemon's hands. */
static CK_RV only_operation(struct sr_app_session *s, struct sr_op **only)
{
    struct sr_op *op;
    *only = NULL;
    for (size_t kind = SR_OPERATION_ENCRYPT; kind <= SR_OPERATION_VERIFY_RECOVER; kind++) {
        if (sr_op_of(s, kind, &op) != CKR_OK)
            continue;
        if (*only != NULL) {
            sr_say("the state of two operations at once cannot be saved");
            return CKR_STATE_UNSAVEABLE;
        }
        *only = op;
    }
    if (*only == NULL)
        return CKR_OPERATION_NOT_INITIALIZED;
    bool in_parts =
        (*only)->kind != SR_OPERATION_SIGN_RECOVER && (*only)->kind != SR_OPERATION_VERIFY_RECOVER;
    if (!in_parts || ((*only)->state != SR_OP_READY && (*only)->state != SR_OP_PARTS))
        return CKR_STATE_UNSAVEABLE;
    return CKR_OK;
}

static CK_RV get_state(struct sr_app_session *s, CK_BYTE *state, CK_ULONG *length)
{
    struct sr_session request;
    struct sr_bytes_reply reply = {0};
    struct sr_op *op;
    struct sr_exchange x = {.call = SR_CALL_GET_STATE,
                            .request = &request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request.session};

    CK_RV rv = only_operation(s, &op);
    if (rv != CKR_OK)
        return rv;
    rv = sr_op_settle(s, op, sr_op_flush(s, op));
    if (rv != CKR_OK)
        return rv;
    x.pinned = op->generation;
    rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    bool fits = state != NULL && *length >= reply.data.length;
    if (fits)
        memcpy(state, reply.data.data, reply.data.length);
    else if (state != NULL)
        rv = CKR_BUFFER_TOO_SMALL;
    *length = reply.data.length;
    sr_exchange_end(&x);
    return rv;
}

CK_RV C_GetOperationState(CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG *length)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && length == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = get_state(s, state, length);
    sr_session_release(s);
    return rv;
}

/* The operation goes on in the daemon; what was under way in the session is over (§5.6.6). */
static CK_RV set_state(struct sr_app_session *s, struct sr_bytes state, const CK_OBJECT_HANDLE keys[2])
{
    struct sr_state_request request = {.state = state};
    struct sr_exchange x = {
        .call = SR_CALL_SET_STATE, .request = &request, .session = s, .session_at = &request.session};
    struct sr_state_header header;
    struct sr_op *op;

    memcpy(&header, state.data, sizeof(header));
    if (sr_operation_name(header.operation) == NULL || header.operation < SR_OPERATION_ENCRYPT ||
        header.operation > SR_OPERATION_VERIFY_RECOVER)
        return CKR_SAVED_STATE_INVALID;
    for (size_t kind = SR_OPERATION_ENCRYPT; kind <= SR_OPERATION_VERIFY_RECOVER; kind++)
        if (sr_op_of(s, kind, &op) == CKR_OK)
            (void)sr_op_settle(s, op, CKR_FUNCTION_CANCELED);
    op = sr_op_record(s, header.operation);
    if (op == NULL)
        return CKR_HOST_MEMORY;
    if (keys[0] != CK_INVALID_HANDLE) {
        x.objects[0] = keys[0];
        x.objects_at[0] = &request.encryption_key;
    }
    if (keys[1] != CK_INVALID_HANDLE) {
        x.objects[1] = keys[1];
        x.objects_at[1] = &request.authentication_key;
    }
    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    op->mechanism.m = (CK_MECHANISM){.mechanism = header.mechanism};
    op->key = keys[0] != CK_INVALID_HANDLE ? keys[0] : keys[1];
    op->size = 0;
    op->generation = x.connection->generation;
    op->streamed = true;
    op->state = SR_OP_PARTS;
    sr_exchange_end(&x);
    return CKR_OK;
}

CK_RV C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG length,
                          CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key)
{
    CK_OBJECT_HANDLE keys[2] = {encryption_key, authentication_key};
    struct sr_app_session *s;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && state == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = length > sizeof(struct sr_state_header) && length <= SR_DATA_MAX
             ? set_state(s, (struct sr_bytes){length, state}, keys)
             : CKR_SAVED_STATE_INVALID;
    sr_session_release(s);
    return rv;
}
