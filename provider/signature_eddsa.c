/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519: CKM_EDDSA (PKCS#11 v3.0 §6.3.15). It signs the message itself, twice over (RFC 8032 §5.1.6), so a
 * message that comes in parts is collected. */
#include "key.h"
#include "provider.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

struct eddsa {
    struct sr_provider *prov;
    struct sr_key *key;
    BIO *message; /* NULL until a part comes */
};

static void *new_ctx(void *provctx, const char *properties)
{
    struct eddsa *ctx = calloc(1, sizeof(*ctx));
    (void)properties;
    if (ctx != NULL)
        ctx->prov = provctx;
    return ctx;
}

static void free_ctx(void *context)
{
    struct eddsa *ctx = context;
    if (ctx == NULL)
        return;
    sr_key_free(ctx->key);
    BIO_free(ctx->message);
    free(ctx);
}

static int update(void *context, const unsigned char *data, size_t length)
{
    struct eddsa *ctx = context;
    if (ctx->message == NULL)
        ctx->message = BIO_new(BIO_s_mem());
    if (ctx->message == NULL || length > INT_MAX)
        return 0;
    return length == 0 || BIO_write(ctx->message, data, (int)length) == (int)length;
}

static size_t collected(const struct eddsa *ctx, const unsigned char **message)
{
    char *at = NULL;
    long length = ctx->message != NULL ? BIO_get_mem_data(ctx->message, &at) : 0;
    *message = (const unsigned char *)at;
    return length > 0 ? (size_t)length : 0;
}

static void *dup_ctx(void *context)
{
    const struct eddsa *from = context;
    const unsigned char *message;
    size_t length = collected(from, &message);
    struct eddsa *ctx = new_ctx(from->prov, NULL);
    if (ctx == NULL)
        return NULL;
    if (from->key != NULL)
        ctx->key = sr_key_ref(from->key);
    if (from->message != NULL && !update(ctx, message, length)) {
        free_ctx(ctx);
        return NULL;
    }
    return ctx;
}

/* RFC 8410 §3: no digest, no parameters. */
static int init(struct eddsa *ctx, const char *digest, struct sr_key *key, bool sign)
{
    if (digest != NULL && digest[0] != '\0') {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "Ed25519 signs messages: no digest may be set");
        return 0;
    }
    if (key != NULL) {
        sr_key_ref(key);
        sr_key_free(ctx->key);
        ctx->key = key;
    }
    BIO_free(ctx->message);
    ctx->message = NULL;
    if (ctx->key == NULL || ctx->key->pub == NULL || (sign && !ctx->key->is_private)) {
        sr_error(ctx->prov, SR_R_KEY, "%s",
                 sign ? "a private key is needed for a signature" : "no key was set");
        return 0;
    }
    return 1;
}

static int sign_init(void *ctx, const char *digest, void *key, const OSSL_PARAM *params)
{
    (void)params;
    return init(ctx, digest, key, true);
}

static int verify_init(void *ctx, const char *digest, void *key, const OSSL_PARAM *params)
{
    (void)params;
    return init(ctx, digest, key, false);
}

static int sign(void *context, unsigned char *signature, size_t *size, size_t room, const unsigned char *data,
                size_t length)
{
    struct eddsa *ctx = context;
    CK_MECHANISM mechanism = {.mechanism = CKM_EDDSA};
    size_t most = (size_t)EVP_PKEY_get_size(ctx->key->pub);
    if (signature == NULL) {
        *size = most;
        return 1;
    }
    if (room < most) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "the room for the signature is smaller than %zu bytes", most);
        return 0;
    }
    *size = room;
    return sr_key_sign(ctx->key, &mechanism, data, length, signature, size);
}

static EVP_MD_CTX *software(const struct eddsa *ctx, EVP_PKEY_CTX **pctx)
{
    EVP_MD_CTX *verify = EVP_MD_CTX_new();
    if (verify == NULL || EVP_DigestVerifyInit_ex(verify, pctx, NULL, ctx->prov->libctx, ctx->prov->others,
                                                  ctx->key->pub, NULL) != 1) {
        EVP_MD_CTX_free(verify);
        return NULL;
    }
    return verify;
}

static int verify(void *context, const unsigned char *signature, size_t size, const unsigned char *data,
                  size_t length)
{
    EVP_PKEY_CTX *pctx = NULL;
    EVP_MD_CTX *ctx = software(context, &pctx);
    int ok = ctx != NULL && EVP_DigestVerify(ctx, signature, size, data, length) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static int sign_final(void *ctx, unsigned char *signature, size_t *size, size_t room)
{
    const unsigned char *message;
    size_t length = collected(ctx, &message);
    return sign(ctx, signature, size, room, message, length);
}

static int verify_final(void *ctx, const unsigned char *signature, size_t size)
{
    const unsigned char *message;
    size_t length = collected(ctx, &message);
    return verify(ctx, signature, size, message, length);
}

static int get_params(void *context, OSSL_PARAM *params)
{
    struct eddsa *ctx = context;
    EVP_PKEY_CTX *pctx = NULL;
    if (ctx->key == NULL || OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID) == NULL)
        return 1;
    EVP_MD_CTX *verify_ctx = software(ctx, &pctx);
    int ok = verify_ctx != NULL && EVP_PKEY_CTX_get_params(pctx, params) == 1;
    EVP_MD_CTX_free(verify_ctx);
    return ok;
}

static const OSSL_PARAM *gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx, (void)provctx;
    return params;
}

const OSSL_DISPATCH sr_signature_eddsa[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))new_ctx},
    {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))free_ctx},
    {OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))dup_ctx},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))sign_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))update},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))sign_final},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))sign},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, (void (*)(void))verify_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, (void (*)(void))update},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, (void (*)(void))verify_final},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, (void (*)(void))verify},
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))gettable},
    {0, NULL},
};
