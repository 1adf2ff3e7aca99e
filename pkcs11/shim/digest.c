/* SPDX-License-Identifier: Apache-2.0 */
/* Digests (PKCS#11 v3.0 §5.12). */
#include "shim/exchange.h"
#include "shim/general.h"
#include "shim/operation.h"

CK_RV C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism)
{
    return sr_op_init(session, SR_OPERATION_DIGEST, mechanism, CK_INVALID_HANDLE);
}

CK_RV C_Digest(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG n, CK_BYTE *digest, CK_ULONG *length)
{
    struct sr_op_call call = {.in = data, .n = n, .out = digest, .length = length};
    return sr_op_whole(session, SR_OPERATION_DIGEST, &call);
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n)
{
    struct sr_op_call call = {.in = part, .n = n};
    return sr_op_update(session, SR_OPERATION_DIGEST, &call);
}

static CK_RV digest_key(struct sr_app_session *s, struct sr_op *op, CK_OBJECT_HANDLE key)
{
    struct sr_object request = {0};
    struct sr_exchange x = {.call = SR_CALL_DIGEST_KEY,
                            .request = &request,
                            .session = s,
                            .session_at = &request.session,
                            .objects[0] = key,
                            .objects_at[0] = &request.object};

    CK_RV rv = sr_op_flush(s, op);
    if (rv != CKR_OK)
        return rv;
    x.pinned = op->generation;
    rv = sr_exchange_only(&x);
    return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID : rv;
}

CK_RV C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    struct sr_app_session *s;
    struct sr_op *op;

    CK_RV rv = sr_enter();
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = sr_op_of(s, SR_OPERATION_DIGEST, &op);
    if (rv == CKR_OK && op->state != SR_OP_READY && op->state != SR_OP_PARTS)
        rv = CKR_OPERATION_ACTIVE;
    else if (rv == CKR_OK)
        rv = sr_op_settle(s, op, digest_key(s, op, key));
    sr_session_release(s);
    return rv;
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG *length)
{
    struct sr_op_call call = {.out = digest, .length = length};
    return sr_op_final(session, SR_OPERATION_DIGEST, &call);
}
