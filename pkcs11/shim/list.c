/* SPDX-License-Identifier: Apache-2.0 */
/* What the module offers: the function list, and the interfaces. */
#include "cryptoki/module.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/message.h"

#include <stddef.h>
#include <string.h>

/* p11-kit declares these from 0.25 on. */
CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *n);
CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface, CK_FLAGS flags);

/* §5.16: there are no parallel functions any more. */
static CK_RV no_parallel(CK_SESSION_HANDLE session)
{
    (void)session;
    CK_RV rv = sr_enter();
    return rv != CKR_OK ? rv : CKR_FUNCTION_NOT_PARALLEL;
}

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
    .C_InitToken = C_InitToken,
    .C_InitPIN = C_InitPIN,
    .C_SetPIN = C_SetPIN,

    .C_OpenSession = C_OpenSession,
    .C_CloseSession = C_CloseSession,
    .C_CloseAllSessions = C_CloseAllSessions,
    .C_GetSessionInfo = C_GetSessionInfo,
    .C_Login = C_Login,
    .C_Logout = C_Logout,
    .C_GetOperationState = C_GetOperationState,
    .C_SetOperationState = C_SetOperationState,

    .C_FindObjectsInit = C_FindObjectsInit,
    .C_FindObjects = C_FindObjects,
    .C_FindObjectsFinal = C_FindObjectsFinal,
    .C_GetAttributeValue = C_GetAttributeValue,
    .C_DestroyObject = C_DestroyObject,
    .C_CreateObject = C_CreateObject,
    .C_CopyObject = C_CopyObject,
    .C_GetObjectSize = C_GetObjectSize,
    .C_SetAttributeValue = C_SetAttributeValue,

    .C_EncryptInit = C_EncryptInit,
    .C_Encrypt = C_Encrypt,
    .C_EncryptUpdate = C_EncryptUpdate,
    .C_EncryptFinal = C_EncryptFinal,
    .C_DecryptInit = C_DecryptInit,
    .C_Decrypt = C_Decrypt,
    .C_DecryptUpdate = C_DecryptUpdate,
    .C_DecryptFinal = C_DecryptFinal,

    .C_DigestInit = C_DigestInit,
    .C_Digest = C_Digest,
    .C_DigestUpdate = C_DigestUpdate,
    .C_DigestKey = C_DigestKey,
    .C_DigestFinal = C_DigestFinal,

    .C_SignInit = C_SignInit,
    .C_Sign = C_Sign,
    .C_SignUpdate = C_SignUpdate,
    .C_SignFinal = C_SignFinal,
    .C_SignRecoverInit = C_SignRecoverInit,
    .C_SignRecover = C_SignRecover,
    .C_VerifyInit = C_VerifyInit,
    .C_Verify = C_Verify,
    .C_VerifyUpdate = C_VerifyUpdate,
    .C_VerifyFinal = C_VerifyFinal,
    .C_VerifyRecoverInit = C_VerifyRecoverInit,
    .C_VerifyRecover = C_VerifyRecover,

    .C_DigestEncryptUpdate = C_DigestEncryptUpdate,
    .C_DecryptDigestUpdate = C_DecryptDigestUpdate,
    .C_SignEncryptUpdate = C_SignEncryptUpdate,
    .C_DecryptVerifyUpdate = C_DecryptVerifyUpdate,

    .C_GenerateKeyPair = C_GenerateKeyPair,
    .C_GenerateKey = C_GenerateKey,
    .C_WrapKey = C_WrapKey,
    .C_UnwrapKey = C_UnwrapKey,
    .C_DeriveKey = C_DeriveKey,

    .C_SeedRandom = C_SeedRandom,
    .C_GenerateRandom = C_GenerateRandom,
};

/* §5.6.8: this token knows no users by name. */
static CK_RV login_user(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG pin_length,
                        CK_UTF8CHAR *name, CK_ULONG name_length)
{
    (void)name;
    if (name_length == 0)
        return C_Login(session, user, pin, pin_length);
    CK_RV rv = sr_enter();
    if (rv != CKR_OK)
        return rv;
    sr_say("the token knows no users by name: log in without one");
    return CKR_ARGUMENTS_BAD;
}

static struct sr_functions_3_0 functions_3_0;

/* §5.6.10. What is not active is passed over. */
static CK_RV session_cancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
    static const struct {
        CK_FLAGS flag;
        size_t init; /* offset: without a mechanism it ends the operation */
    } operations[] = {
        {CKF_ENCRYPT, offsetof(struct sr_functions_3_0, v2.C_EncryptInit)},
        {CKF_DECRYPT, offsetof(struct sr_functions_3_0, v2.C_DecryptInit)},
        {CKF_SIGN, offsetof(struct sr_functions_3_0, v2.C_SignInit)},
        {CKF_SIGN_RECOVER, offsetof(struct sr_functions_3_0, v2.C_SignRecoverInit)},
        {CKF_VERIFY, offsetof(struct sr_functions_3_0, v2.C_VerifyInit)},
        {CKF_VERIFY_RECOVER, offsetof(struct sr_functions_3_0, v2.C_VerifyRecoverInit)},
        {CKF_MESSAGE_ENCRYPT, offsetof(struct sr_functions_3_0, C_MessageEncryptInit)},
        {CKF_MESSAGE_DECRYPT, offsetof(struct sr_functions_3_0, C_MessageDecryptInit)},
        {CKF_MESSAGE_SIGN, offsetof(struct sr_functions_3_0, C_MessageSignInit)},
        {CKF_MESSAGE_VERIFY, offsetof(struct sr_functions_3_0, C_MessageVerifyInit)},
    };
    CK_SESSION_INFO info;
    CK_RV rv = C_GetSessionInfo(session, &info);
    if (rv != CKR_OK)
        return rv;
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        sr_message_init_fn end;
        if ((flags & operations[i].flag) == 0)
            continue;
        memcpy(&end, (const char *)&functions_3_0 + operations[i].init, sizeof(end));
        (void)end(session, NULL, CK_INVALID_HANDLE);
    }
    if ((flags & CKF_DIGEST) != 0)
        (void)functions_3_0.v2.C_DigestInit(session, NULL);
    if ((flags & CKF_FIND_OBJECTS) != 0)
        (void)C_FindObjectsFinal(session);
    return CKR_OK;
}

/* Before anything asks for it: the list is made once, when the module is loaded. */
__attribute__((constructor)) static void make_functions_3_0(void)
{
    functions_3_0.v2 = functions;
    functions_3_0.v2.version = (CK_VERSION){3, 0};
    functions_3_0.C_GetInterfaceList = C_GetInterfaceList;
    functions_3_0.C_GetInterface = C_GetInterface;
    functions_3_0.C_LoginUser = login_user;
    functions_3_0.C_SessionCancel = session_cancel;
    sr_message_functions(&functions_3_0);
}

static struct sr_interface strongroom = {.version = {1, 0}, .explain = sr_explanation};

static CK_UTF8CHAR standard_name[] = "PKCS 11";
static CK_UTF8CHAR vendor_name[] = SR_INTERFACE_NAME;

/* All tables begin with their version, as §3.6 asks of every interface. The first one is the default. */
static CK_INTERFACE interfaces[] = {
    {(void *)standard_name, &functions_3_0, CKF_INTERFACE_FORK_SAFE},
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
