/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "provider.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* What is read of a key, in one go. Never CKA_VALUE: of an EC key that is the private key itself. */
static const CK_ATTRIBUTE_TYPE wanted[SR_KEY_ATTRIBUTES] = {
    CKA_CLASS,
    CKA_KEY_TYPE,
    CKA_ID,
    CKA_LABEL,
    SR_PUBLIC_ATTRIBUTES,
    CKA_ALLOWED_MECHANISMS,
    CKA_ALWAYS_AUTHENTICATE,
};

#define HALF_ATTRIBUTES 5
static const CK_ATTRIBUTE_TYPE half_wanted[HALF_ATTRIBUTES] = {CKA_CLASS, SR_PUBLIC_ATTRIBUTES};

/* The public key of the certificate OBJECT. */
static EVP_PKEY *from_certificate(const struct sr_key *key, const struct sr_session *session,
                                  CK_OBJECT_HANDLE object)
{
    CK_ATTRIBUTE der = {.type = CKA_VALUE};
    EVP_PKEY *pub = NULL;
    if (sr_attributes_read(session->f, session->handle, object, &der, 1) == CKR_OK && der.ulValueLen > 0) {
        const unsigned char *at = der.pValue;
        X509 *certificate = X509_new_ex(key->prov->libctx, key->prov->others);
        if (certificate != NULL && d2i_X509(&certificate, &at, (long)der.ulValueLen) != NULL)
            pub = X509_get_pubkey(certificate);
        X509_free(certificate);
    }
    sr_attributes_free(&der, 1);
    if (pub != NULL && !EVP_PKEY_is_a(pub, key->type->name)) {
        EVP_PKEY_free(pub);
        pub = NULL;
    }
    return pub;
}

/* The public half of a private key that does not hold it: one search for what has the same CKA_ID (or, where
 * that is empty, the same label), of which the public key is preferred and a certificate will do. */
static CK_RV find_half(struct sr_key *key, const struct sr_session *session)
{
    const CK_ATTRIBUTE *by = sr_attribute_find(key->attributes, SR_KEY_ATTRIBUTES, CKA_ID);
    CK_OBJECT_HANDLE *objects = NULL;
    size_t count = 0;

    if (by->ulValueLen == 0)
        by = sr_attribute_find(key->attributes, SR_KEY_ATTRIBUTES, CKA_LABEL);
    if (by->ulValueLen == 0)
        return CKR_OK;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[] = {*by, {CKA_TOKEN, &yes, sizeof(yes)}};
    CK_RV rv = sr_find(session->f, session->handle, template, 2, &objects, &count);
    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        CK_ATTRIBUTE half[HALF_ATTRIBUTES];
        for (size_t j = 0; j < HALF_ATTRIBUTES; j++)
            half[j] = (CK_ATTRIBUTE){.type = half_wanted[j]};
        rv = sr_attributes_read(session->f, session->handle, objects[i], half, HALF_ATTRIBUTES);
        CK_ULONG class = sr_attribute_ulong(half, CK_UNAVAILABLE_INFORMATION);
        if (rv == CKR_OK && class == CKO_PUBLIC_KEY && sr_public_complete(key->type, half, HALF_ATTRIBUTES)) {
            EVP_PKEY_free(key->pub);
            key->pub = sr_public_new(key->prov, key->type, half, HALF_ATTRIBUTES, key->uri);
            count = 0; /* the best there is */
        } else if (rv == CKR_OK && class == CKO_CERTIFICATE && key->pub == NULL) {
            key->pub = from_certificate(key, session, objects[i]);
        }
        sr_attributes_free(half, HALF_ATTRIBUTES);
    }
    free(objects);
    return rv;
}

/* Reads OBJECT into KEY. */
static CK_RV read_key(struct sr_key *key, const struct sr_session *session, CK_OBJECT_HANDLE object)
{
    for (size_t i = 0; i < SR_KEY_ATTRIBUTES; i++)
        key->attributes[i] = (CK_ATTRIBUTE){.type = wanted[i]};
    CK_RV rv = sr_attributes_read(session->f, session->handle, object, key->attributes, SR_KEY_ATTRIBUTES);
    if (rv != CKR_OK)
        return rv;
    CK_ULONG class = sr_attribute_ulong(key->attributes, CK_UNAVAILABLE_INFORMATION);
    if (class != CKO_PRIVATE_KEY && class != CKO_PUBLIC_KEY)
        return CKR_OK;
    key->is_private = class == CKO_PRIVATE_KEY;
    key->type = sr_key_type_of(key->attributes, SR_KEY_ATTRIBUTES);
    key->always_authenticate = sr_attribute_bool(
        sr_attribute_find(key->attributes, SR_KEY_ATTRIBUTES, CKA_ALWAYS_AUTHENTICATE), false);
    if (key->type == NULL || sr_public_complete(key->type, key->attributes, SR_KEY_ATTRIBUTES) ||
        !key->is_private)
        return CKR_OK;
    return find_half(key, session);
}

struct sr_key *sr_key_new(struct sr_provider *p, const struct sr_key_type *type)
{
    struct sr_key *key = calloc(1, sizeof(*key));
    if (key == NULL) {
        sr_error(p, SR_R_MEMORY, "a key's record");
        return NULL;
    }
    atomic_init(&key->references, 1);
    key->prov = p;
    key->type = type;
    return key;
}

struct sr_key *sr_key_load(struct sr_token *token, CK_OBJECT_HANDLE object, const char *uri, bool *skipped)
{
    struct sr_provider *p = token->prov;
    struct sr_session session;
    struct sr_why why;
    struct sr_key *key = sr_key_new(p, NULL);

    *skipped = false;
    if (key == NULL)
        return NULL;
    key->token = token;
    key->uri = strdup(uri);
    if (key->uri == NULL) {
        sr_error(p, SR_R_MEMORY, "a key's URI");
        goto fail;
    }
    if (!sr_session_take(token, &session))
        goto fail;
    CK_RV rv = read_key(key, &session, object);
    key->handle = object;
    key->epoch = session.epoch;
    key->found = true;
    sr_session_give(&session, rv);
    if (rv != CKR_OK) {
        sr_error(p, SR_R_KEY, "the attributes of %s cannot be read: %s", uri, sr_access_explain(p, rv, &why));
        goto fail;
    }
    if (key->type == NULL) {
        *skipped = true;
        goto fail;
    }
    if (key->pub == NULL)
        key->pub = sr_public_new(p, key->type, key->attributes, SR_KEY_ATTRIBUTES, uri);
    if (key->pub == NULL)
        goto fail;
    return key;
fail:
    sr_key_free(key);
    return NULL;
}

struct sr_key *sr_key_ref(struct sr_key *key)
{
    atomic_fetch_add(&key->references, 1);
    return key;
}

/* The session copy goes with the key, unless the token's sessions, and it with them, are gone already. */
static void destroy_copy(struct sr_key *key)
{
    struct sr_provider *p = key->prov;
    if (!key->copied || !sr_access_usable(p))
        return;
    (void)pthread_mutex_lock(&p->access.lock);
    if (key->epoch == key->token->epoch)
        (void)p->access.module.f->C_DestroyObject(key->token->home, key->handle);
    (void)pthread_mutex_unlock(&p->access.lock);
}

void sr_key_free(struct sr_key *key)
{
    if (key == NULL || atomic_fetch_sub(&key->references, 1) > 1)
        return;
    destroy_copy(key);
    sr_attributes_free(key->attributes, SR_KEY_ATTRIBUTES);
    EVP_PKEY_free(key->pub);
    free(key->uri);
    free(key);
}
