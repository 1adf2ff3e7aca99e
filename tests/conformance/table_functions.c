/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that are no mechanism's: rightly called, and wrongly. */
#include "cryptoki/token.h"
#include "table.h"

#include <string.h>

#define OUT 512

static void general(struct table *t)
{
    CK_INFO info = {0};
    CK_C_INITIALIZE_ARGS args;
    CK_FUNCTION_LIST *list = NULL;

    table_line("C_Initialize", "a second time", t->f->C_Initialize(NULL));
    memset(&args, 0, sizeof(args));
    args.flags = CKF_OS_LOCKING_OK;
    table_line("C_Initialize", "a second time, with arguments", t->f->C_Initialize(&args));
    table_line("C_Finalize", "an argument that is reserved", t->f->C_Finalize(&args));
    CK_RV rv = t->f->C_GetInfo(&info);
    table_say("C_GetInfo", "right", rv, "Cryptoki %d.%d", info.cryptokiVersion.major,
              info.cryptokiVersion.minor);
    table_line("C_GetInfo", "NULL", t->f->C_GetInfo(NULL));
    table_say("C_GetFunctionList", "from the list", t->f->C_GetFunctionList(&list), "version %d.%d",
              list != NULL ? list->version.major : 0, list != NULL ? list->version.minor : 0);
    table_line("C_GetFunctionStatus", "right", t->f->C_GetFunctionStatus(t->home));
    table_line("C_CancelFunction", "right", t->f->C_CancelFunction(t->home));
    table_line("C_GetFunctionStatus", "no such session", t->f->C_GetFunctionStatus(NO_SUCH));
    table_line("C_CancelFunction", "no such session", t->f->C_CancelFunction(NO_SUCH));
}

static void slots(struct table *t)
{
    CK_SLOT_ID found[16];
    CK_ULONG count = 0;
    CK_SLOT_INFO info = {0};

    table_line("C_GetSlotList", "asking for the number", t->f->C_GetSlotList(CK_TRUE, NULL, &count));
    count = 0;
    table_line("C_GetSlotList", "too small a buffer", t->f->C_GetSlotList(CK_TRUE, found, &count));
    count = 16;
    CK_RV rv = t->f->C_GetSlotList(CK_TRUE, found, &count);
    table_say("C_GetSlotList", "with a token", rv, "%lu", count);
    count = 16;
    rv = t->f->C_GetSlotList(CK_FALSE, found, &count);
    table_say("C_GetSlotList", "with a token or without", rv, "%lu", count);
    table_line("C_GetSlotList", "NULL", t->f->C_GetSlotList(CK_TRUE, found, NULL));
    rv = t->f->C_GetSlotInfo(t->s.slot, &info);
    table_say("C_GetSlotInfo", "right", rv, "flags 0x%lx", info.flags);
    table_line("C_GetSlotInfo", "no such slot", t->f->C_GetSlotInfo(NO_SUCH, &info));
    table_line("C_GetSlotInfo", "NULL", t->f->C_GetSlotInfo(t->s.slot, NULL));
    table_line("C_WaitForSlotEvent", "without blocking",
               t->f->C_WaitForSlotEvent(CKF_DONT_BLOCK, found, NULL));
    table_line("C_WaitForSlotEvent", "NULL", t->f->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL));
}

static const struct {
    CK_FLAGS flag;
    const char *name;
} token_flags[] = {
    {CKF_RNG, "CKF_RNG"},
    {CKF_WRITE_PROTECTED, "CKF_WRITE_PROTECTED"},
    {CKF_LOGIN_REQUIRED, "CKF_LOGIN_REQUIRED"},
    {CKF_USER_PIN_INITIALIZED, "CKF_USER_PIN_INITIALIZED"},
    {CKF_RESTORE_KEY_NOT_NEEDED, "CKF_RESTORE_KEY_NOT_NEEDED"},
    {CKF_DUAL_CRYPTO_OPERATIONS, "CKF_DUAL_CRYPTO_OPERATIONS"},
    {CKF_TOKEN_INITIALIZED, "CKF_TOKEN_INITIALIZED"},
};

static CK_FLAGS all_token_flags(void)
{
    CK_FLAGS all = 0;
    for (size_t i = 0; i < sizeof(token_flags) / sizeof(token_flags[0]); i++)
        all |= token_flags[i].flag;
    return all;
}

static void token(struct table *t)
{
    CK_TOKEN_INFO info = {0};
    CK_MECHANISM_TYPE types[512];
    CK_MECHANISM_INFO mechanism;
    CK_ULONG count = 0;
    CK_BYTE label[32];
    char serial[17];

    CK_RV rv = t->f->C_GetTokenInfo(t->s.slot, &info);
    table_say("C_GetTokenInfo", "right", rv, "PIN of %lu to %lu", info.ulMinPinLen, info.ulMaxPinLen);
    for (size_t i = 0; i < sizeof(token_flags) / sizeof(token_flags[0]); i++)
        table_say("C_GetTokenInfo", token_flags[i].name, rv, "%s",
                  info.flags & token_flags[i].flag ? "yes" : "no");
    table_say("C_GetTokenInfo", "other flags", rv, "0x%lx", info.flags & ~all_token_flags());
    sr_unpad(info.serialNumber, sizeof(info.serialNumber), serial, sizeof(serial));
    table_say("C_GetTokenInfo", "the serial number's length", rv, "%zu", strlen(serial));
    table_line("C_GetTokenInfo", "no such slot", t->f->C_GetTokenInfo(NO_SUCH, &info));
    table_line("C_GetTokenInfo", "NULL", t->f->C_GetTokenInfo(t->s.slot, NULL));
    rv = t->f->C_GetMechanismList(t->s.slot, NULL, &count);
    table_say("C_GetMechanismList", "asking for the number", rv, "%lu", count);
    count = 1;
    table_line("C_GetMechanismList", "too small a buffer",
               t->f->C_GetMechanismList(t->s.slot, types, &count));
    table_line("C_GetMechanismList", "no such slot", t->f->C_GetMechanismList(NO_SUCH, types, &count));
    table_line("C_GetMechanismList", "NULL", t->f->C_GetMechanismList(t->s.slot, types, NULL));
    table_line("C_GetMechanismInfo", "right", t->f->C_GetMechanismInfo(t->s.slot, CKM_SHA256, &mechanism));
    table_line("C_GetMechanismInfo", "no such mechanism",
               t->f->C_GetMechanismInfo(t->s.slot, NO_MECHANISM, &mechanism));
    table_line("C_GetMechanismInfo", "no such slot",
               t->f->C_GetMechanismInfo(NO_SUCH, CKM_SHA256, &mechanism));
    table_line("C_GetMechanismInfo", "NULL", t->f->C_GetMechanismInfo(t->s.slot, CKM_SHA256, NULL));
    memset(label, ' ', sizeof(label));
    table_line("C_InitToken", "no such slot", t->f->C_InitToken(NO_SUCH, t->pin, t->pin_length, label));
    table_line("C_InitToken", "while sessions are open",
               t->f->C_InitToken(t->s.slot, t->pin, t->pin_length, label));
    table_line("C_InitToken", "NULL", t->f->C_InitToken(t->s.slot, NULL, t->pin_length, label));
}

static void sessions(struct table *t)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_SESSION_INFO info = {0};

    table_line("C_OpenSession", "not serial", t->f->C_OpenSession(t->s.slot, 0, NULL, NULL, &session));
    table_line("C_OpenSession", "no such slot",
               t->f->C_OpenSession(NO_SUCH, CKF_SERIAL_SESSION, NULL, NULL, &session));
    table_line("C_OpenSession", "NULL", t->f->C_OpenSession(t->s.slot, CKF_SERIAL_SESSION, NULL, NULL, NULL));
    table_line("C_OpenSession", "read-only",
               t->f->C_OpenSession(t->s.slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
    CK_RV rv = t->f->C_GetSessionInfo(session, &info);
    table_say("C_GetSessionInfo", "read-only", rv, "state %lu, flags 0x%lx", info.state, info.flags);
    table_line("C_CloseSession", "right", t->f->C_CloseSession(session));
    table_line("C_CloseSession", "a second time", t->f->C_CloseSession(session));
    table_line("C_CloseSession", "no such session", t->f->C_CloseSession(NO_SUCH));
    rv = t->f->C_GetSessionInfo(t->home, &info);
    table_say("C_GetSessionInfo", "read/write", rv, "state %lu, flags 0x%lx", info.state, info.flags);
    table_line("C_GetSessionInfo", "no such session", t->f->C_GetSessionInfo(NO_SUCH, &info));
    table_line("C_GetSessionInfo", "NULL", t->f->C_GetSessionInfo(t->home, NULL));
    table_line("C_CloseAllSessions", "no such slot", t->f->C_CloseAllSessions(NO_SUCH));
}

static void state(struct table *t)
{
    CK_BYTE out[OUT];
    CK_ULONG n = sizeof(out);
    CK_MECHANISM digest = {CKM_SHA256, NULL, 0};

    table_fresh(t);
    table_line("C_GetOperationState", "nothing active", t->f->C_GetOperationState(t->op, out, &n));
    table_line("C_GetOperationState", "no such session", t->f->C_GetOperationState(NO_SUCH, out, &n));
    table_line("C_SetOperationState", "no state", t->f->C_SetOperationState(t->op, out, 8, 0, 0));
    table_line("C_SetOperationState", "no such session", t->f->C_SetOperationState(NO_SUCH, out, 8, 0, 0));
    if (t->f->C_DigestInit(t->op, &digest) == CKR_OK) {
        n = sizeof(out);
        table_line("C_GetOperationState", "a digest active", t->f->C_GetOperationState(t->op, out, &n));
    }
}

/* Operations that were not begun; and calls without what they need. */
static void not_begun(struct table *t)
{
    CK_FUNCTION_LIST *f = t->f;
    CK_BYTE in[64] = {0};
    CK_BYTE out[OUT];
    CK_ULONG n = OUT;
    static const char not [] = "not begun";

    table_fresh(t);
    table_line("C_Encrypt", not, f->C_Encrypt(t->op, in, 16, out, &n));
    table_line("C_EncryptUpdate", not, f->C_EncryptUpdate(t->op, in, 16, out, &n));
    table_line("C_EncryptFinal", not, f->C_EncryptFinal(t->op, out, &n));
    table_line("C_Decrypt", not, f->C_Decrypt(t->op, in, 16, out, &n));
    table_line("C_DecryptUpdate", not, f->C_DecryptUpdate(t->op, in, 16, out, &n));
    table_line("C_DecryptFinal", not, f->C_DecryptFinal(t->op, out, &n));
    table_line("C_Digest", not, f->C_Digest(t->op, in, 16, out, &n));
    table_line("C_DigestUpdate", not, f->C_DigestUpdate(t->op, in, 16));
    table_line("C_DigestKey", not, f->C_DigestKey(t->op, table_key(t, KIND_AES, ROLE_CRYPT)->private));
    table_line("C_DigestFinal", not, f->C_DigestFinal(t->op, out, &n));
    table_line("C_Sign", not, f->C_Sign(t->op, in, 16, out, &n));
    table_line("C_SignUpdate", not, f->C_SignUpdate(t->op, in, 16));
    table_line("C_SignFinal", not, f->C_SignFinal(t->op, out, &n));
    table_line("C_SignRecover", not, f->C_SignRecover(t->op, in, 16, out, &n));
    table_line("C_Verify", not, f->C_Verify(t->op, in, 16, out, 64));
    table_line("C_VerifyUpdate", not, f->C_VerifyUpdate(t->op, in, 16));
    table_line("C_VerifyFinal", not, f->C_VerifyFinal(t->op, out, 64));
    table_line("C_VerifyRecover", not, f->C_VerifyRecover(t->op, in, 16, out, &n));
    table_line("C_DigestEncryptUpdate", not, f->C_DigestEncryptUpdate(t->op, in, 16, out, &n));
    table_line("C_DecryptDigestUpdate", not, f->C_DecryptDigestUpdate(t->op, in, 16, out, &n));
    table_line("C_SignEncryptUpdate", not, f->C_SignEncryptUpdate(t->op, in, 16, out, &n));
    table_line("C_DecryptVerifyUpdate", not, f->C_DecryptVerifyUpdate(t->op, in, 16, out, &n));
    table_line("C_FindObjects", not, f->C_FindObjects(t->op, &n, 1, &n));
    table_line("C_FindObjectsFinal", not, f->C_FindObjectsFinal(t->op));
}

static void no_session(struct table *t)
{
    CK_FUNCTION_LIST *f = t->f;
    CK_MECHANISM m = {CKM_AES_GCM, NULL, 0};
    CK_BYTE in[64] = {0};
    CK_BYTE out[OUT];
    CK_ULONG n = OUT;
    CK_OBJECT_HANDLE key = table_key(t, KIND_AES, ROLE_CRYPT)->private;
    static const char no[] = "no such session";

    table_line("C_EncryptInit", no, f->C_EncryptInit(NO_SUCH, &m, key));
    table_line("C_Encrypt", no, f->C_Encrypt(NO_SUCH, in, 16, out, &n));
    table_line("C_EncryptUpdate", no, f->C_EncryptUpdate(NO_SUCH, in, 16, out, &n));
    table_line("C_EncryptFinal", no, f->C_EncryptFinal(NO_SUCH, out, &n));
    table_line("C_DecryptInit", no, f->C_DecryptInit(NO_SUCH, &m, key));
    table_line("C_Decrypt", no, f->C_Decrypt(NO_SUCH, in, 16, out, &n));
    table_line("C_DecryptUpdate", no, f->C_DecryptUpdate(NO_SUCH, in, 16, out, &n));
    table_line("C_DecryptFinal", no, f->C_DecryptFinal(NO_SUCH, out, &n));
    table_line("C_DigestInit", no, f->C_DigestInit(NO_SUCH, &m));
    table_line("C_Digest", no, f->C_Digest(NO_SUCH, in, 16, out, &n));
    table_line("C_DigestUpdate", no, f->C_DigestUpdate(NO_SUCH, in, 16));
    table_line("C_DigestKey", no, f->C_DigestKey(NO_SUCH, key));
    table_line("C_DigestFinal", no, f->C_DigestFinal(NO_SUCH, out, &n));
    table_line("C_SignInit", no, f->C_SignInit(NO_SUCH, &m, key));
    table_line("C_Sign", no, f->C_Sign(NO_SUCH, in, 16, out, &n));
    table_line("C_SignUpdate", no, f->C_SignUpdate(NO_SUCH, in, 16));
    table_line("C_SignFinal", no, f->C_SignFinal(NO_SUCH, out, &n));
    table_line("C_SignRecoverInit", no, f->C_SignRecoverInit(NO_SUCH, &m, key));
    table_line("C_SignRecover", no, f->C_SignRecover(NO_SUCH, in, 16, out, &n));
    table_line("C_VerifyInit", no, f->C_VerifyInit(NO_SUCH, &m, key));
    table_line("C_Verify", no, f->C_Verify(NO_SUCH, in, 16, out, 64));
    table_line("C_VerifyUpdate", no, f->C_VerifyUpdate(NO_SUCH, in, 16));
    table_line("C_VerifyFinal", no, f->C_VerifyFinal(NO_SUCH, out, 64));
    table_line("C_VerifyRecoverInit", no, f->C_VerifyRecoverInit(NO_SUCH, &m, key));
    table_line("C_VerifyRecover", no, f->C_VerifyRecover(NO_SUCH, in, 16, out, &n));
    table_line("C_DigestEncryptUpdate", no, f->C_DigestEncryptUpdate(NO_SUCH, in, 16, out, &n));
    table_line("C_DecryptDigestUpdate", no, f->C_DecryptDigestUpdate(NO_SUCH, in, 16, out, &n));
    table_line("C_SignEncryptUpdate", no, f->C_SignEncryptUpdate(NO_SUCH, in, 16, out, &n));
    table_line("C_DecryptVerifyUpdate", no, f->C_DecryptVerifyUpdate(NO_SUCH, in, 16, out, &n));
    table_line("C_SeedRandom", no, f->C_SeedRandom(NO_SUCH, in, 16));
    table_line("C_GenerateRandom", no, f->C_GenerateRandom(NO_SUCH, out, 16));
}

/* Without a mechanism; PKCS#11 v3.0 §5.8 and others let it cancel what is active. And without a place for the
 * result. */
static void no_arguments(struct table *t)
{
    CK_FUNCTION_LIST *f = t->f;
    CK_OBJECT_HANDLE aes = table_key(t, KIND_AES, ROLE_CRYPT)->private;
    const struct pair *ec = table_key(t, KIND_EC, ROLE_SIGN);
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_MECHANISM none = {NO_MECHANISM, NULL, 0};
    CK_BYTE in[64] = {0};
    CK_OBJECT_HANDLE key;

    table_fresh(t);
    table_line("C_EncryptInit", "no mechanism", f->C_EncryptInit(t->op, NULL, aes));
    table_line("C_DecryptInit", "no mechanism", f->C_DecryptInit(t->op, NULL, aes));
    table_line("C_DigestInit", "no mechanism", f->C_DigestInit(t->op, NULL));
    table_line("C_SignInit", "no mechanism", f->C_SignInit(t->op, NULL, ec->private));
    table_line("C_VerifyInit", "no mechanism", f->C_VerifyInit(t->op, NULL, ec->public));
    table_line("C_SignRecoverInit", "no mechanism", f->C_SignRecoverInit(t->op, NULL, ec->private));
    table_line("C_VerifyRecoverInit", "no mechanism", f->C_VerifyRecoverInit(t->op, NULL, ec->public));
    table_line("C_GenerateKey", "no mechanism", f->C_GenerateKey(t->op, NULL, NULL, 0, &key));
    table_line("C_DeriveKey", "no mechanism", f->C_DeriveKey(t->op, NULL, aes, NULL, 0, &key));
    table_line("C_EncryptInit", "an unknown mechanism", f->C_EncryptInit(t->op, &none, aes));
    table_line("C_DecryptInit", "an unknown mechanism", f->C_DecryptInit(t->op, &none, aes));
    table_line("C_DigestInit", "an unknown mechanism", f->C_DigestInit(t->op, &none));
    table_line("C_SignInit", "an unknown mechanism", f->C_SignInit(t->op, &none, ec->private));
    table_line("C_VerifyInit", "an unknown mechanism", f->C_VerifyInit(t->op, &none, ec->public));
    table_line("C_SignRecoverInit", "an unknown mechanism", f->C_SignRecoverInit(t->op, &none, ec->private));
    table_line("C_VerifyRecoverInit", "an unknown mechanism",
               f->C_VerifyRecoverInit(t->op, &none, ec->public));
    table_line("C_GenerateKey", "an unknown mechanism", f->C_GenerateKey(t->op, &none, NULL, 0, &key));
    table_line("C_GenerateKeyPair", "an unknown mechanism",
               f->C_GenerateKeyPair(t->op, &none, NULL, 0, NULL, 0, &key, &key));
    table_fresh(t);
    if (f->C_SignInit(t->op, &ecdsa, ec->private) == CKR_OK)
        table_line("C_Sign", "no place for the length", f->C_Sign(t->op, in, 32, in, NULL));
    table_fresh(t);
    if (f->C_DigestInit(t->op, &sha) == CKR_OK)
        table_line("C_Digest", "no place for the length", f->C_Digest(t->op, in, 32, in, NULL));
    table_fresh(t);
    if (f->C_DigestInit(t->op, &sha) == CKR_OK)
        table_line("C_DigestUpdate", "nothing, of 8 bytes", f->C_DigestUpdate(t->op, NULL, 8));
    table_fresh(t);
    if (f->C_VerifyInit(t->op, &ecdsa, ec->public) == CKR_OK)
        table_line("C_Verify", "no signature", f->C_Verify(t->op, in, 32, NULL, 64));
    table_line("C_SeedRandom", "right", f->C_SeedRandom(t->op, in, 16));
    table_line("C_SeedRandom", "nothing, of 8 bytes", f->C_SeedRandom(t->op, NULL, 8));
    table_line("C_GenerateRandom", "right", f->C_GenerateRandom(t->op, in, 16));
    table_line("C_GenerateRandom", "nothing, of 8 bytes", f->C_GenerateRandom(t->op, NULL, 8));
    table_line("C_GenerateRandom", "no bytes", f->C_GenerateRandom(t->op, in, 0));
}

/* PINs, and what a logout takes away: at the end. */
static void login(struct table *t)
{
    CK_FUNCTION_LIST *f = t->f;
    CK_BYTE wrong[] = "not the PIN";
    CK_SESSION_INFO info = {0};
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;

    table_fresh(t);
    table_line("C_Login", "a second time", f->C_Login(t->op, CKU_USER, t->pin, t->pin_length));
    table_line("C_Login", "the officer, while the user is logged in",
               f->C_Login(t->op, CKU_SO, t->pin, t->pin_length));
    table_line("C_Login", "no such user", f->C_Login(t->op, 77, t->pin, t->pin_length));
    table_line("C_Login", "no such session", f->C_Login(NO_SUCH, CKU_USER, t->pin, t->pin_length));
    table_line("C_Login", "for one operation",
               f->C_Login(t->op, CKU_CONTEXT_SPECIFIC, t->pin, t->pin_length));
    table_line("C_InitPIN", "as the user", f->C_InitPIN(t->op, t->pin, t->pin_length));
    table_line("C_InitPIN", "no such session", f->C_InitPIN(NO_SUCH, t->pin, t->pin_length));
    table_line("C_SetPIN", "a wrong old one",
               f->C_SetPIN(t->op, wrong, sizeof(wrong) - 1, t->pin, t->pin_length));
    table_line("C_SetPIN", "too short a new one", f->C_SetPIN(t->op, t->pin, t->pin_length, t->pin, 1));
    table_line("C_SetPIN", "no such session",
               f->C_SetPIN(NO_SUCH, t->pin, t->pin_length, t->pin, t->pin_length));
    table_line("C_SetPIN", "right", f->C_SetPIN(t->op, t->pin, t->pin_length, t->pin, t->pin_length));
    table_line("C_Logout", "no such session", f->C_Logout(NO_SUCH));
    table_line("C_Logout", "right", f->C_Logout(t->op));
    table_line("C_Logout", "a second time", f->C_Logout(t->op));
    CK_RV rv = f->C_GetSessionInfo(t->home, &info);
    table_say("C_GetSessionInfo", "after the logout", rv, "state %lu", info.state);
    table_say("C_Logout", "a private key of the session is gone with it", CKR_OK, "%s",
              table_number(t, table_key(t, KIND_AES, ROLE_CRYPT)->private, CKA_KEY_TYPE, NO_SUCH) == NO_SUCH
                  ? "yes"
                  : "no");
    table_line("C_Login", "a wrong PIN", f->C_Login(t->op, CKU_USER, wrong, sizeof(wrong) - 1));
    table_line("C_Login", "no PIN", f->C_Login(t->op, CKU_USER, NULL, 0));
    table_line("C_Login", "right", f->C_Login(t->op, CKU_USER, t->pin, t->pin_length));
    table_line("C_CloseAllSessions", "right", f->C_CloseAllSessions(t->s.slot));
    table_line("C_GetSessionInfo", "after C_CloseAllSessions", f->C_GetSessionInfo(t->home, &info));
    rv = f->C_OpenSession(t->s.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
    table_line("C_OpenSession", "after C_CloseAllSessions", rv);
    rv = f->C_GetSessionInfo(session, &info);
    table_say("C_GetSessionInfo", "of a new session after C_CloseAllSessions", rv, "state %lu", info.state);
    table_line(
        "C_InitToken", "a wrong officer's PIN",
        f->C_InitToken(t->s.slot, wrong, sizeof(wrong) - 1, (CK_BYTE *)"x                               "));
    table_line("C_Finalize", "right", f->C_Finalize(NULL));
    table_line("C_Finalize", "a second time", f->C_Finalize(NULL));
    table_line("C_GetInfo", "after C_Finalize", f->C_GetInfo(NULL));
}

void table_functions(struct table *t)
{
    general(t);
    slots(t);
    token(t);
    sessions(t);
    state(t);
    not_begun(t);
    no_session(t);
    no_arguments(t);
    login(t);
}
