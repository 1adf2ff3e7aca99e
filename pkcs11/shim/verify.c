/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of signatures and MACs (PKCS#11 v3.0 §5.15). */
#include "shim/operation.h"

CK_RV C_VerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return sr_op_init(session, SR_OPERATION_VERIFY, mechanism, key);
}

CK_RV C_Verify(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG n, CK_BYTE *signature, CK_ULONG length)
{
    struct sr_op_call call = {.in = data, .n = n, .signature = signature, .signature_length = length};
    return sr_op_whole(session, SR_OPERATION_VERIFY, &call);
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n)
{
    struct sr_op_call call = {.in = part, .n = n};
    return sr_op_update(session, SR_OPERATION_VERIFY, &call);
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG length)
{
    struct sr_op_call call = {.signature = signature, .signature_length = length};
    return sr_op_final(session, SR_OPERATION_VERIFY, &call);
}
