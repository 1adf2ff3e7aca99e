/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and MACs (PKCS#11 v3.0 §5.13). */
#include "shim/operation.h"

CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return sr_op_init(session, SR_OPERATION_SIGN, mechanism, key);
}

CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG n, CK_BYTE *signature, CK_ULONG *length)
{
    struct sr_op_call call = {.in = data, .n = n, .out = signature, .length = length};
    return sr_op_whole(session, SR_OPERATION_SIGN, &call);
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n)
{
    struct sr_op_call call = {.in = part, .n = n};
    return sr_op_update(session, SR_OPERATION_SIGN, &call);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *length)
{
    struct sr_op_call call = {.out = signature, .length = length};
    return sr_op_final(session, SR_OPERATION_SIGN, &call);
}
