/* The key object behind keymgmt: what OpenSSL's programs hold instead of a key.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_KEY_H
#define STRONGROOM_PROVIDER_KEY_H

#include "cryptoki/cryptoki.h"
#include "public.h"
#include "token.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SR_KEY_ATTRIBUTES 10

/* Everything but HANDLE and what follows it never changes once the key was loaded. */
struct sr_key {
    atomic_int references;
    struct sr_provider *prov;
    const struct sr_key_type *type;
    EVP_PKEY *pub;   /* NULL only between keymgmt's new and import */
    bool is_private; /* a private key in TOKEN; the fields below are unused otherwise */
    struct sr_token *token;
    char *uri; /* without its query, for messages */
    CK_ATTRIBUTE attributes[SR_KEY_ATTRIBUTES];
    bool always_authenticate;
    /* Guarded by the access lock: */
    CK_OBJECT_HANDLE handle; /* valid while EPOCH is the token's */
    unsigned epoch;
    bool found;
    bool settled; /* whether to make a session copy was decided, at the first signature */
    bool copied;  /* HANDLE is the session copy, ours to destroy */
};

/* An empty public key of TYPE, for an import. NULL with an error raised. */
struct sr_key *sr_key_new(struct sr_provider *p, const struct sr_key_type *type);

/* The key behind OBJECT in TOKEN, with its public half: its attributes, and at most one object search. URI is
 * copied. NULL with an error raised. *SKIPPED is set instead where the object is no key of a type that this
 * provider has. */
struct sr_key *sr_key_load(struct sr_token *token, CK_OBJECT_HANDLE object, const char *uri, bool *skipped);

struct sr_key *sr_key_ref(struct sr_key *key);
void sr_key_free(struct sr_key *key);

/* One signature, two Cryptoki calls: C_SignInit and C_Sign with DATA of LENGTH bytes. SIGNATURE has room for
 * *SIZE bytes, which becomes the signature's size. A handle or session that has become void (fork, a token
 * that was reset) is got anew, once. False with an error raised. Thread-safe. */
bool sr_key_sign(struct sr_key *key, CK_MECHANISM *mechanism, const uint8_t *data, size_t length,
                 uint8_t *signature, size_t *size);

#endif
