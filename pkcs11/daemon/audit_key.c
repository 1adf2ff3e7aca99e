/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit_key.h"

#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "daemon/recover.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_KEY_TYPE ec = CKK_EC;
static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
static CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY;

/* ANSI X9.62 prime256v1, as CKA_EC_PARAMS has it (PKCS#11 v3.0 §6.3.3). */
static unsigned char p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

static bool fails(const char *what, CK_RV rv, struct sr_why *why)
{
    sr_why_set(why, "the token cannot %s " SR_AUDIT_LABEL ": %s", what, sr_rv_name(rv));
    return false;
}

/* The one object of CLASS with the label; CK_INVALID_HANDLE where there is none. False where there are
 * several, or the token does not say. */
static bool find_one(struct sr_token *token, CK_SESSION_HANDLE session, CK_OBJECT_CLASS *class,
                     CK_OBJECT_HANDLE *object, struct sr_why *why)
{
    const CK_ATTRIBUTE template[] = {{CKA_CLASS, class, sizeof(*class)},
                                     {CKA_TOKEN, &yes, sizeof(yes)},
                                     {CKA_LABEL, (void *)SR_AUDIT_LABEL, sizeof(SR_AUDIT_LABEL) - 1}};
    CK_OBJECT_HANDLE *found = NULL;
    size_t count = 0;

    *object = CK_INVALID_HANDLE;
    CK_RV rv =
        sr_find(token->module.f, session, template, sizeof(template) / sizeof(template[0]), &found, &count);
    if (rv != CKR_OK)
        return fails("look for", rv, why);
    if (count == 1)
        *object = found[0];
    free(found);
    if (count > 1)
        sr_why_set(why,
                   "the token has %zu keys labelled " SR_AUDIT_LABEL
                   ", of which strongroomd made one; remove the others with the token's own tools",
                   count);
    return count <= 1;
}

/* PKCS#11 v3.0 §4.8, §4.9: every usage is named, for tokens' defaults differ. STRICT: with what not every
 * token knows. */
static CK_RV make_pair(struct sr_token *token, CK_SESSION_HANDLE session, bool strict)
{
    CK_MECHANISM mechanism = {CKM_ECDSA_KEY_PAIR_GEN, NULL, 0};
    CK_MECHANISM_TYPE only = CKM_ECDSA;
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)SR_AUDIT_LABEL, sizeof(SR_AUDIT_LABEL) - 1};
    CK_ATTRIBUTE id = {CKA_ID, (void *)SR_AUDIT_LABEL, sizeof(SR_AUDIT_LABEL) - 1};
    CK_ATTRIBUTE public[] = {label,
                             id,
                             {CKA_EC_PARAMS, p256, sizeof(p256)},
                             {CKA_TOKEN, &yes, sizeof(yes)},
                             {CKA_VERIFY, &yes, sizeof(yes)},
                             {CKA_VERIFY_RECOVER, &no, sizeof(no)},
                             {CKA_ENCRYPT, &no, sizeof(no)},
                             {CKA_WRAP, &no, sizeof(no)},
                             {CKA_MODIFIABLE, &no, sizeof(no)}};
    CK_ATTRIBUTE private[] = {label,
                              id,
                              {CKA_KEY_TYPE, &ec, sizeof(ec)},
                              {CKA_TOKEN, &yes, sizeof(yes)},
                              {CKA_PRIVATE, &yes, sizeof(yes)},
                              {CKA_SENSITIVE, &yes, sizeof(yes)},
                              {CKA_EXTRACTABLE, &no, sizeof(no)},
                              {CKA_SIGN, &yes, sizeof(yes)},
                              {CKA_SIGN_RECOVER, &no, sizeof(no)},
                              {CKA_DECRYPT, &no, sizeof(no)},
                              {CKA_UNWRAP, &no, sizeof(no)},
                              {CKA_DERIVE, &no, sizeof(no)},
                              {CKA_MODIFIABLE, &no, sizeof(no)},
                              {CKA_COPYABLE, &no, sizeof(no)},
                              {CKA_ALLOWED_MECHANISMS, &only, sizeof(only)}};
    size_t n = sizeof(private) / sizeof(private[0]);
    CK_OBJECT_HANDLE made[2];
    return token->module.f->C_GenerateKeyPair(session, &mechanism, public, sizeof(public) / sizeof(public[0]),
                                              private, strict ? n : n - 2, &made[0], &made[1]);
}

/* Is the key as it must be, whoever made it? */
static bool is_kept(struct sr_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE private,
                    struct sr_why *why)
{
    CK_BBOOL sensitive = CK_FALSE;
    CK_BBOOL extractable = CK_TRUE;
    CK_BBOOL never = CK_FALSE;
    CK_ATTRIBUTE a[] = {{CKA_SENSITIVE, &sensitive, sizeof(sensitive)},
                        {CKA_EXTRACTABLE, &extractable, sizeof(extractable)},
                        {CKA_NEVER_EXTRACTABLE, &never, sizeof(never)}};
    CK_RV rv = token->module.f->C_GetAttributeValue(session, private, a, sizeof(a) / sizeof(a[0]));
    if (rv != CKR_OK)
        return fails("show the attributes of", rv, why);
    if (sensitive && !extractable && never)
        return true;
    sr_why_set(why, "the token's key " SR_AUDIT_LABEL
                    " could leave it, so its signatures would say nothing: destroy it with the token's own "
                    "tools, and strongroomd makes another");
    return false;
}

/* CKA_EC_POINT is an OCTET STRING around the point, and with some tokens the point itself. */
static bool read_point(struct sr_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public,
                       unsigned char point[SR_AUDIT_POINT], struct sr_why *why)
{
    CK_ATTRIBUTE a = {.type = CKA_EC_POINT};
    CK_RV rv = sr_attributes_read(token->module.f, session, public, &a, 1);
    const unsigned char *value = a.pValue;
    size_t length = rv == CKR_OK && value != NULL ? a.ulValueLen : 0;

    if (length == SR_AUDIT_POINT + 2 && value[0] == 0x04 && value[1] == SR_AUDIT_POINT) {
        value += 2;
        length -= 2;
    }
    bool ok = length == SR_AUDIT_POINT && value[0] == 0x04;
    if (ok)
        memcpy(point, value, SR_AUDIT_POINT);
    sr_attributes_free(&a, 1);
    return ok || fails("show the public key of", rv, why);
}

static EVP_PKEY *public_key(const unsigned char point[SR_AUDIT_POINT])
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"prime256v1", 0),
                           OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, SR_AUDIT_POINT),
                           OSSL_PARAM_END};
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return key;
}

static bool find_pair(struct sr_audit_key *key, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *public,
                      struct sr_why *why)
{
    return find_one(key->token, session, &private_class, &key->private, why) &&
           find_one(key->token, session, &public_class, public, why);
}

static bool open_key(struct sr_audit_key *key, CK_SESSION_HANDLE session, struct sr_why *why)
{
    CK_OBJECT_HANDLE public;

    if (!find_pair(key, session, &public, why))
        return false;
    if (key->private == CK_INVALID_HANDLE && public == CK_INVALID_HANDLE) {
        CK_RV rv = make_pair(key->token, session, true);
        if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
            rv == CKR_TEMPLATE_INCONSISTENT)
            rv = make_pair(key->token, session, false);
        if (rv != CKR_OK)
            return fails("make the key", rv, why);
        if (!find_pair(key, session, &public, why))
            return false;
    }
    if (key->private == CK_INVALID_HANDLE || public == CK_INVALID_HANDLE) {
        sr_why_set(why, "the token has only one half of the key pair " SR_AUDIT_LABEL
                        ": destroy it with the token's own tools, and strongroomd makes another pair");
        return false;
    }
    return is_kept(key->token, session, key->private, why) &&
           read_point(key->token, session, public, key->signer.point, why);
}

/* Is it the signature of the key that the log names? r and s become the DER that libcrypto wants. */
static bool is_ours(EVP_PKEY *public, const unsigned char *digest, const unsigned char *signature)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, SR_AUDIT_SIGNATURE / 2, NULL);
    BIGNUM *s = BN_bin2bn(signature + SR_AUDIT_SIGNATURE / 2, SR_AUDIT_SIGNATURE / 2, NULL);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
    unsigned char *der = NULL;
    bool ok = false;

    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        goto out;
    }
    int length = i2d_ECDSA_SIG(pair, &der);
    ok = length > 0 && ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
         EVP_PKEY_verify(ctx, der, (size_t)length, digest, SR_AUDIT_DIGEST) == 1;
out:
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static CK_RV sign_with(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                       const unsigned char *digest, unsigned char *signature)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_ULONG length = SR_AUDIT_SIGNATURE;
    CK_RV rv = f->C_SignInit(session, &mechanism, key);
    if (rv == CKR_OK)
        rv = f->C_Sign(session, (CK_BYTE *)digest, SR_AUDIT_DIGEST, signature, &length);
    return rv == CKR_OK && length != SR_AUDIT_SIGNATURE ? CKR_FUNCTION_FAILED : rv;
}

/* A token that went away and came back has other handles: the key is looked for once more. */
static bool sign(void *arg, const unsigned char digest[SR_AUDIT_DIGEST],
                 unsigned char signature[SR_AUDIT_SIGNATURE], struct sr_why *why)
{
    struct sr_audit_key *key = arg;
    bool ok = false;

    for (int tries = 0; !ok && tries < 2; tries++) {
        CK_SESSION_HANDLE session;
        CK_RV rv = sr_token_borrow(key->token, &session);
        if (rv != CKR_OK)
            return fails("give a session for", rv, why);
        unsigned long life = sr_recover_life(key->token);
        (void)pthread_mutex_lock(&key->lock);
        bool there = (tries == 0 && key->life == life) ||
                     find_one(key->token, session, &private_class, &key->private, why);
        key->life = life;
        CK_OBJECT_HANDLE private = key->private;
        (void)pthread_mutex_unlock(&key->lock);
        rv = there && private != CK_INVALID_HANDLE
                 ? sign_with(key->token->module.f, session, private, digest, signature)
                 : CKR_KEY_HANDLE_INVALID;
        sr_token_return(key->token, session, rv);
        ok = rv == CKR_OK && is_ours(key->public, digest, signature);
        if (rv != CKR_OK)
            (void)fails("sign with", rv, why);
        else if (!ok)
            sr_why_set(why,
                       "the token's key " SR_AUDIT_LABEL " is another one than when strongroomd started");
    }
    return ok;
}

struct sr_audit_key *sr_audit_key_open(struct sr_token *token, struct sr_why *why)
{
    struct sr_audit_key *key = calloc(1, sizeof(*key));
    CK_SESSION_HANDLE session;

    if (key == NULL) {
        sr_why_set(why, "out of memory");
        return NULL;
    }
    (void)pthread_mutex_init(&key->lock, NULL);
    key->token = token;
    key->signer.sign = sign;
    key->signer.arg = key;
    CK_RV rv = sr_token_borrow(token, &session);
    key->life = sr_recover_life(token);
    bool ok = rv == CKR_OK ? open_key(key, session, why) : fails("give a session for", rv, why);
    if (rv == CKR_OK)
        sr_token_return(token, session, ok ? CKR_OK : CKR_FUNCTION_FAILED);
    if (ok) {
        key->public = public_key(key->signer.point);
        ok = key->public != NULL;
        if (!ok)
            sr_why_set(why, "the token's key " SR_AUDIT_LABEL " is no P-256 key");
    }
    if (ok)
        return key;
    sr_audit_key_free(key);
    return NULL;
}

void sr_audit_key_free(struct sr_audit_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->public);
    (void)pthread_mutex_destroy(&key->lock);
    free(key);
}
