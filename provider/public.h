/* A token key's public half, as a software key of another provider: it answers what libcrypto asks of the
 * key, and verifies.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_PUBLIC_H
#define STRONGROOM_PROVIDER_PUBLIC_H

#include "cryptoki/cryptoki.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

struct sr_provider;

/* A kind of key: its name in OpenSSL and its type in Cryptoki. */
struct sr_key_type {
    const char *name;
    CK_KEY_TYPE key_type;
};

extern const struct sr_key_type sr_key_rsa;
extern const struct sr_key_type sr_key_rsa_pss;
extern const struct sr_key_type sr_key_ec;
extern const struct sr_key_type sr_key_ed25519;

/* The kind of the key with these N attributes (CKA_KEY_TYPE, CKA_ALLOWED_MECHANISMS), or NULL where this
 * provider has none. */
const struct sr_key_type *sr_key_type_of(const CK_ATTRIBUTE *a, size_t n);

/* The attributes that hold a public key of any kind. */
#define SR_PUBLIC_ATTRIBUTES CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT

/* Is the whole public key in these N attributes? A private EC key has no point in most tokens. */
bool sr_public_complete(const struct sr_key_type *type, const CK_ATTRIBUTE *a, size_t n);

/* The public key in these N attributes. NULL with an error raised: WHOSE key it is, for the message. */
EVP_PKEY *sr_public_new(const struct sr_provider *p, const struct sr_key_type *type, const CK_ATTRIBUTE *a,
                        size_t n, const char *whose);

/* The public key in PARAMS, which are another provider's export. NULL on failure. */
EVP_PKEY *sr_public_import(const struct sr_provider *p, const struct sr_key_type *type,
                           const OSSL_PARAM *params);

#endif
