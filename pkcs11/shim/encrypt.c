/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption (PKCS#11 v3.0 §5.8). */
#include "shim/operation.h"

CK_RV C_EncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return sr_op_init(session, SR_OPERATION_ENCRYPT, mechanism, key);
}

CK_RV C_Encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *length)
{
    struct sr_op_call call = {.in = in, .n = n, .out = out, .length = length};
    return sr_op_whole(session, SR_OPERATION_ENCRYPT, &call);
}

CK_RV C_EncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *length)
{
    struct sr_op_call call = {.in = in, .n = n, .out = out, .length = length};
    return sr_op_update(session, SR_OPERATION_ENCRYPT, &call);
}

CK_RV C_EncryptFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *length)
{
    struct sr_op_call call = {.out = out, .length = length};
    return sr_op_final(session, SR_OPERATION_ENCRYPT, &call);
}
