/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that the data can be recovered from (PKCS#11 v3.0 §5.13.5, §5.15.5). They have no parts. */
#include "shim/operation.h"

CK_RV C_SignRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return sr_op_init(session, SR_OPERATION_SIGN_RECOVER, mechanism, key);
}

CK_RV C_SignRecover(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG n, CK_BYTE *signature,
                    CK_ULONG *length)
{
    struct sr_op_call call = {.in = data, .n = n, .out = signature, .length = length};
    return sr_op_whole(session, SR_OPERATION_SIGN_RECOVER, &call);
}

CK_RV C_VerifyRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return sr_op_init(session, SR_OPERATION_VERIFY_RECOVER, mechanism, key);
}

CK_RV C_VerifyRecover(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG n, CK_BYTE *data,
                      CK_ULONG *length)
{
    struct sr_op_call call = {.in = signature, .n = n, .out = data, .length = length};
    return sr_op_whole(session, SR_OPERATION_VERIFY_RECOVER, &call);
}
