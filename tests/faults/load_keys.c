/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that the load works with, and what is known of them. */
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "load.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

const CK_BYTE load_text[LOAD_BLOCKS] = "what everybody signs, encrypts, and derives from";

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

bool load_did(struct load *l, const char *call, CK_RV rv)
{
    if (rv != CKR_OK && l->rv == CKR_OK) {
        l->rv = rv;
        l->call = call;
    }
    return rv == CKR_OK;
}

bool load_right(struct load *l, const char *what, bool right)
{
    return load_did(l, what, right ? CKR_OK : LOAD_WRONG);
}

static bool make_pair(struct load *l, const char *label, CK_MECHANISM_TYPE type, CK_ATTRIBUTE *parameter)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_OBJECT_HANDLE public, private;
    CK_ATTRIBUTE public_template[] = {
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_VERIFY, &yes, sizeof(yes)},
        {CKA_LABEL, (void *)label, strlen(label)},
        *parameter,
    };
    CK_ATTRIBUTE private_template[] = {
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_PRIVATE, &yes, sizeof(yes)},
        {CKA_SENSITIVE, &yes, sizeof(yes)},
        {CKA_SIGN, &yes, sizeof(yes)},
        {CKA_LABEL, (void *)label, strlen(label)},
    };
    return load_did(l, label,
                    l->f->C_GenerateKeyPair(l->s.session, &mechanism, public_template, 4, private_template, 5,
                                            &public, &private));
}

/* USAGES are the two that it has. */
static bool make_secret(struct load *l, const char *label, CK_MECHANISM_TYPE type,
                        const CK_ATTRIBUTE_TYPE *usages)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_ULONG length = 32;
    CK_KEY_TYPE key_type = type == CKM_AES_KEY_GEN ? CKK_AES : CKK_GENERIC_SECRET;
    static const CK_ATTRIBUTE_TYPE all[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,  CKA_VERIFY,
                                            CKA_WRAP,    CKA_UNWRAP,  CKA_DERIVE};
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE template[13] = {
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_PRIVATE, &yes, sizeof(yes)},
        {CKA_SENSITIVE, &yes, sizeof(yes)},
        {CKA_VALUE_LEN, &length, sizeof(length)},
        {CKA_KEY_TYPE, &key_type, sizeof(key_type)},
        {CKA_LABEL, (void *)label, strlen(label)},
    };
    for (size_t i = 0; i < 7; i++) {
        bool has = all[i] == usages[0] || all[i] == usages[1];
        template[6 + i] = (CK_ATTRIBUTE){all[i], has ? &yes : &no, sizeof(yes)};
    }
    return load_did(l, label, l->f->C_GenerateKey(l->s.session, &mechanism, template, 13, &key));
}

bool load_make_keys(struct load *l)
{
    CK_ULONG bits = 2048;
    CK_ATTRIBUTE curve = {CKA_EC_PARAMS, p256, sizeof(p256)};
    CK_ATTRIBUTE modulus = {CKA_MODULUS_BITS, &bits, sizeof(bits)};
    static const CK_ATTRIBUTE_TYPE mac[] = {CKA_SIGN, CKA_VERIFY};
    static const CK_ATTRIBUTE_TYPE encryption[] = {CKA_ENCRYPT, CKA_DECRYPT};
    static const CK_ATTRIBUTE_TYPE wrapping[] = {CKA_WRAP, CKA_UNWRAP};
    static const CK_ATTRIBUTE_TYPE derivation[] = {CKA_DERIVE, CKA_DERIVE};

    return make_pair(l, "load-ec", CKM_EC_KEY_PAIR_GEN, &curve) &&
           make_pair(l, "load-rsa", CKM_RSA_PKCS_KEY_PAIR_GEN, &modulus) &&
           make_secret(l, "load-hmac", CKM_GENERIC_SECRET_KEY_GEN, mac) &&
           make_secret(l, "load-aes", CKM_AES_KEY_GEN, encryption) &&
           make_secret(l, "load-kek", CKM_AES_KEY_GEN, wrapping) &&
           make_secret(l, "load-root", CKM_AES_KEY_GEN, derivation);
}

static bool find(struct load *l, const char *label, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *key)
{
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, (void *)label, strlen(label)}};
    CK_OBJECT_HANDLE *found = NULL;
    size_t count = 0;
    bool good = load_did(l, label, sr_find(l->f, l->s.session, wanted, 2, &found, &count)) &&
                load_right(l, label, count == 1);
    if (good)
        *key = found[0];
    free(found);
    return good;
}

static EVP_PKEY *public_key(const char *type, OSSL_PARAM_BLD *builder)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* The point's octets stand in an OCTET STRING (PKCS#11 v3.0 §2.3.3). */
static bool read_ec_public(struct load *l)
{
    CK_OBJECT_HANDLE object;
    CK_ATTRIBUTE point = {CKA_EC_POINT, NULL, 0};
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    bool good = builder != NULL && find(l, "load-ec", CKO_PUBLIC_KEY, &object) &&
                load_did(l, "the EC point", sr_attributes_read(l->f, l->s.session, object, &point, 1)) &&
                load_right(l, "the EC point", point.ulValueLen == 67) &&
                OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
                OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
                                                 (CK_BYTE *)point.pValue + 2, 65) == 1;
    if (good)
        l->ec_public = public_key("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    sr_attributes_free(&point, 1);
    return load_right(l, "the public EC key", l->ec_public != NULL);
}

static bool read_rsa_public(struct load *l)
{
    CK_OBJECT_HANDLE object;
    CK_ATTRIBUTE a[] = {{CKA_MODULUS, NULL, 0}, {CKA_PUBLIC_EXPONENT, NULL, 0}};
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    bool good = builder != NULL && find(l, "load-rsa", CKO_PUBLIC_KEY, &object) &&
                load_did(l, "the modulus", sr_attributes_read(l->f, l->s.session, object, a, 2)) &&
                (n = BN_bin2bn(a[0].pValue, (int)a[0].ulValueLen, NULL)) != NULL &&
                (e = BN_bin2bn(a[1].pValue, (int)a[1].ulValueLen, NULL)) != NULL &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1;
    if (good)
        l->rsa_public = public_key("RSA", builder);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    sr_attributes_free(a, 2);
    return load_right(l, "the public RSA key", l->rsa_public != NULL);
}

/* What the same operations must give later. */
static bool learn(struct load *l)
{
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    CK_ULONG length = sizeof(l->mac);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    return load_did(l, "C_SignInit", l->f->C_SignInit(l->s.session, &hmac, l->hmac)) &&
           load_did(l, "C_Sign",
                    l->f->C_Sign(l->s.session, (CK_BYTE *)load_text, LOAD_BLOCKS, l->mac, &length)) &&
           load_derive(l, l->s.session, &key) && load_encrypt_text(l, l->s.session, key, l->derived) &&
           load_drop(l, l->s.session, key);
}

bool load_open(struct load *l, unsigned sessions)
{
    memset(l, 0, sizeof(*l));
    if (!load_did(l, "the token", signer_open(&l->s, NULL)) || !load_did(l, "C_Login", signer_log_in(&l->s)))
        return false;
    l->f = l->s.module.f;
    for (unsigned i = 0; i < sessions && i < LOAD_SESSIONS_MAX; i++) {
        CK_RV rv =
            l->f->C_OpenSession(l->s.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &l->sessions[i]);
        if (!load_did(l, "C_OpenSession", rv))
            return false;
        l->session_count++;
    }
    if (sessions == 0)
        return true;
    return find(l, "load-ec", CKO_PRIVATE_KEY, &l->ec) && find(l, "load-rsa", CKO_PRIVATE_KEY, &l->rsa) &&
           find(l, "load-hmac", CKO_SECRET_KEY, &l->hmac) && find(l, "load-aes", CKO_SECRET_KEY, &l->aes) &&
           find(l, "load-kek", CKO_SECRET_KEY, &l->kek) && find(l, "load-root", CKO_SECRET_KEY, &l->root) &&
           read_ec_public(l) && read_rsa_public(l) && learn(l);
}

void load_close(struct load *l)
{
    EVP_PKEY_free(l->ec_public);
    EVP_PKEY_free(l->rsa_public);
    signer_close(&l->s);
}
