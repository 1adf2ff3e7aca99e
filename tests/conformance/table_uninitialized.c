/* SPDX-License-Identifier: Apache-2.0 */
/* Every function before C_Initialize (PKCS#11 v3.0 §5.4: CKR_CRYPTOKI_NOT_INITIALIZED). */
#include "table.h"

#include <dlfcn.h>
#include <string.h>

static const char before[] = "before C_Initialize";

static void slots_and_sessions(CK_FUNCTION_LIST *f)
{
    CK_ULONG n = 1;
    CK_SLOT_ID slot;
    CK_INFO info;
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token_info;
    CK_MECHANISM_TYPE type;
    CK_MECHANISM_INFO mechanism_info;
    CK_SESSION_HANDLE session;
    CK_SESSION_INFO session_info;
    CK_BYTE pin[] = "1234";
    CK_BYTE label[33] = "                                ";

    table_line("C_Finalize", before, f->C_Finalize(NULL));
    table_line("C_GetInfo", before, f->C_GetInfo(&info));
    table_line("C_GetSlotList", before, f->C_GetSlotList(CK_FALSE, &slot, &n));
    table_line("C_GetSlotInfo", before, f->C_GetSlotInfo(0, &slot_info));
    table_line("C_GetTokenInfo", before, f->C_GetTokenInfo(0, &token_info));
    table_line("C_GetMechanismList", before, f->C_GetMechanismList(0, &type, &n));
    table_line("C_GetMechanismInfo", before, f->C_GetMechanismInfo(0, CKM_SHA256, &mechanism_info));
    table_line("C_InitToken", before, f->C_InitToken(0, pin, 4, label));
    table_line("C_InitPIN", before, f->C_InitPIN(1, pin, 4));
    table_line("C_SetPIN", before, f->C_SetPIN(1, pin, 4, pin, 4));
    table_line("C_OpenSession", before, f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
    table_line("C_CloseSession", before, f->C_CloseSession(1));
    table_line("C_CloseAllSessions", before, f->C_CloseAllSessions(0));
    table_line("C_GetSessionInfo", before, f->C_GetSessionInfo(1, &session_info));
    table_line("C_GetOperationState", before, f->C_GetOperationState(1, pin, &n));
    table_line("C_SetOperationState", before, f->C_SetOperationState(1, pin, 4, 0, 0));
    table_line("C_Login", before, f->C_Login(1, CKU_USER, pin, 4));
    table_line("C_Logout", before, f->C_Logout(1));
    table_line("C_GetFunctionStatus", before, f->C_GetFunctionStatus(1));
    table_line("C_CancelFunction", before, f->C_CancelFunction(1));
    table_line("C_WaitForSlotEvent", before, f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
}

static void objects(CK_FUNCTION_LIST *f)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_ATTRIBUTE a = {CKA_CLASS, &class, sizeof(class)};
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_OBJECT_HANDLE object, other;
    CK_BYTE buffer[64] = {0};
    CK_ULONG n = sizeof(buffer);

    table_line("C_CreateObject", before, f->C_CreateObject(1, &a, 1, &object));
    table_line("C_CopyObject", before, f->C_CopyObject(1, 1, &a, 1, &object));
    table_line("C_DestroyObject", before, f->C_DestroyObject(1, 1));
    table_line("C_GetObjectSize", before, f->C_GetObjectSize(1, 1, &n));
    table_line("C_GetAttributeValue", before, f->C_GetAttributeValue(1, 1, &a, 1));
    table_line("C_SetAttributeValue", before, f->C_SetAttributeValue(1, 1, &a, 1));
    table_line("C_FindObjectsInit", before, f->C_FindObjectsInit(1, &a, 1));
    table_line("C_FindObjects", before, f->C_FindObjects(1, &object, 1, &n));
    table_line("C_FindObjectsFinal", before, f->C_FindObjectsFinal(1));
    table_line("C_GenerateKey", before, f->C_GenerateKey(1, &mechanism, &a, 1, &object));
    table_line("C_GenerateKeyPair", before,
               f->C_GenerateKeyPair(1, &mechanism, &a, 1, &a, 1, &object, &other));
    table_line("C_WrapKey", before, f->C_WrapKey(1, &mechanism, 1, 1, buffer, &n));
    table_line("C_UnwrapKey", before, f->C_UnwrapKey(1, &mechanism, 1, buffer, 8, &a, 1, &object));
    table_line("C_DeriveKey", before, f->C_DeriveKey(1, &mechanism, 1, &a, 1, &object));
    table_line("C_SeedRandom", before, f->C_SeedRandom(1, buffer, 8));
    table_line("C_GenerateRandom", before, f->C_GenerateRandom(1, buffer, 8));
}

static void operations(CK_FUNCTION_LIST *f)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_BYTE in[64] = {0};
    CK_BYTE out[64];
    CK_ULONG n = sizeof(out);

    table_line("C_EncryptInit", before, f->C_EncryptInit(1, &mechanism, 1));
    table_line("C_Encrypt", before, f->C_Encrypt(1, in, 8, out, &n));
    table_line("C_EncryptUpdate", before, f->C_EncryptUpdate(1, in, 8, out, &n));
    table_line("C_EncryptFinal", before, f->C_EncryptFinal(1, out, &n));
    table_line("C_DecryptInit", before, f->C_DecryptInit(1, &mechanism, 1));
    table_line("C_Decrypt", before, f->C_Decrypt(1, in, 8, out, &n));
    table_line("C_DecryptUpdate", before, f->C_DecryptUpdate(1, in, 8, out, &n));
    table_line("C_DecryptFinal", before, f->C_DecryptFinal(1, out, &n));
    table_line("C_DigestInit", before, f->C_DigestInit(1, &mechanism));
    table_line("C_Digest", before, f->C_Digest(1, in, 8, out, &n));
    table_line("C_DigestUpdate", before, f->C_DigestUpdate(1, in, 8));
    table_line("C_DigestKey", before, f->C_DigestKey(1, 1));
    table_line("C_DigestFinal", before, f->C_DigestFinal(1, out, &n));
    table_line("C_SignInit", before, f->C_SignInit(1, &mechanism, 1));
    table_line("C_Sign", before, f->C_Sign(1, in, 8, out, &n));
    table_line("C_SignUpdate", before, f->C_SignUpdate(1, in, 8));
    table_line("C_SignFinal", before, f->C_SignFinal(1, out, &n));
    table_line("C_SignRecoverInit", before, f->C_SignRecoverInit(1, &mechanism, 1));
    table_line("C_SignRecover", before, f->C_SignRecover(1, in, 8, out, &n));
    table_line("C_VerifyInit", before, f->C_VerifyInit(1, &mechanism, 1));
    table_line("C_Verify", before, f->C_Verify(1, in, 8, out, n));
    table_line("C_VerifyUpdate", before, f->C_VerifyUpdate(1, in, 8));
    table_line("C_VerifyFinal", before, f->C_VerifyFinal(1, out, n));
    table_line("C_VerifyRecoverInit", before, f->C_VerifyRecoverInit(1, &mechanism, 1));
    table_line("C_VerifyRecover", before, f->C_VerifyRecover(1, in, 8, out, &n));
    table_line("C_DigestEncryptUpdate", before, f->C_DigestEncryptUpdate(1, in, 8, out, &n));
    table_line("C_DecryptDigestUpdate", before, f->C_DecryptDigestUpdate(1, in, 8, out, &n));
    table_line("C_SignEncryptUpdate", before, f->C_SignEncryptUpdate(1, in, 8, out, &n));
    table_line("C_DecryptVerifyUpdate", before, f->C_DecryptVerifyUpdate(1, in, 8, out, &n));
}

void table_before_initialize(const char *module)
{
    void *dl = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;
    CK_FUNCTION_LIST *f = NULL;

    if (dl != NULL)
        *(void **)&get_list = dlsym(dl, "C_GetFunctionList");
    if (get_list == NULL)
        return;
    table_line("C_GetFunctionList", "NULL", get_list(NULL));
    CK_RV rv = get_list(&f);
    table_line("C_GetFunctionList", "right", rv);
    if (rv != CKR_OK)
        return;
    slots_and_sessions(f);
    objects(f);
    operations(f);
}
