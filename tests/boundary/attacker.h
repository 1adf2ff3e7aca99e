/* What the attacks share: templates in a few words, keys made, wrapped, unwrapped and derived with them, and
 * the attacker's own arithmetic outside of the token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_ATTACKER_H
#define STRONGROOM_TESTS_ATTACKER_H

#include "signer.h"

#define TEMPLATE_MAX 24

struct template
{
    CK_ATTRIBUTE a[TEMPLATE_MAX];
    CK_ULONG n;
};

/* Adds one attribute; bytes are not copied. */
void put_bool(struct template *t, CK_ATTRIBUTE_TYPE type, bool value);
void put_ulong(struct template *t, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void put_bytes(struct template *t, CK_ATTRIBUTE_TYPE type, const void *data, size_t length);

/* A secret key's template: of TYPE, LENGTH bytes (0: not said), labelled LABEL (NULL: not at all), asked to
 * be sensitive and extractable or not, with the usages that the list ends with, a zero last. */
struct template secret(CK_KEY_TYPE type, CK_ULONG length, const char *label, bool sensitive, bool extractable,
                       ...);

CK_RV generate_aes(struct signer *s, struct template *t, CK_OBJECT_HANDLE *key);

#define WRAPPED_MAX 4096
struct wrapped {
    CK_BYTE data[WRAPPED_MAX];
    CK_ULONG length;
};
CK_RV wrap(struct signer *s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
           struct wrapped *out);
CK_RV unwrap(struct signer *s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, struct wrapped *in,
             struct template *t, CK_OBJECT_HANDLE *key);
CK_RV decrypt(struct signer *s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const struct wrapped *in,
              CK_BYTE *out, CK_ULONG *n);

/* A boolean attribute, and a secret value of up to *N bytes. */
bool has(struct signer *s, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type);
CK_RV read_value(struct signer *s, CK_OBJECT_HANDLE key, CK_BYTE *value, CK_ULONG *n);

/* Are these the value of the AES key? Found by its CKA_CHECK_VALUE, which is no secret. */
bool is_value(struct signer *s, CK_OBJECT_HANDLE key, const CK_BYTE *value, CK_ULONG n);

/* DATA in AES-CBC under a key that the attacker has, or the other way. */
bool own_aes_cbc(bool encrypt, const CK_BYTE *key, const CK_BYTE *iv, const CK_BYTE *data, size_t n,
                 CK_BYTE *out);

/* An RSA or P-256 key pair of the attacker's own. Freed with own_free. */
struct own_key;
struct own_key *own_rsa(void);
struct own_key *own_ec(void);
void own_free(struct own_key *key);

/* The template of the RSA public half as an object of the token. */
void own_public(const struct own_key *key, struct template *t);
/* The EC public point, as CK_ECDH1_DERIVE_PARAMS takes it. */
const CK_BYTE *own_point(const struct own_key *key, size_t *n);
/* What was wrapped with PKCS#1 v1.5 or OAEP under the public half. */
bool own_decrypt(const struct own_key *key, bool oaep, const struct wrapped *in, CK_BYTE *out, size_t *n);

/* Encrypts to the token's RSA public key. */
bool encrypt_to(struct signer *s, CK_OBJECT_HANDLE public, bool oaep, const CK_BYTE *data, size_t n,
                struct wrapped *out);

/* The x-coordinate shared with the token's EC key whose CKA_EC_POINT is POINT. */
bool own_shared(const struct own_key *key, struct signer *s, CK_OBJECT_HANDLE public, CK_BYTE *out,
                size_t *n);

#endif
