/* SPDX-License-Identifier: Apache-2.0 */
/* The dual-function calls (PKCS#11 v3.0 §5.16): a part for two operations of a session. Each is two updates;
 * the cipher comes first, because it alone may find its buffer too small, and then the other has not been
 * done. */
#include "shim/general.h"
#include "shim/operation.h"

/* The two operations, fit for another part. */
static CK_RV both(struct sr_app_session *s, enum sr_operation cipher, enum sr_operation other,
                  struct sr_op *ops[2])
{
    CK_RV rv = sr_op_of(s, cipher, &ops[0]);
    if (rv == CKR_OK)
        rv = sr_op_of(s, other, &ops[1]);
    if (rv != CKR_OK)
        return rv;
    for (size_t i = 0; i < 2; i++)
        if (ops[i]->state == SR_OP_WHOLE_KEPT || ops[i]->state == SR_OP_END_KEPT)
            return CKR_OPERATION_ACTIVE;
    return CKR_OK;
}

/* The plaintext is what goes in, or what comes out. */
static CK_RV parts(struct sr_app_session *s, struct sr_op *ops[2], const struct sr_op_call *call)
{
    struct sr_op_call plain = {.in = call->in, .n = call->n};

    if ((call->in == NULL && call->n > 0) || call->length == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = sr_op_part(s, ops[0], call);
    if (rv != CKR_OK || call->out == NULL)
        return rv;
    if (ops[0]->kind == SR_OPERATION_DECRYPT) {
        plain.in = call->out;
        plain.n = *call->length;
    }
    return sr_op_part(s, ops[1], &plain);
}

static CK_RV dual(CK_SESSION_HANDLE session, enum sr_operation cipher, enum sr_operation other,
                  const struct sr_op_call *call)
{
    struct sr_app_session *s;
    struct sr_op *ops[2];

    CK_RV rv = sr_enter();
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = both(s, cipher, other, ops);
    if (rv == CKR_OK) {
        rv = parts(s, ops, call);
        (void)sr_op_settle(s, ops[0], rv);
        (void)sr_op_settle(s, ops[1], rv);
    }
    sr_session_release(s);
    return rv;
}

CK_RV C_DigestEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n, CK_BYTE *out,
                            CK_ULONG *length)
{
    struct sr_op_call call = {.in = part, .n = n, .out = out, .length = length};
    return dual(session, SR_OPERATION_ENCRYPT, SR_OPERATION_DIGEST, &call);
}

CK_RV C_DecryptDigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n, CK_BYTE *out,
                            CK_ULONG *length)
{
    struct sr_op_call call = {.in = part, .n = n, .out = out, .length = length};
    return dual(session, SR_OPERATION_DECRYPT, SR_OPERATION_DIGEST, &call);
}

CK_RV C_SignEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n, CK_BYTE *out,
                          CK_ULONG *length)
{
    struct sr_op_call call = {.in = part, .n = n, .out = out, .length = length};
    return dual(session, SR_OPERATION_ENCRYPT, SR_OPERATION_SIGN, &call);
}

CK_RV C_DecryptVerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n, CK_BYTE *out,
                            CK_ULONG *length)
{
    struct sr_op_call call = {.in = part, .n = n, .out = out, .length = length};
    return dual(session, SR_OPERATION_DECRYPT, SR_OPERATION_VERIFY, &call);
}
