/* SPDX-License-Identifier: Apache-2.0 */
/* RSA signatures: PKCS#1 v1.5 (CKM_RSA_PKCS over a DigestInfo, PKCS#11 v3.0 §6.1.6) and PSS
 * (CKM_RSA_PKCS_PSS over a digest, §6.1.10). */
#include "provider.h"
#include "signature.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SIZE 32
#define OID_MAX 16
#define DIGEST_INFO_MAX (10 + OID_MAX + EVP_MAX_MD_SIZE)

/* A word for a number, in parameters that may be either. */
struct word {
    int value;
    const char *text;
};

static const struct word paddings[] = {
    {RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15},
    {RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS},
    {0, NULL},
};

/* OpenSSL 3.1's "auto-digestmax", which 3.0 has not: as long as the digest, or as much as fits. */
#define SALT_AUTO_DIGEST_MAX (-4)

static const struct word salt_lengths[] = {
    {RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST},
    {RSA_PSS_SALTLEN_MAX, OSSL_PKEY_RSA_PSS_SALT_LEN_MAX},
    {RSA_PSS_SALTLEN_AUTO, OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO},
    {SALT_AUTO_DIGEST_MAX, "auto-digestmax"},
    {0, NULL},
};

static const struct pss_hash {
    int nid;
    CK_MECHANISM_TYPE hash;
    CK_RSA_PKCS_MGF_TYPE mgf;
} pss_hashes[] = {
    {NID_sha256, CKM_SHA256, CKG_MGF1_SHA256}, {NID_sha384, CKM_SHA384, CKG_MGF1_SHA384},
    {NID_sha512, CKM_SHA512, CKG_MGF1_SHA512}, {NID_sha224, CKM_SHA224, CKG_MGF1_SHA224},
    {NID_sha1, CKM_SHA_1, CKG_MGF1_SHA1},
};

static const struct pss_hash *pss_hash(const EVP_MD *md)
{
    for (size_t i = 0; i < sizeof(pss_hashes) / sizeof(pss_hashes[0]); i++)
        if (EVP_MD_get_type(md) == pss_hashes[i].nid)
            return &pss_hashes[i];
    return NULL;
}

/* A number, a word, or a number as a string. */
static bool get_word(const OSSL_PARAM *p, const struct word *words, int *value)
{
    char text[NAME_MAX_SIZE];
    char *at = text;
    if (p->data_type != OSSL_PARAM_UTF8_STRING)
        return OSSL_PARAM_get_int(p, value);
    if (!OSSL_PARAM_get_utf8_string(p, &at, sizeof(text)))
        return false;
    for (; words->text != NULL; words++) {
        if (strcmp(text, words->text) == 0) {
            *value = words->value;
            return true;
        }
    }
    char *end = NULL;
    long number = strtol(text, &end, 10);
    *value = (int)number;
    return end != text && *end == '\0' && number >= 0 && number < 65536;
}

static bool set_word(OSSL_PARAM *p, const struct word *words, int value)
{
    if (p->data_type != OSSL_PARAM_UTF8_STRING)
        return OSSL_PARAM_set_int(p, value);
    for (; words->text != NULL; words++)
        if (words->value == value)
            return OSSL_PARAM_set_utf8_string(p, words->text);
    char text[NAME_MAX_SIZE];
    (void)snprintf(text, sizeof(text), "%d", value);
    return OSSL_PARAM_set_utf8_string(p, text);
}

/* The salt's length in bytes: RFC 8017 §9.1.1 leaves emLen - hLen - 2 at most. Negative where nothing fits.
 */
static int salt_bytes(const struct sr_signature *ctx)
{
    int em = (EVP_PKEY_get_bits(ctx->key->pub) - 1 + 7) / 8;
    int hash = EVP_MD_get_size(ctx->md);
    int most = em - hash - 2;
    int salt = ctx->salt_length;
    if (salt == RSA_PSS_SALTLEN_DIGEST)
        salt = hash;
    else if (salt == RSA_PSS_SALTLEN_MAX || salt == RSA_PSS_SALTLEN_AUTO)
        salt = most;
    else if (salt == SALT_AUTO_DIGEST_MAX)
        salt = hash < most ? hash : most;
    return salt >= 0 && salt <= most ? salt : -1;
}

static bool sign_pss(struct sr_signature *ctx, const uint8_t *digest, size_t length, uint8_t *signature,
                     size_t *size)
{
    const struct pss_hash *hash = ctx->md != NULL ? pss_hash(ctx->md) : NULL;
    const struct pss_hash *mgf = ctx->mgf1 != NULL ? pss_hash(ctx->mgf1) : hash;
    int salt = hash != NULL ? salt_bytes(ctx) : -1;
    if (hash == NULL || mgf == NULL || salt < 0) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "%s cannot sign with PSS: %s", ctx->key->uri,
                 hash != NULL && mgf != NULL
                     ? "the salt is longer than the key allows"
                     : "a digest must be set, and be SHA-1 or one of the SHA-2 family");
        return false;
    }
    CK_RSA_PKCS_PSS_PARAMS params = {hash->hash, mgf->mgf, (CK_ULONG)salt};
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_PSS, &params, sizeof(params)};
    return sr_key_sign(ctx->key, &mechanism, digest, length, signature, size);
}

/* RFC 8017 §9.2: the DigestInfo around a digest. All lengths in it fit into a byte of DER: the longest OID of
 * a digest has 11 bytes, the longest digest 64. */
static bool digest_info(const EVP_MD *md, const uint8_t *digest, size_t length, uint8_t *der, size_t *size)
{
    const ASN1_OBJECT *oid = OBJ_nid2obj(EVP_MD_get_type(md));
    size_t named = OBJ_length(oid);
    if (named == 0 || named > OID_MAX || length > EVP_MAX_MD_SIZE)
        return false;
    const uint8_t head[] = {0x30,          (uint8_t)(8 + named + length), 0x30, (uint8_t)(4 + named), 0x06,
                            (uint8_t)named};
    const uint8_t middle[] = {0x05, 0x00, 0x04, (uint8_t)length}; /* NULL, OCTET STRING */
    memcpy(der, head, sizeof(head));
    memcpy(der + sizeof(head), OBJ_get0_data(oid), named);
    memcpy(der + sizeof(head) + named, middle, sizeof(middle));
    memcpy(der + sizeof(head) + named + sizeof(middle), digest, length);
    *size = sizeof(head) + named + sizeof(middle) + length;
    return true;
}

/* TLS before 1.2 signs MD5 and SHA-1 joined, without a DigestInfo. */
static bool sign_pkcs1(struct sr_signature *ctx, const uint8_t *digest, size_t length, uint8_t *signature,
                       size_t *size)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS};
    uint8_t der[DIGEST_INFO_MAX];
    size_t der_size = 0;
    if (ctx->md == NULL || EVP_MD_get_type(ctx->md) == NID_md5_sha1)
        return sr_key_sign(ctx->key, &mechanism, digest, length, signature, size);
    if (!digest_info(ctx->md, digest, length, der, &der_size)) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "%s has no name in PKCS#1", EVP_MD_get0_name(ctx->md));
        return false;
    }
    return sr_key_sign(ctx->key, &mechanism, der, der_size, signature, size);
}

static bool sign(struct sr_signature *ctx, const uint8_t *digest, size_t length, uint8_t *signature,
                 size_t *size)
{
    return ctx->padding == RSA_PKCS1_PSS_PADDING ? sign_pss(ctx, digest, length, signature, size)
                                                 : sign_pkcs1(ctx, digest, length, signature, size);
}

/* For a key of this provider's the salt's length is said in bytes: it ends up in the algorithm identifier. */
static bool configure(const struct sr_signature *ctx, EVP_PKEY_CTX *software)
{
    if (EVP_PKEY_CTX_set_rsa_padding(software, ctx->padding) != 1)
        return false;
    if (ctx->padding != RSA_PKCS1_PSS_PADDING)
        return true;
    int salt = ctx->key->is_private && ctx->md != NULL ? salt_bytes(ctx) : ctx->salt_length;
    if (salt == SALT_AUTO_DIGEST_MAX)
        salt = RSA_PSS_SALTLEN_AUTO;
    return EVP_PKEY_CTX_set_rsa_pss_saltlen(software, salt) == 1 &&
           (ctx->mgf1 == NULL || EVP_PKEY_CTX_set_rsa_mgf1_md(software, ctx->mgf1) == 1);
}

static void reset(struct sr_signature *ctx)
{
    ctx->padding = ctx->key->type == &sr_key_rsa_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    ctx->salt_length = SALT_AUTO_DIGEST_MAX;
    EVP_MD_free(ctx->mgf1);
    ctx->mgf1 = NULL;
}

static bool set_padding(struct sr_signature *ctx, const OSSL_PARAM *p)
{
    int padding = 0;
    if (!get_word(p, paddings, &padding) ||
        (padding != RSA_PKCS1_PADDING && padding != RSA_PKCS1_PSS_PADDING)) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "the RSA padding mode is not pkcs1 or pss");
        return false;
    }
    if (padding == RSA_PKCS1_PADDING && ctx->key != NULL && ctx->key->type == &sr_key_rsa_pss) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "an RSA-PSS key signs with the padding mode pss only");
        return false;
    }
    ctx->padding = padding;
    return true;
}

static int set_params(struct sr_signature *ctx, const OSSL_PARAM *params)
{
    char name[NAME_MAX_SIZE];
    char *at = name;
    if (!sr_signature_set_digest(ctx, params))
        return 0;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    if (p != NULL && !set_padding(ctx, p))
        return 0;
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    if (p != NULL && !get_word(p, salt_lengths, &ctx->salt_length)) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "the PSS salt length is not a number, digest, max or auto");
        return 0;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
    if (p != NULL &&
        (!OSSL_PARAM_get_utf8_string(p, &at, sizeof(name)) || !sr_signature_fetch_md(ctx, name, &ctx->mgf1)))
        return 0;
    return 1;
}

static int get_params(void *context, OSSL_PARAM *params)
{
    struct sr_signature *ctx = context;
    if (!sr_signature_get_digest(ctx, params))
        return 0;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    if (p != NULL && !set_word(p, paddings, ctx->padding))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    if (p != NULL && !set_word(p, salt_lengths, ctx->salt_length))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
    const EVP_MD *mgf1 = ctx->mgf1 != NULL ? ctx->mgf1 : ctx->md;
    return p == NULL || OSSL_PARAM_set_utf8_string(p, mgf1 != NULL ? EVP_MD_get0_name(mgf1) : "");
}

static const struct sr_signature_scheme scheme = {
    .sign = sign, .configure = configure, .reset = reset, .set_params = set_params};

static void *new_ctx(void *provctx, const char *properties)
{
    (void)properties;
    return sr_signature_new(provctx, &scheme);
}

static const OSSL_PARAM *settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx, (void)provctx;
    return params;
}

static const OSSL_PARAM *gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx, (void)provctx;
    return params;
}

const OSSL_DISPATCH sr_signature_rsa[] = {
    SR_SIGNATURE_COMMON,
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))new_ctx},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))sr_signature_set_params},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))settable},
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))gettable},
    {0, NULL},
};
