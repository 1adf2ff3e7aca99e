/* SPDX-License-Identifier: Apache-2.0 */
/* One function per operation of the load: each checks what it is given, and leaves nothing behind. */
#include "load.h"

#include <string.h>

#ifndef CKM_AES_KEY_WRAP_PAD
#define CKM_AES_KEY_WRAP_PAD 0x210aUL
#endif

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_KEY_TYPE aes_type = CKK_AES;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_BYTE zero_iv[16];
#define TEXT ((CK_BYTE *)load_text)

/* AES that encrypts and decrypts; the length is for those that need one. */
static const CK_ATTRIBUTE session_template[] = {
    {CKA_CLASS, &secret_class, sizeof(secret_class)},
    {CKA_KEY_TYPE, &aes_type, sizeof(aes_type)},
    {CKA_TOKEN, &no, sizeof(no)},
    {CKA_SENSITIVE, &yes, sizeof(yes)},
    {CKA_ENCRYPT, &yes, sizeof(yes)},
    {CKA_DECRYPT, &yes, sizeof(yes)},
};
#define SESSION_TEMPLATE 6

bool load_session_key(struct load *l, CK_SESSION_HANDLE session, CK_BBOOL extractable, CK_OBJECT_HANDLE *key)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG length = 32;
    CK_ATTRIBUTE template[SESSION_TEMPLATE + 2];
    memcpy(template, session_template, sizeof(session_template));
    template[SESSION_TEMPLATE] = (CK_ATTRIBUTE){CKA_EXTRACTABLE, &extractable, sizeof(extractable)};
    template[SESSION_TEMPLATE + 1] = (CK_ATTRIBUTE){CKA_VALUE_LEN, &length, sizeof(length)};
    return load_did(l, "C_GenerateKey",
                    l->f->C_GenerateKey(session, &mechanism, template, SESSION_TEMPLATE + 2, key));
}

bool load_drop(struct load *l, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    l->objects += key != CK_INVALID_HANDLE ? 1 : 0;
    return key == CK_INVALID_HANDLE || load_did(l, "C_DestroyObject", l->f->C_DestroyObject(session, key));
}

bool load_derive(struct load *l, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key)
{
    CK_BYTE data[32] = "thirty-two bytes to derive from";
    CK_AES_CBC_ENCRYPT_DATA_PARAMS parameter = {{0}, data, sizeof(data)};
    CK_MECHANISM mechanism = {CKM_AES_CBC_ENCRYPT_DATA, &parameter, sizeof(parameter)};
    CK_ULONG length = 32;
    CK_ATTRIBUTE template[SESSION_TEMPLATE + 1];
    memcpy(template, session_template, sizeof(session_template));
    template[SESSION_TEMPLATE] = (CK_ATTRIBUTE){CKA_VALUE_LEN, &length, sizeof(length)};
    return load_did(l, "C_DeriveKey",
                    l->f->C_DeriveKey(session, &mechanism, l->root, template, SESSION_TEMPLATE + 1, key));
}

bool load_encrypt_text(struct load *l, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *out)
{
    CK_MECHANISM cbc = {CKM_AES_CBC, zero_iv, sizeof(zero_iv)};
    CK_ULONG length = LOAD_BLOCKS;
    return load_did(l, "C_EncryptInit, CBC", l->f->C_EncryptInit(session, &cbc, key)) &&
           load_did(l, "C_Encrypt, CBC", l->f->C_Encrypt(session, TEXT, LOAD_BLOCKS, out, &length)) &&
           load_right(l, "C_Encrypt, CBC", length == LOAD_BLOCKS);
}

static bool same_key(struct load *l, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const CK_BYTE *expected)
{
    CK_BYTE out[LOAD_BLOCKS];
    return load_encrypt_text(l, session, key, out) &&
           load_right(l, "the same key", memcmp(out, expected, sizeof(out)) == 0);
}

static bool good_signature(struct load *l, EVP_PKEY *key, const CK_BYTE *message, size_t n,
                           CK_BYTE *signature, size_t length)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(ctx, signature, length, message, n) == 1;
    EVP_MD_CTX_free(ctx);
    return load_right(l, "a signature", good);
}

/* r and s one after the other (PKCS#11 v3.0 §2.3.1), as DER. */
static size_t ecdsa_der(const CK_BYTE *raw, CK_BYTE *der)
{
    size_t at = 2;
    for (const CK_BYTE *number = raw; number < raw + 64; number += 32) {
        size_t skip = 0;
        while (skip < 31 && number[skip] == 0)
            skip++;
        size_t pad = number[skip] & 0x80 ? 1 : 0;
        der[at++] = 2;
        der[at++] = (CK_BYTE)(32 - skip + pad);
        if (pad != 0)
            der[at++] = 0;
        memcpy(der + at, number + skip, 32 - skip);
        at += 32 - skip;
    }
    der[0] = 0x30;
    der[1] = (CK_BYTE)(at - 2);
    return at;
}

static bool sign_ec(struct load *l, CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32], raw[64], der[80];
    CK_ULONG length = sizeof(raw);
    return load_right(l, "a digest",
                      EVP_Digest(load_text, LOAD_BLOCKS, digest, NULL, EVP_sha256(), NULL) == 1) &&
           load_did(l, "C_SignInit, ECDSA", l->f->C_SignInit(session, &mechanism, l->ec)) &&
           load_did(l, "C_Sign, ECDSA", l->f->C_Sign(session, digest, sizeof(digest), raw, &length)) &&
           load_right(l, "C_Sign, ECDSA", length == sizeof(raw)) &&
           good_signature(l, l->ec_public, load_text, LOAD_BLOCKS, der, ecdsa_der(raw, der));
}

static bool sign_rsa_parts(struct load *l, CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_BYTE signature[256];
    CK_ULONG length = sizeof(signature);
    return load_did(l, "C_SignInit, RSA", l->f->C_SignInit(session, &mechanism, l->rsa)) &&
           load_did(l, "C_SignUpdate", l->f->C_SignUpdate(session, TEXT, 11)) &&
           load_did(l, "C_SignUpdate", l->f->C_SignUpdate(session, TEXT + 11, LOAD_BLOCKS - 11)) &&
           load_did(l, "C_SignFinal", l->f->C_SignFinal(session, signature, &length)) &&
           good_signature(l, l->rsa_public, load_text, LOAD_BLOCKS, signature, length);
}

static bool hmac(struct load *l, CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_SHA256_HMAC, NULL, 0};
    CK_BYTE mac[32];
    CK_ULONG length = sizeof(mac);
    return load_did(l, "C_SignInit, HMAC", l->f->C_SignInit(session, &mechanism, l->hmac)) &&
           load_did(l, "C_Sign, HMAC", l->f->C_Sign(session, TEXT, LOAD_BLOCKS, mac, &length)) &&
           load_right(l, "an HMAC", length == sizeof(mac) && memcmp(mac, l->mac, length) == 0);
}

static bool verify(struct load *l, CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_SHA256_HMAC, NULL, 0};
    CK_BYTE bad[32];
    memcpy(bad, l->mac, sizeof(bad));
    bad[7] ^= 1;
    if (!load_did(l, "C_VerifyInit", l->f->C_VerifyInit(session, &mechanism, l->hmac)) ||
        !load_did(l, "C_Verify", l->f->C_Verify(session, TEXT, LOAD_BLOCKS, l->mac, sizeof(l->mac))) ||
        !load_did(l, "C_VerifyInit", l->f->C_VerifyInit(session, &mechanism, l->hmac)))
        return false;
    CK_RV rv = l->f->C_Verify(session, TEXT, LOAD_BLOCKS, bad, sizeof(bad));
    if (rv == CKR_OK)
        return load_right(l, "C_Verify of a wrong HMAC", false);
    return rv == CKR_SIGNATURE_INVALID || load_did(l, "C_Verify of a wrong HMAC", rv);
}

/* Encrypts in parts and decrypts at once, or the other way round: both ways must agree. */
static bool gcm(struct load *l, CK_SESSION_HANDLE session)
{
    CK_BYTE iv[12], sealed[LOAD_BLOCKS + 16], text[LOAD_BLOCKS + 16];
    CK_GCM_PARAMS parameter = {iv, sizeof(iv), sizeof(iv) * 8, TEXT, 5, 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &parameter, sizeof(parameter)};
    CK_ULONG part = sizeof(sealed);
    CK_ULONG length = 0;
    if (!load_did(l, "C_GenerateRandom", l->f->C_GenerateRandom(session, iv, sizeof(iv))) ||
        !load_did(l, "C_EncryptInit, GCM", l->f->C_EncryptInit(session, &mechanism, l->aes)) ||
        !load_did(l, "C_EncryptUpdate", l->f->C_EncryptUpdate(session, TEXT, 21, sealed, &part)))
        return false;
    length = part;
    part = sizeof(sealed) - length;
    if (!load_did(l, "C_EncryptUpdate",
                  l->f->C_EncryptUpdate(session, TEXT + 21, LOAD_BLOCKS - 21, sealed + length, &part)))
        return false;
    length += part;
    part = sizeof(sealed) - length;
    if (!load_did(l, "C_EncryptFinal", l->f->C_EncryptFinal(session, sealed + length, &part)))
        return false;
    length += part;
    part = sizeof(text);
    return load_right(l, "the length of GCM", length == sizeof(sealed)) &&
           load_did(l, "C_DecryptInit, GCM", l->f->C_DecryptInit(session, &mechanism, l->aes)) &&
           load_did(l, "C_Decrypt, GCM", l->f->C_Decrypt(session, sealed, sizeof(sealed), text, &part)) &&
           load_right(l, "what GCM decrypts", part == LOAD_BLOCKS && memcmp(text, load_text, part) == 0);
}

static bool cbc(struct load *l, CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_AES_CBC, zero_iv, sizeof(zero_iv)};
    CK_BYTE sealed[LOAD_BLOCKS], text[LOAD_BLOCKS];
    CK_ULONG first = 32;
    CK_ULONG second = 32;
    CK_ULONG last = 0;
    CK_BYTE nothing[16];
    return load_encrypt_text(l, session, l->aes, sealed) &&
           load_did(l, "C_DecryptInit, CBC", l->f->C_DecryptInit(session, &mechanism, l->aes)) &&
           load_did(l, "C_DecryptUpdate", l->f->C_DecryptUpdate(session, sealed, 32, text, &first)) &&
           load_did(l, "C_DecryptUpdate",
                    l->f->C_DecryptUpdate(session, sealed + 32, 32, text + 32, &second)) &&
           load_did(l, "C_DecryptFinal", l->f->C_DecryptFinal(session, nothing, &last)) &&
           load_right(l, "what CBC decrypts",
                      first == 32 && second == 32 && last == 0 && memcmp(text, load_text, sizeof(text)) == 0);
}

static bool digest(struct load *l, CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_BYTE expected[32], made[32];
    CK_ULONG length = sizeof(made);
    return load_right(l, "a digest",
                      EVP_Digest(load_text, LOAD_BLOCKS, expected, NULL, EVP_sha256(), NULL) == 1) &&
           load_did(l, "C_DigestInit", l->f->C_DigestInit(session, &mechanism)) &&
           load_did(l, "C_DigestUpdate", l->f->C_DigestUpdate(session, TEXT, 17)) &&
           load_did(l, "C_DigestUpdate", l->f->C_DigestUpdate(session, TEXT + 17, LOAD_BLOCKS - 17)) &&
           load_did(l, "C_DigestFinal", l->f->C_DigestFinal(session, made, &length)) &&
           load_right(l, "a digest", length == sizeof(made) && memcmp(made, expected, length) == 0);
}

static bool random_bytes(struct load *l, CK_SESSION_HANDLE session)
{
    CK_BYTE one[32] = {0};
    CK_BYTE other[32] = {0};
    return load_did(l, "C_GenerateRandom", l->f->C_GenerateRandom(session, one, sizeof(one))) &&
           load_did(l, "C_GenerateRandom", l->f->C_GenerateRandom(session, other, sizeof(other))) &&
           load_right(l, "random bytes", memcmp(one, other, sizeof(one)) != 0);
}

static bool find_key(struct load *l, CK_SESSION_HANDLE session)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    char label[] = "load-ec";
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, label, strlen(label)}};
    CK_OBJECT_HANDLE found[4];
    CK_ULONG count = 0;
    return load_did(l, "C_FindObjectsInit", l->f->C_FindObjectsInit(session, wanted, 2)) &&
           load_did(l, "C_FindObjects", l->f->C_FindObjects(session, found, 4, &count)) &&
           load_did(l, "C_FindObjectsFinal", l->f->C_FindObjectsFinal(session)) &&
           load_right(l, "what was found", count == 1 && found[0] == l->ec);
}

static bool attributes(struct load *l, CK_SESSION_HANDLE session)
{
    CK_KEY_TYPE type = 0;
    CK_BBOOL sensitive = CK_FALSE;
    char label[32];
    CK_ATTRIBUTE a[] = {{CKA_KEY_TYPE, &type, sizeof(type)},
                        {CKA_SENSITIVE, &sensitive, sizeof(sensitive)},
                        {CKA_LABEL, label, sizeof(label)}};
    return load_did(l, "C_GetAttributeValue", l->f->C_GetAttributeValue(session, l->kek, a, 3)) &&
           load_right(l, "attributes",
                      type == CKK_AES && sensitive == CK_TRUE && a[2].ulValueLen == 8 &&
                          memcmp(label, "load-kek", 8) == 0);
}

static bool session_key(struct load *l, CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_BYTE one[LOAD_BLOCKS];
    bool good = load_session_key(l, session, CK_FALSE, &key) && load_encrypt_text(l, session, key, one) &&
                same_key(l, session, key, one);
    return load_drop(l, session, key) && good;
}

static bool session_pair(struct load *l, CK_SESSION_HANDLE session)
{
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM generation = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_ATTRIBUTE public_template[] = {
        {CKA_TOKEN, &no, sizeof(no)}, {CKA_VERIFY, &yes, sizeof(yes)}, {CKA_EC_PARAMS, p256, sizeof(p256)}};
    CK_ATTRIBUTE private_template[] = {
        {CKA_TOKEN, &no, sizeof(no)}, {CKA_SENSITIVE, &yes, sizeof(yes)}, {CKA_SIGN, &yes, sizeof(yes)}};
    CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private = CK_INVALID_HANDLE;
    CK_BYTE signature[64];
    CK_ULONG length = sizeof(signature);
    bool good = load_did(l, "C_GenerateKeyPair",
                         l->f->C_GenerateKeyPair(session, &generation, public_template, 3, private_template,
                                                 3, &public, &private)) &&
                load_did(l, "C_SignInit, a new pair", l->f->C_SignInit(session, &ecdsa, private)) &&
                load_did(l, "C_Sign, a new pair", l->f->C_Sign(session, TEXT, 32, signature, &length)) &&
                load_did(l, "C_VerifyInit, a new pair", l->f->C_VerifyInit(session, &ecdsa, public)) &&
                load_did(l, "C_Verify, a new pair", l->f->C_Verify(session, TEXT, 32, signature, length));
    good = load_drop(l, session, public) && good;
    return load_drop(l, session, private) && good;
}

static bool wrap(struct load *l, CK_SESSION_HANDLE session)
{
    CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;
    CK_BYTE one[LOAD_BLOCKS], wrapped[64];
    CK_ULONG length = sizeof(wrapped);
    CK_ATTRIBUTE template[SESSION_TEMPLATE];
    memcpy(template, session_template, sizeof(session_template));
    bool good = load_session_key(l, session, CK_TRUE, &key) && load_encrypt_text(l, session, key, one) &&
                load_did(l, "C_WrapKey", l->f->C_WrapKey(session, &kwp, l->kek, key, wrapped, &length)) &&
                load_did(l, "C_UnwrapKey",
                         l->f->C_UnwrapKey(session, &kwp, l->kek, wrapped, length, template, SESSION_TEMPLATE,
                                           &again)) &&
                same_key(l, session, again, one);
    good = load_drop(l, session, key) && good;
    return load_drop(l, session, again) && good;
}

static bool derive(struct load *l, CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    bool good = load_derive(l, session, &key) && same_key(l, session, key, l->derived);
    return load_drop(l, session, key) && good;
}

static bool data_object(struct load *l, CK_SESSION_HANDLE session)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BYTE value[LOAD_BLOCKS] = {0};
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)}, {CKA_TOKEN, &no, sizeof(no)}, {CKA_VALUE, TEXT, LOAD_BLOCKS}};
    CK_ATTRIBUTE label = {CKA_LABEL, TEXT, 4};
    CK_ATTRIBUTE read = {CKA_VALUE, value, sizeof(value)};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    bool good =
        load_did(l, "C_CreateObject", l->f->C_CreateObject(session, template, 3, &object)) &&
        load_did(l, "C_CopyObject", l->f->C_CopyObject(session, object, &label, 1, &copy)) &&
        load_did(l, "C_SetAttributeValue", l->f->C_SetAttributeValue(session, object, &label, 1)) &&
        load_did(l, "C_GetAttributeValue, data", l->f->C_GetAttributeValue(session, copy, &read, 1)) &&
        load_right(l, "a data object", memcmp(value, load_text, sizeof(value)) == 0);
    good = load_drop(l, session, object) && good;
    return load_drop(l, session, copy) && good;
}

/* Another session instead of the first: what belongs to it goes with it. */
static bool reopen(struct load *l, CK_SESSION_HANDLE session)
{
    CK_SESSION_HANDLE new = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_BYTE one[LOAD_BLOCKS];
    if (!load_did(l, "C_OpenSession", l->f->C_OpenSession(l->s.slot, CKF_SERIAL_SESSION, NULL, NULL, &new)))
        return false;
    bool good = load_session_key(l, new, CK_FALSE, &key) && load_encrypt_text(l, session, key, one);
    return load_did(l, "C_CloseSession", l->f->C_CloseSession(new)) && good;
}

const struct load_operation load_operations[] = {
    {"sign, P-256", sign_ec},
    {"sign, RSA, in parts", sign_rsa_parts},
    {"sign, HMAC", hmac},
    {"verify", verify},
    {"AES-GCM", gcm},
    {"AES-CBC", cbc},
    {"digest", digest},
    {"random", random_bytes},
    {"find", find_key},
    {"attributes", attributes},
    {"session key", session_key},
    {"session key pair", session_pair},
    {"wrap and unwrap", wrap},
    {"derive", derive},
    {"data object", data_object},
    {"sessions", reopen},
};
const unsigned load_operation_count = sizeof(load_operations) / sizeof(load_operations[0]);
