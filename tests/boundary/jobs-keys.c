/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of Cryptoki that uses, changes, copies, reads or destroys a key, tried on the jobs' keys.
 * usage: jobs-keys refused          all objects with a job's label: everything is refused, and making more of
 * them jobs-keys own LABEL [destroy]  the control: a private key that is nobody's job may be used (and
 * destroyed) jobs-keys raw              the control on the token itself: of each key, what it is for can be
 * done, and it can be destroyed A line per object and function is printed, "LABEL FUNCTION CKR_...". */
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "daemon/custody.h"
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
static CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_BYTE block[64] = "sixteen bytes or more, as good as any other";

static void expect(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    failures += !good;
}

/* What each function does with KEY; several mechanisms are tried where one might fit another key than this.
 */

static CK_RV try_sign(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    static const CK_MECHANISM_TYPE types[] = {CKM_SHA512_HMAC, CKM_SHA256_HMAC, CKM_SHA_1_HMAC, CKM_AES_CMAC,
                                              CKM_ECDSA};
    CK_RV rv = CKR_FUNCTION_FAILED;
    for (size_t i = 0; rv != CKR_OK && i < sizeof(types) / sizeof(types[0]); i++) {
        CK_MECHANISM m = {types[i], NULL, 0};
        CK_BYTE signature[512];
        CK_ULONG length = sizeof(signature);
        rv = f->C_SignInit(session, &m, key);
        if (rv == CKR_OK)
            rv = f->C_Sign(session, block, 32, signature, &length);
    }
    return rv;
}

static CK_RV try_verify(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {CKM_SHA256_HMAC, NULL, 0};
    return f->C_VerifyInit(session, &m, key);
}

static CK_RV try_encrypt(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {CKM_AES_ECB, NULL, 0};
    return f->C_EncryptInit(session, &m, key);
}

static CK_RV try_decrypt(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {CKM_AES_ECB, NULL, 0};
    return f->C_DecryptInit(session, &m, key);
}

static CK_RV try_digest(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {CKM_SHA256, NULL, 0};
    CK_RV rv = f->C_DigestInit(session, &m);
    return rv == CKR_OK ? f->C_DigestKey(session, key) : rv;
}

static CK_RV try_derive(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_AES_CBC_ENCRYPT_DATA_PARAMS parameters = {.iv = {0}, .pData = block, .length = 32};
    CK_MECHANISM m = {CKM_AES_CBC_ENCRYPT_DATA, &parameters, sizeof(parameters)};
    CK_ULONG size = 32;
    CK_ATTRIBUTE a[] = {
        {CKA_CLASS, &secret_key, sizeof(secret_key)}, {CKA_KEY_TYPE, &generic, sizeof(generic)},
        {CKA_VALUE_LEN, &size, sizeof(size)},         {CKA_SENSITIVE, &no, sizeof(no)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)},         {CKA_TOKEN, &no, sizeof(no)}};
    CK_OBJECT_HANDLE child;
    return f->C_DeriveKey(session, &m, key, a, sizeof(a) / sizeof(a[0]), &child);
}

static CK_RV try_wrap(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    CK_BYTE wrapped[256];
    CK_ULONG length = sizeof(wrapped);
    return f->C_WrapKey(session, &m, key, key, wrapped, &length);
}

/* RFC 5649 §6: 32 bytes that a KEK might have wrapped. Whoever may unwrap is told that these were not. */
static CK_RV try_unwrap(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM m = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &secret_key, sizeof(secret_key)},
                        {CKA_KEY_TYPE, &generic, sizeof(generic)},
                        {CKA_TOKEN, &no, sizeof(no)}};
    CK_OBJECT_HANDLE unwrapped;
    return f->C_UnwrapKey(session, &m, key, block, 32, a, sizeof(a) / sizeof(a[0]), &unwrapped);
}

static CK_RV try_rename(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE a = {CKA_LABEL, (void *)"mine", 4};
    return f->C_SetAttributeValue(session, key, &a, 1);
}

static CK_RV try_widen(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE a = {CKA_ENCRYPT, &yes, sizeof(yes)};
    return f->C_SetAttributeValue(session, key, &a, 1);
}

static CK_RV try_copy(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE a[] = {{CKA_LABEL, (void *)"mine", 4}, {CKA_TOKEN, &no, sizeof(no)}};
    CK_OBJECT_HANDLE copy;
    return f->C_CopyObject(session, key, a, 2, &copy);
}

static CK_RV try_read(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_BYTE value[512];
    CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof(value)};
    return f->C_GetAttributeValue(session, key, &a, 1);
}

static CK_RV try_destroy(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    return f->C_DestroyObject(session, key);
}

/* Destroying comes last: on the token itself it is done. */
static const struct attempt {
    const char *name;
    CK_RV (*run)(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key);
} attempts[] = {
    {"C_Sign", try_sign},
    {"C_VerifyInit", try_verify},
    {"C_EncryptInit", try_encrypt},
    {"C_DecryptInit", try_decrypt},
    {"C_DigestKey", try_digest},
    {"C_DeriveKey", try_derive},
    {"C_WrapKey", try_wrap},
    {"C_UnwrapKey", try_unwrap},
    {"C_SetAttributeValue(CKA_LABEL)", try_rename},
    {"C_SetAttributeValue(CKA_ENCRYPT)", try_widen},
    {"C_CopyObject", try_copy},
    {"C_GetAttributeValue(CKA_VALUE)", try_read},
    {"C_DestroyObject", try_destroy},
};
#define ATTEMPTS (sizeof(attempts) / sizeof(attempts[0]))

/* In a session of its own, which ends what was begun. */
static CK_RV attempt_alone(struct signer *s, const struct attempt *what, CK_OBJECT_HANDLE key)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_SESSION_HANDLE session;
    CK_RV rv = f->C_OpenSession(s->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
    if (rv != CKR_OK) {
        expect("C_OpenSession", false);
        return rv;
    }
    rv = what->run(f, session, key);
    expect("C_CloseSession", f->C_CloseSession(session) == CKR_OK);
    return rv;
}

/* Tries everything on the object, and returns how many times it was done. A failure of the device is no
 * refusal. */
static size_t try_all(struct signer *s, const char *label, CK_OBJECT_HANDLE key)
{
    size_t done = 0;
    for (size_t i = 0; i < ATTEMPTS; i++) {
        CK_RV rv = attempt_alone(s, &attempts[i], key);
        printf("%s %s %s\n", label, attempts[i].name, sr_rv_name(rv));
        done += rv == CKR_OK;
        if (rv == CKR_DEVICE_ERROR || rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_OBJECT_HANDLE_INVALID)
            expect("an answer", false);
    }
    return done;
}

/* Calls EACH with every object that has a job's label; false where the search fails. */
static bool all_of_jobs(struct signer *s,
                        void (*each)(struct signer *s, const char *label, CK_OBJECT_HANDLE key))
{
    CK_OBJECT_HANDLE *found;
    size_t n;
    size_t count = 0;
    CK_RV rv = sr_find(s->module.f, s->session, NULL, 0, &found, &n);
    for (size_t i = 0; rv == CKR_OK && i < n; i++) {
        CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0};
        char label[128];
        rv = sr_attributes_read(s->module.f, s->session, found[i], &a, 1);
        if (rv == CKR_OK && sr_custody_reserved(a.pValue, a.ulValueLen)) {
            (void)snprintf(label, sizeof(label), "%.*s", (int)a.ulValueLen, (const char *)a.pValue);
            each(s, label, found[i]);
            count++;
        }
        sr_attributes_free(&a, 1);
    }
    if (n > 0)
        free(found);
    printf("%zu objects with a job's label\n", count);
    return rv == CKR_OK && count > 0;
}

static void refused(struct signer *s, const char *label, CK_OBJECT_HANDLE key)
{
    expect(label, try_all(s, label, key) == 0);
}

/* What the key is for, and destroying it. */
static void possible(struct signer *s, const char *label, CK_OBJECT_HANDLE key)
{
    /* Of the pair that signs the audit log, the public half is for other people's programs. */
    CK_ATTRIBUTE a = {CKA_CLASS, NULL, 0};
    CK_RV rv = sr_attributes_read(s->module.f, s->session, key, &a, 1);
    bool public = sr_attribute_ulong(&a, CKO_SECRET_KEY) == CKO_PUBLIC_KEY;
    sr_attributes_free(&a, 1);
    expect(label, rv == CKR_OK && try_all(s, label, key) >= (public ? 1 : 2));
}

static CK_RV create(struct signer *s, const char *label, CK_BBOOL *token)
{
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &secret_key, sizeof(secret_key)},
                        {CKA_KEY_TYPE, &generic, sizeof(generic)},
                        {CKA_LABEL, (void *)label, strlen(label)},
                        {CKA_TOKEN, token, sizeof(*token)},
                        {CKA_VALUE, block, 32}};
    return s->module.f->C_CreateObject(s->session, a, 5, &key);
}

static CK_RV generate(struct signer *s, const char *label, CK_BBOOL *token)
{
    CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG size = 32;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE a[] = {{CKA_LABEL, (void *)label, strlen(label)},
                        {CKA_TOKEN, token, sizeof(*token)},
                        {CKA_VALUE_LEN, &size, sizeof(size)}};
    return s->module.f->C_GenerateKey(s->session, &m, a, 3, &key);
}

static CK_RV generate_pair(struct signer *s, const char *label, CK_BBOOL *token, bool public_half)
{
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE keys[2];
    const char *of_public = public_half ? label : "mine";
    const char *of_private = public_half ? "mine" : label;
    CK_ATTRIBUTE public[] = {{CKA_EC_PARAMS, p256, sizeof(p256)},
                             {CKA_LABEL, (void *)of_public, strlen(of_public)},
                             {CKA_TOKEN, token, sizeof(*token)}};
    CK_ATTRIBUTE private[] = {{CKA_LABEL, (void *)of_private, strlen(of_private)},
                              {CKA_TOKEN, token, sizeof(*token)}};
    return s->module.f->C_GenerateKeyPair(s->session, &m, public, 3, private, 2, &keys[0], &keys[1]);
}

/* Whoever could make such an object would plant a key. */
static void makes_none(struct signer *s)
{
    static const char *const labels[] = {"session:web:9", "data:tenant:1", "totp:users:1", "backup:nightly:1",
                                         "registry:rows"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        for (int on_token = 0; on_token < 2; on_token++) {
            CK_BBOOL *token = on_token ? &yes : &no;
            printf("making a %s object labelled %s\n", on_token ? "token" : "session", labels[i]);
            expect("C_CreateObject", create(s, labels[i], token) != CKR_OK);
            expect("C_GenerateKey", generate(s, labels[i], token) != CKR_OK);
            expect("C_GenerateKeyPair, the public half", generate_pair(s, labels[i], token, true) != CKR_OK);
            expect("C_GenerateKeyPair, the private half",
                   generate_pair(s, labels[i], token, false) != CKR_OK);
        }
    }
}

/* A key that is no job's does not become one by a new label. */
static void takes_no_label(struct signer *s)
{
    CK_ATTRIBUTE a = {CKA_LABEL, (void *)"session:web:9", 13};
    CK_OBJECT_HANDLE copy;
    expect("giving it a job's label", s->module.f->C_SetAttributeValue(s->session, s->key, &a, 1) != CKR_OK);
    expect("a copy with a job's label",
           s->module.f->C_CopyObject(s->session, s->key, &a, 1, &copy) != CKR_OK);
}

static void own(struct signer *s, const char *label, bool destroy)
{
    CK_RV rv = signer_find(s, label);
    expect("the key is found", rv == CKR_OK);
    if (rv != CKR_OK)
        return;
    expect("it signs", attempt_alone(s, &attempts[0], s->key) == CKR_OK);
    takes_no_label(s);
    expect("it is destroyed, or not",
           (attempt_alone(s, &attempts[ATTEMPTS - 1], s->key) == CKR_OK) == destroy);
}

int main(int argc, char **argv)
{
    struct signer s = {0};
    const char *mode = argc > 1 ? argv[1] : "";
    bool raw = argc == 2 && strcmp(mode, "raw") == 0;

    if (!raw && !(argc == 2 && strcmp(mode, "refused") == 0) && !(argc >= 3 && strcmp(mode, "own") == 0)) {
        fputs("usage: jobs-keys refused|own LABEL [destroy]|raw\n", stderr);
        return 2;
    }
    expect("the token", signer_open(&s, NULL) == CKR_OK && (!raw || signer_log_in(&s) == CKR_OK));
    if (failures == 0 && strcmp(mode, "own") == 0) {
        own(&s, argv[2], argc > 3);
    } else if (failures == 0) {
        expect("there are some", all_of_jobs(&s, raw ? possible : refused));
        if (!raw)
            makes_none(&s);
    }
    signer_close(&s);
    printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
