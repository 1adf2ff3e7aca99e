/* SPDX-License-Identifier: Apache-2.0 */
/* What the module offers: the function list, and the interfaces. */
#include "cryptoki/module.h"
#include "shim/explain.h"
#include "shim/general.h"

#include <stddef.h>
#include <string.h>

/* p11-kit declares these from 0.25 on. */
CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *n);
CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface, CK_FLAGS flags);

/* What is not offered, one function for each shape of arguments: a function list has no holes (§5.1). Unused
 * arguments have no use here by their nature. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"

static CK_RV refuse(void)
{
    CK_RV rv = sr_enter();
    if (rv != CKR_OK)
        return rv;
    sr_say("this function is not offered");
    return CKR_FUNCTION_NOT_SUPPORTED;
}

/* §5.16: there are no parallel functions any more. */
static CK_RV no_parallel(CK_SESSION_HANDLE session)
{
    CK_RV rv = sr_enter();
    return rv != CKR_OK ? rv : CKR_FUNCTION_NOT_PARALLEL;
}

static CK_RV no_init_token(CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG n, CK_UTF8CHAR *label)
{
    return refuse();
}

static CK_RV no_set_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG n, CK_UTF8CHAR *new, CK_ULONG m)
{
    return refuse();
}

static CK_RV no_set_state(CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG n, CK_OBJECT_HANDLE a,
                          CK_OBJECT_HANDLE b)
{
    return refuse();
}

static CK_RV no_create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *made)
{
    return refuse();
}

static CK_RV no_copy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n,
                     CK_OBJECT_HANDLE *made)
{
    return refuse();
}

static CK_RV no_size(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
    return refuse();
}

static CK_RV no_change(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n)
{
    return refuse();
}

static CK_RV no_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return refuse();
}

static CK_RV no_digest_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism)
{
    return refuse();
}

static CK_RV no_digest_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    return refuse();
}

static CK_RV no_in(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG n)
{
    return refuse();
}

static CK_RV no_out(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *n)
{
    return refuse();
}

static CK_RV no_in_out(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *m)
{
    return refuse();
}

static CK_RV no_verify(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG n, CK_BYTE *signature, CK_ULONG m)
{
    return refuse();
}

static CK_RV no_generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *a, CK_ULONG n,
                         CK_OBJECT_HANDLE *key)
{
    return refuse();
}

static CK_RV no_wrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with,
                     CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *n)
{
    return refuse();
}

static CK_RV no_unwrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_BYTE *in,
                       CK_ULONG n, CK_ATTRIBUTE *a, CK_ULONG m, CK_OBJECT_HANDLE *key)
{
    return refuse();
}

static CK_RV no_derive(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE from,
                       CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *key)
{
    return refuse();
}

#pragma GCC diagnostic pop

static CK_FUNCTION_LIST functions = {
    .version = {2, 40},

    .C_Initialize = C_Initialize,
    .C_Finalize = C_Finalize,
    .C_GetInfo = C_GetInfo,
    .C_GetFunctionList = C_GetFunctionList,
    .C_GetFunctionStatus = no_parallel,
    .C_CancelFunction = no_parallel,

    .C_GetSlotList = C_GetSlotList,
    .C_GetSlotInfo = C_GetSlotInfo,
    .C_GetTokenInfo = C_GetTokenInfo,
    .C_GetMechanismList = C_GetMechanismList,
    .C_GetMechanismInfo = C_GetMechanismInfo,
    .C_WaitForSlotEvent = C_WaitForSlotEvent,
    .C_InitToken = no_init_token,
    .C_InitPIN = no_in,
    .C_SetPIN = no_set_pin,

    .C_OpenSession = C_OpenSession,
    .C_CloseSession = C_CloseSession,
    .C_CloseAllSessions = C_CloseAllSessions,
    .C_GetSessionInfo = C_GetSessionInfo,
    .C_Login = C_Login,
    .C_Logout = C_Logout,
    .C_GetOperationState = no_out,
    .C_SetOperationState = no_set_state,

    .C_FindObjectsInit = C_FindObjectsInit,
    .C_FindObjects = C_FindObjects,
    .C_FindObjectsFinal = C_FindObjectsFinal,
    .C_GetAttributeValue = C_GetAttributeValue,
    .C_DestroyObject = C_DestroyObject,
    .C_CreateObject = no_create,
    .C_CopyObject = no_copy,
    .C_GetObjectSize = no_size,
    .C_SetAttributeValue = no_change,

    .C_EncryptInit = no_init,
    .C_Encrypt = no_in_out,
    .C_EncryptUpdate = no_in_out,
    .C_EncryptFinal = no_out,
    .C_DecryptInit = no_init,
    .C_Decrypt = no_in_out,
    .C_DecryptUpdate = no_in_out,
    .C_DecryptFinal = no_out,

    .C_DigestInit = no_digest_init,
    .C_Digest = no_in_out,
    .C_DigestUpdate = no_in,
    .C_DigestKey = no_digest_key,
    .C_DigestFinal = no_out,

    .C_SignInit = C_SignInit,
    .C_Sign = C_Sign,
    .C_SignUpdate = C_SignUpdate,
    .C_SignFinal = C_SignFinal,
    .C_SignRecoverInit = no_init,
    .C_SignRecover = no_in_out,
    .C_VerifyInit = no_init,
    .C_Verify = no_verify,
    .C_VerifyUpdate = no_in,
    .C_VerifyFinal = no_in,
    .C_VerifyRecoverInit = no_init,
    .C_VerifyRecover = no_in_out,

    .C_DigestEncryptUpdate = no_in_out,
    .C_DecryptDigestUpdate = no_in_out,
    .C_SignEncryptUpdate = no_in_out,
    .C_DecryptVerifyUpdate = no_in_out,

    .C_GenerateKeyPair = C_GenerateKeyPair,
    .C_GenerateKey = no_generate,
    .C_WrapKey = no_wrap,
    .C_UnwrapKey = no_unwrap,
    .C_DeriveKey = no_derive,

    .C_SeedRandom = C_SeedRandom,
    .C_GenerateRandom = C_GenerateRandom,
};

static struct sr_interface strongroom = {.version = {1, 0}, .explain = sr_explanation};

static CK_UTF8CHAR standard_name[] = "PKCS 11";
static CK_UTF8CHAR vendor_name[] = SR_INTERFACE_NAME;

/* Both tables begin with their version, as §3.6 asks of every interface. The first one is the default. */
static CK_INTERFACE interfaces[] = {
    {(void *)standard_name, &functions, CKF_INTERFACE_FORK_SAFE},
    {(void *)vendor_name, &strongroom, CKF_INTERFACE_FORK_SAFE},
};
#define INTERFACES (sizeof(interfaces) / sizeof(interfaces[0]))

/* §5.4.4 to §5.4.6: these three may be called before C_Initialize. */
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    if (list == NULL)
        return CKR_ARGUMENTS_BAD;
    *list = &functions;
    return CKR_OK;
}

CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *n)
{
    CK_RV rv = CKR_OK;
    if (n == NULL)
        return CKR_ARGUMENTS_BAD;
    if (list != NULL && *n < INTERFACES)
        rv = CKR_BUFFER_TOO_SMALL;
    else if (list != NULL)
        memcpy(list, interfaces, sizeof(interfaces));
    *n = INTERFACES;
    return rv;
}

static bool matches(const CK_INTERFACE *i, const CK_UTF8CHAR *name, const CK_VERSION *version, CK_FLAGS flags)
{
    const CK_VERSION *own = i->pFunctionList;
    return (name == NULL || strcmp((const char *)name, (const char *)i->pInterfaceName) == 0) &&
           (version == NULL || (version->major == own->major && version->minor == own->minor)) &&
           (flags & ~i->flags) == 0;
}

CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface, CK_FLAGS flags)
{
    if (interface == NULL)
        return CKR_ARGUMENTS_BAD;
    for (size_t i = 0; i < INTERFACES; i++) {
        if (matches(&interfaces[i], name, version, flags)) {
            *interface = &interfaces[i];
            return CKR_OK;
        }
    }
    return CKR_FUNCTION_FAILED;
}
