/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA: CKM_ECDSA over a digest (PKCS#11 v3.0 §6.3.12). The token's r and s, joined, become the DER that
 * X9.62 and TLS want. */
#include "provider.h"
#include "signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* r and s of the largest curve that is in use, P-521, and some more. */
#define RAW_MAX 256

/* DER has room for any r and s of LENGTH bytes together. */
static bool raw_to_der(const uint8_t *raw, size_t length, uint8_t *der, size_t *size)
{
    bool ok = false;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int)(length / 2), NULL);
    BIGNUM *s = BN_bin2bn(raw + length / 2, (int)(length / 2), NULL);
    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s)) {
        r = s = NULL; /* the signature's now */
        int written = i2d_ECDSA_SIG(sig, &der);
        ok = written > 0;
        *size = ok ? (size_t)written : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    return ok;
}

static bool sign(struct sr_signature *ctx, const uint8_t *digest, size_t length, uint8_t *signature,
                 size_t *size)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_ECDSA};
    uint8_t raw[RAW_MAX];
    size_t raw_size = sizeof(raw);
    /* FIPS 186-5 §6.4.1: the leftmost bits of a digest that is longer than the group's order. */
    size_t order = ((size_t)EVP_PKEY_get_bits(ctx->key->pub) + 7) / 8;
    if (length > order)
        length = order;
    if (!sr_key_sign(ctx->key, &mechanism, digest, length, raw, &raw_size))
        return false;
    /* The caller has made room for r and s of the order's size (EVP_PKEY_get_size). */
    if (raw_size != 2 * order || !raw_to_der(raw, raw_size, signature, size)) {
        sr_error(ctx->prov, SR_R_OPERATION, "the token's signature with %s is not r and s", ctx->key->uri);
        return false;
    }
    return true;
}

static const struct sr_signature_scheme scheme = {.sign = sign, .set_params = sr_signature_set_digest};

static void *new_ctx(void *provctx, const char *properties)
{
    (void)properties;
    return sr_signature_new(provctx, &scheme);
}

static int get_params(void *ctx, OSSL_PARAM *params)
{
    return sr_signature_get_digest(ctx, params);
}

static const OSSL_PARAM *settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
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
        OSSL_PARAM_END,
    };
    (void)ctx, (void)provctx;
    return params;
}

const OSSL_DISPATCH sr_signature_ecdsa[] = {
    SR_SIGNATURE_COMMON,
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))new_ctx},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))sr_signature_set_params},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))settable},
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))gettable},
    {0, NULL},
};
