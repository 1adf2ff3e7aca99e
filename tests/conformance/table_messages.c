/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of PKCS#11 3.0. SoftHSM has none of them, and no mechanism for messages; what a token that
 * has them does with messages is in conformance/messages. */
#include "table.h"

#define OUT 256

static const char *const names[] = {
    "C_GetInterfaceList",    "C_GetInterface",        "C_LoginUser",           "C_SessionCancel",
    "C_MessageEncryptInit",  "C_EncryptMessage",      "C_EncryptMessageBegin", "C_EncryptMessageNext",
    "C_MessageEncryptFinal", "C_MessageDecryptInit",  "C_DecryptMessage",      "C_DecryptMessageBegin",
    "C_DecryptMessageNext",  "C_MessageDecryptFinal", "C_MessageSignInit",     "C_SignMessage",
    "C_SignMessageBegin",    "C_SignMessageNext",     "C_MessageSignFinal",    "C_MessageVerifyInit",
    "C_VerifyMessage",       "C_VerifyMessageBegin",  "C_VerifyMessageNext",   "C_MessageVerifyFinal",
};

static void interfaces(const struct sr_functions_3_0 *f)
{
    CK_INTERFACE list[8];
    CK_INTERFACE *found = NULL;
    CK_ULONG n = 0;
    CK_VERSION version = {2, 40};
    CK_UTF8CHAR unknown[] = "no such interface";

    table_line("C_GetInterfaceList", "asking for the number", f->C_GetInterfaceList(NULL, &n));
    n = 0;
    table_line("C_GetInterfaceList", "too small a buffer", f->C_GetInterfaceList(list, &n));
    n = 8;
    table_line("C_GetInterfaceList", "right", f->C_GetInterfaceList(list, &n));
    table_line("C_GetInterfaceList", "NULL", f->C_GetInterfaceList(NULL, NULL));
    table_line("C_GetInterface", "right", f->C_GetInterface(NULL, NULL, &found, 0));
    table_line("C_GetInterface", "version 2.40", f->C_GetInterface(NULL, &version, &found, 0));
    table_line("C_GetInterface", "no such interface", f->C_GetInterface(unknown, NULL, &found, 0));
    table_line("C_GetInterface", "NULL", f->C_GetInterface(NULL, NULL, NULL, 0));
}

static void sessions(struct table *t, const struct sr_functions_3_0 *f)
{
    CK_UTF8CHAR user[] = "somebody";
    CK_MECHANISM digest = {CKM_SHA256, NULL, 0};
    CK_BYTE data[8] = {0};

    table_line("C_LoginUser", "right", f->C_LoginUser(t->op, CKU_USER, t->pin, t->pin_length, NULL, 0));
    table_line("C_LoginUser", "a name", f->C_LoginUser(t->op, CKU_USER, t->pin, t->pin_length, user, 8));
    table_line("C_LoginUser", "no such session",
               f->C_LoginUser(NO_SUCH, CKU_USER, t->pin, t->pin_length, NULL, 0));
    table_fresh(t);
    if (t->f->C_DigestInit(t->op, &digest) == CKR_OK) {
        table_line("C_SessionCancel", "right", f->C_SessionCancel(t->op, CKF_DIGEST));
        table_line("C_SessionCancel", "what was cancelled", t->f->C_DigestUpdate(t->op, data, sizeof(data)));
    }
    table_line("C_SessionCancel", "nothing active", f->C_SessionCancel(t->op, CKF_SIGN));
    table_line("C_SessionCancel", "no such session", f->C_SessionCancel(NO_SUCH, CKF_DIGEST));
}

static void ciphers(struct table *t, const struct sr_functions_3_0 *f, CK_SESSION_HANDLE session,
                    const char *what)
{
    CK_OBJECT_HANDLE key = table_key(t, KIND_AES, ROLE_CRYPT)->private;
    CK_MECHANISM gcm = {CKM_AES_GCM, NULL, 0};
    CK_BYTE parameter[64] = {0};
    CK_BYTE in[32] = {0};
    CK_BYTE out[OUT];
    CK_ULONG n = OUT;

    table_line("C_MessageEncryptInit", what, f->C_MessageEncryptInit(session, &gcm, key));
    table_line("C_EncryptMessage", what, f->C_EncryptMessage(session, parameter, 48, in, 8, in, 32, out, &n));
    table_line("C_EncryptMessageBegin", what, f->C_EncryptMessageBegin(session, parameter, 48, in, 8));
    table_line("C_EncryptMessageNext", what,
               f->C_EncryptMessageNext(session, parameter, 48, in, 32, out, &n, CKF_END_OF_MESSAGE));
    table_line("C_MessageEncryptFinal", what, f->C_MessageEncryptFinal(session));
    table_line("C_MessageDecryptInit", what, f->C_MessageDecryptInit(session, &gcm, key));
    table_line("C_DecryptMessage", what, f->C_DecryptMessage(session, parameter, 48, in, 8, in, 32, out, &n));
    table_line("C_DecryptMessageBegin", what, f->C_DecryptMessageBegin(session, parameter, 48, in, 8));
    table_line("C_DecryptMessageNext", what,
               f->C_DecryptMessageNext(session, parameter, 48, in, 32, out, &n, CKF_END_OF_MESSAGE));
    table_line("C_MessageDecryptFinal", what, f->C_MessageDecryptFinal(session));
}

static void signatures(struct table *t, const struct sr_functions_3_0 *f, CK_SESSION_HANDLE session,
                       const char *what)
{
    const struct pair *key = table_key(t, KIND_EC, ROLE_SIGN);
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_BYTE in[32] = {0};
    CK_BYTE out[OUT] = {0};
    CK_ULONG n = OUT;

    table_line("C_MessageSignInit", what, f->C_MessageSignInit(session, &ecdsa, key->private));
    table_line("C_SignMessage", what, f->C_SignMessage(session, NULL, 0, in, 32, out, &n));
    table_line("C_SignMessageBegin", what, f->C_SignMessageBegin(session, NULL, 0));
    table_line("C_SignMessageNext", what, f->C_SignMessageNext(session, NULL, 0, in, 32, out, &n));
    table_line("C_MessageSignFinal", what, f->C_MessageSignFinal(session));
    table_line("C_MessageVerifyInit", what, f->C_MessageVerifyInit(session, &ecdsa, key->public));
    table_line("C_VerifyMessage", what, f->C_VerifyMessage(session, NULL, 0, in, 32, out, 64));
    table_line("C_VerifyMessageBegin", what, f->C_VerifyMessageBegin(session, NULL, 0));
    table_line("C_VerifyMessageNext", what, f->C_VerifyMessageNext(session, NULL, 0, in, 32, out, 64));
    table_line("C_MessageVerifyFinal", what, f->C_MessageVerifyFinal(session));
}

void table_three(struct table *t)
{
    const struct sr_functions_3_0 *f = t->s.module.f3;
    if (f == NULL) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            table_say(names[i], "right", CKR_FUNCTION_NOT_SUPPORTED, "(there is no such function)");
        return;
    }
    table_fresh(t);
    interfaces(f);
    sessions(t, f);
    table_fresh(t);
    ciphers(t, f, t->op, "right");
    ciphers(t, f, NO_SUCH, "no such session");
    table_fresh(t);
    signatures(t, f, t->op, "right");
    signatures(t, f, NO_SUCH, "no such session");
}
