/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"
#include "provider.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#define MD_NAME_MAX 64

struct sr_signature *sr_signature_new(struct sr_provider *p, const struct sr_signature_scheme *scheme)
{
    struct sr_signature *ctx = calloc(1, sizeof(*ctx));
    if (ctx == NULL) {
        sr_error(p, SR_R_MEMORY, "a signature's context");
        return NULL;
    }
    ctx->prov = p;
    ctx->scheme = scheme;
    return ctx;
}

void sr_signature_free(void *context)
{
    struct sr_signature *ctx = context;
    if (ctx == NULL)
        return;
    sr_key_free(ctx->key);
    EVP_MD_free(ctx->md);
    EVP_MD_free(ctx->mgf1);
    EVP_MD_CTX_free(ctx->digest);
    free(ctx);
}

void *sr_signature_dup(void *context)
{
    const struct sr_signature *from = context;
    struct sr_signature *ctx = sr_signature_new(from->prov, from->scheme);
    if (ctx == NULL)
        return NULL;
    ctx->padding = from->padding;
    ctx->salt_length = from->salt_length;
    if (from->key != NULL)
        ctx->key = sr_key_ref(from->key);
    if (from->md != NULL && EVP_MD_up_ref(from->md) == 1)
        ctx->md = from->md;
    if (from->mgf1 != NULL && EVP_MD_up_ref(from->mgf1) == 1)
        ctx->mgf1 = from->mgf1;
    if (from->digest != NULL) {
        ctx->digest = EVP_MD_CTX_new();
        if (ctx->digest == NULL || !EVP_MD_CTX_copy_ex(ctx->digest, from->digest)) {
            sr_signature_free(ctx);
            return NULL;
        }
    }
    return ctx;
}

bool sr_signature_fetch_md(const struct sr_signature *ctx, const char *name, EVP_MD **md)
{
    if (*md != NULL && EVP_MD_is_a(*md, name))
        return true;
    EVP_MD *fetched = EVP_MD_fetch(ctx->prov->libctx, name, ctx->prov->others);
    if (fetched == NULL) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "no other provider has the digest \"%s\"", name);
        return false;
    }
    EVP_MD_free(*md);
    *md = fetched;
    return true;
}

int sr_signature_set_digest(struct sr_signature *ctx, const OSSL_PARAM *params)
{
    char name[MD_NAME_MAX];
    char *at = name;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);
    if (p == NULL)
        return 1;
    if (!OSSL_PARAM_get_utf8_string(p, &at, sizeof(name)))
        return 0;
    if (ctx->digest != NULL && (ctx->md == NULL || !EVP_MD_is_a(ctx->md, name))) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED,
                 "the digest cannot be changed once the message is being hashed");
        return 0;
    }
    return sr_signature_fetch_md(ctx, name, &ctx->md);
}

/* A software verification with the same key and parameters, which also knows their algorithm identifier. */
static EVP_PKEY_CTX *software(const struct sr_signature *ctx)
{
    EVP_PKEY_CTX *pctx = EVP_PKEY_CTX_new_from_pkey(ctx->prov->libctx, ctx->key->pub, ctx->prov->others);
    if (pctx == NULL || EVP_PKEY_verify_init(pctx) != 1 ||
        (ctx->scheme->configure != NULL && !ctx->scheme->configure(ctx, pctx)) ||
        (ctx->md != NULL && EVP_PKEY_CTX_set_signature_md(pctx, ctx->md) != 1)) {
        EVP_PKEY_CTX_free(pctx);
        return NULL;
    }
    return pctx;
}

int sr_signature_get_digest(struct sr_signature *ctx, OSSL_PARAM *params)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);
    if (p != NULL && !OSSL_PARAM_set_utf8_string(p, ctx->md != NULL ? EVP_MD_get0_name(ctx->md) : ""))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    if (p == NULL)
        return 1;
    OSSL_PARAM wanted[] = {*p, OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *pctx = ctx->key != NULL ? software(ctx) : NULL;
    int ok = pctx != NULL && EVP_PKEY_CTX_get_params(pctx, wanted) == 1;
    EVP_PKEY_CTX_free(pctx);
    p->return_size = wanted[0].return_size;
    return ok;
}

static int init(struct sr_signature *ctx, struct sr_key *key, bool sign)
{
    if (key != NULL) {
        sr_key_ref(key);
        sr_key_free(ctx->key);
        ctx->key = key;
        if (ctx->scheme->reset != NULL)
            ctx->scheme->reset(ctx);
    }
    EVP_MD_CTX_free(ctx->digest);
    ctx->digest = NULL;
    if (ctx->key == NULL || ctx->key->pub == NULL || (sign && !ctx->key->is_private)) {
        sr_error(ctx->prov, SR_R_KEY, "%s",
                 sign ? "a private key is needed for a signature" : "no key was set");
        return 0;
    }
    return 1;
}

static int digest_init(struct sr_signature *ctx, const char *name, struct sr_key *key, bool sign)
{
    char by_default[MD_NAME_MAX];
    if (!init(ctx, key, sign))
        return 0;
    if ((name == NULL || name[0] == '\0') && ctx->md == NULL) {
        if (EVP_PKEY_get_default_digest_name(ctx->key->pub, by_default, sizeof(by_default)) <= 0)
            return 0;
        name = by_default;
    }
    if (name != NULL && name[0] != '\0' && !sr_signature_fetch_md(ctx, name, &ctx->md))
        return 0;
    ctx->digest = EVP_MD_CTX_new();
    return ctx->digest != NULL && EVP_DigestInit_ex2(ctx->digest, ctx->md, NULL);
}

int sr_signature_set_params(void *context, const OSSL_PARAM *params)
{
    struct sr_signature *ctx = context;
    return ctx->scheme->set_params(ctx, params);
}

int sr_signature_sign_init(void *context, void *key, const OSSL_PARAM *params)
{
    return init(context, key, true) && sr_signature_set_params(context, params);
}

int sr_signature_verify_init(void *context, void *key, const OSSL_PARAM *params)
{
    return init(context, key, false) && sr_signature_set_params(context, params);
}

int sr_signature_digest_sign_init(void *context, const char *digest, void *key, const OSSL_PARAM *params)
{
    return digest_init(context, digest, key, true) && sr_signature_set_params(context, params);
}

int sr_signature_digest_verify_init(void *context, const char *digest, void *key, const OSSL_PARAM *params)
{
    return digest_init(context, digest, key, false) && sr_signature_set_params(context, params);
}

int sr_signature_sign(void *context, unsigned char *signature, size_t *size, size_t room,
                      const unsigned char *data, size_t length)
{
    struct sr_signature *ctx = context;
    size_t most = (size_t)EVP_PKEY_get_size(ctx->key->pub);
    if (signature == NULL) {
        *size = most;
        return 1;
    }
    if (room < most) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "the room for the signature is smaller than %zu bytes", most);
        return 0;
    }
    if (ctx->md != NULL && length != (size_t)EVP_MD_get_size(ctx->md)) {
        sr_error(ctx->prov, SR_R_UNSUPPORTED, "%zu bytes are no %s digest", length,
                 EVP_MD_get0_name(ctx->md));
        return 0;
    }
    *size = room;
    return ctx->scheme->sign(ctx, data, length, signature, size);
}

int sr_signature_verify(void *context, const unsigned char *signature, size_t size, const unsigned char *data,
                        size_t length)
{
    struct sr_signature *ctx = context;
    EVP_PKEY_CTX *pctx = software(ctx);
    int ok = pctx != NULL && EVP_PKEY_verify(pctx, signature, size, data, length) == 1;
    EVP_PKEY_CTX_free(pctx);
    return ok;
}

int sr_signature_update(void *context, const unsigned char *data, size_t length)
{
    struct sr_signature *ctx = context;
    return ctx->digest != NULL && EVP_DigestUpdate(ctx->digest, data, length);
}

static bool finish_digest(struct sr_signature *ctx, unsigned char *digest, unsigned int *length)
{
    return ctx->digest != NULL && EVP_DigestFinal_ex(ctx->digest, digest, length);
}

int sr_signature_sign_final(void *context, unsigned char *signature, size_t *size, size_t room)
{
    struct sr_signature *ctx = context;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (signature == NULL)
        return sr_signature_sign(ctx, NULL, size, 0, NULL, 0);
    return finish_digest(ctx, digest, &length) &&
           sr_signature_sign(ctx, signature, size, room, digest, length);
}

int sr_signature_verify_final(void *context, const unsigned char *signature, size_t size)
{
    struct sr_signature *ctx = context;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    return finish_digest(ctx, digest, &length) && sr_signature_verify(ctx, signature, size, digest, length);
}

/* In one go libcrypto need not copy the context, as it does before a final. */
int sr_signature_digest_sign(void *context, unsigned char *signature, size_t *size, size_t room,
                             const unsigned char *data, size_t length)
{
    if (signature != NULL && !sr_signature_update(context, data, length))
        return 0;
    return sr_signature_sign_final(context, signature, size, room);
}

int sr_signature_digest_verify(void *context, const unsigned char *signature, size_t size,
                               const unsigned char *data, size_t length)
{
    return sr_signature_update(context, data, length) && sr_signature_verify_final(context, signature, size);
}
