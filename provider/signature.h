/* Signatures (provider-signature(7)): what RSA and ECDSA have in common. Hashing is software's, and one
 * digest at a time goes to the token; so a running operation holds no session and can be copied. Verification
 * is software's altogether.
 *
 * The functions have the signatures that the dispatch tables want.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_SIGNATURE_H
#define STRONGROOM_PROVIDER_SIGNATURE_H

#include "key.h"

#include <openssl/core.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sr_signature;

struct sr_signature_scheme {
    /* Signs a digest (or, without one, the data as it is); SIGNATURE has room for *SIZE bytes, at least the
     * key's largest signature. False with an error raised. */
    bool (*sign)(struct sr_signature *ctx, const uint8_t *digest, size_t length, uint8_t *signature,
                 size_t *size);
    /* Passes the scheme's parameters on to a software verification; NULL where it has none. */
    bool (*configure)(const struct sr_signature *ctx, EVP_PKEY_CTX *software);
    /* The scheme's defaults for a key that was just set; NULL where it has none. */
    void (*reset)(struct sr_signature *ctx);
    int (*set_params)(struct sr_signature *ctx, const OSSL_PARAM *params);
};

struct sr_signature {
    struct sr_provider *prov;
    const struct sr_signature_scheme *scheme;
    struct sr_key *key;
    EVP_MD *md;         /* NULL: what is signed is no digest */
    EVP_MD_CTX *digest; /* of the message, in a digest_sign or digest_verify operation */
    /* RSA's */
    int padding;
    int salt_length;
    EVP_MD *mgf1; /* NULL: MD */
};

struct sr_signature *sr_signature_new(struct sr_provider *p, const struct sr_signature_scheme *scheme);
void sr_signature_free(void *context);
void *sr_signature_dup(void *context);

/* Fetches the digest NAME from another provider into *MD, which may hold one. False with an error raised. */
bool sr_signature_fetch_md(const struct sr_signature *ctx, const char *name, EVP_MD **md);

/* The parameters that both have: the digest to set, the digest and the algorithm identifier to get. */
int sr_signature_set_digest(struct sr_signature *ctx, const OSSL_PARAM *params);
int sr_signature_get_digest(struct sr_signature *ctx, OSSL_PARAM *params);

int sr_signature_set_params(void *context, const OSSL_PARAM *params);

/* Without a key the one that is set is kept. */
int sr_signature_sign_init(void *context, void *key, const OSSL_PARAM *params);
int sr_signature_verify_init(void *context, void *key, const OSSL_PARAM *params);
int sr_signature_digest_sign_init(void *context, const char *digest, void *key, const OSSL_PARAM *params);
int sr_signature_digest_verify_init(void *context, const char *digest, void *key, const OSSL_PARAM *params);

int sr_signature_sign(void *context, unsigned char *signature, size_t *size, size_t room,
                      const unsigned char *data, size_t length);
int sr_signature_verify(void *context, const unsigned char *signature, size_t size, const unsigned char *data,
                        size_t length);
int sr_signature_update(void *context, const unsigned char *data, size_t length);
int sr_signature_sign_final(void *context, unsigned char *signature, size_t *size, size_t room);
int sr_signature_verify_final(void *context, const unsigned char *signature, size_t size);
int sr_signature_digest_sign(void *context, unsigned char *signature, size_t *size, size_t room,
                             const unsigned char *data, size_t length);
int sr_signature_digest_verify(void *context, const unsigned char *signature, size_t size,
                               const unsigned char *data, size_t length);

/* Every dispatch table's common rows, without the end. */
#define SR_SIGNATURE_COMMON                                                                                  \
    {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))sr_signature_free},                                        \
        {OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))sr_signature_dup},                                      \
        {OSSL_FUNC_SIGNATURE_SIGN_INIT, (void (*)(void))sr_signature_sign_init},                             \
        {OSSL_FUNC_SIGNATURE_VERIFY_INIT, (void (*)(void))sr_signature_verify_init},                         \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))sr_signature_digest_sign_init},               \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, (void (*)(void))sr_signature_digest_verify_init},           \
        {OSSL_FUNC_SIGNATURE_SIGN, (void (*)(void))sr_signature_sign},                                       \
        {OSSL_FUNC_SIGNATURE_VERIFY, (void (*)(void))sr_signature_verify},                                   \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))sr_signature_update},                       \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))sr_signature_sign_final},                    \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))sr_signature_digest_sign},                         \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, (void (*)(void))sr_signature_update},                     \
        {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, (void (*)(void))sr_signature_verify_final},                \
    {                                                                                                        \
        OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, (void (*)(void))sr_signature_digest_verify                        \
    }

#endif
