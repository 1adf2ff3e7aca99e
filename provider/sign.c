/* SPDX-License-Identifier: Apache-2.0 */
/* Signing with a token's key: finding it again by what it is, the session copy, the two calls. */
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/names.h"
#include "key.h"
#include "provider.h"

#include <stdlib.h>

/* What a key is, across forks and resets: its class, type, id, label, and the modulus where it has one. */
static const CK_ATTRIBUTE_TYPE identity[] = {CKA_CLASS, CKA_KEY_TYPE, CKA_ID, CKA_LABEL, CKA_MODULUS};
#define IDENTITIES (sizeof(identity) / sizeof(identity[0]))

static CK_RV find_again(const struct sr_key *key, const struct sr_session *session, CK_OBJECT_HANDLE *object,
                        const char **trouble)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[IDENTITIES + 1];
    CK_OBJECT_HANDLE *objects = NULL;
    size_t n = 0;
    size_t count = 0;

    for (size_t i = 0; i < IDENTITIES; i++) {
        const CK_ATTRIBUTE *a = sr_attribute_find(key->attributes, SR_KEY_ATTRIBUTES, identity[i]);
        if (a->ulValueLen > 0)
            template[n++] = *a;
    }
    template[n++] = (CK_ATTRIBUTE){CKA_TOKEN, &yes, sizeof(yes)}; /* not a session copy of it */
    CK_RV rv = sr_find(session->f, session->handle, template, n, &objects, &count);
    if (rv == CKR_OK && count != 1) {
        *trouble = count == 0 ? "it is not in the token any more"
                              : "several keys in the token have its label and id: give each an id of its own";
        rv = CKR_KEY_HANDLE_INVALID;
    }
    if (rv == CKR_OK)
        *object = objects[0];
    free(objects);
    return rv;
}

/* A module in this process re-reads a token object at each use: a session copy, which has the same attributes
 * (PKCS#11 v3.0 §5.7.2), is faster. Where the key or the token does not allow one, the original will do.
 * strongroomd keeps copies itself. */
static bool copy_key(const struct sr_key *key, const struct sr_session *session, CK_OBJECT_HANDLE object,
                     CK_OBJECT_HANDLE *copy)
{
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE template = {CKA_TOKEN, &no, sizeof(no)};
    if (key->prov->access.module.explain != NULL || key->always_authenticate)
        return false;
    return session->f->C_CopyObject(key->token->home, object, &template, 1, copy) == CKR_OK;
}

static CK_RV get_handle(struct sr_key *key, const struct sr_session *session, CK_OBJECT_HANDLE *handle,
                        const char **trouble)
{
    CK_RV rv = CKR_OK;
    (void)pthread_mutex_lock(&key->prov->access.lock);
    if (session->epoch != key->token->epoch) {
        rv = CKR_SESSION_HANDLE_INVALID;
    } else if (!key->found || key->epoch != session->epoch) {
        rv = find_again(key, session, &key->handle, trouble);
        key->found = rv == CKR_OK;
        key->epoch = session->epoch;
        key->settled = false;
        key->copied = false;
    }
    if (rv == CKR_OK && !key->settled) {
        CK_OBJECT_HANDLE copy = 0;
        key->settled = true;
        key->copied = copy_key(key, session, key->handle, &copy);
        if (key->copied)
            key->handle = copy;
    }
    *handle = key->handle;
    (void)pthread_mutex_unlock(&key->prov->access.lock);
    return rv;
}

static CK_RV sign_once(struct sr_key *key, const struct sr_session *session, CK_OBJECT_HANDLE handle,
                       CK_MECHANISM *mechanism, const uint8_t *data, size_t length, uint8_t *signature,
                       size_t *size)
{
    CK_RV rv = session->f->C_SignInit(session->handle, mechanism, handle);
    if (rv == CKR_OK && key->always_authenticate) {
        (void)pthread_mutex_lock(&key->prov->access.lock);
        rv = sr_login_context_specific(key->token, session->f, session->handle);
        (void)pthread_mutex_unlock(&key->prov->access.lock);
    }
    if (rv != CKR_OK)
        return rv;
    CK_ULONG got = *size;
    rv = session->f->C_Sign(session->handle, (CK_BYTE *)data, length, signature, &got);
    *size = got;
    return rv;
}

static bool handle_lost(CK_RV rv)
{
    return rv == CKR_KEY_HANDLE_INVALID || rv == CKR_OBJECT_HANDLE_INVALID;
}

/* Another thread may have found the key again already: then its handle is a newer one. */
static void forget_handle(struct sr_key *key, CK_OBJECT_HANDLE handle)
{
    (void)pthread_mutex_lock(&key->prov->access.lock);
    if (key->handle == handle)
        key->found = false;
    (void)pthread_mutex_unlock(&key->prov->access.lock);
}

bool sr_key_sign(struct sr_key *key, CK_MECHANISM *mechanism, const uint8_t *data, size_t length,
                 uint8_t *signature, size_t *size)
{
    struct sr_provider *p = key->prov;
    const char *trouble = NULL;
    CK_RV rv = CKR_OK;

    for (int tries = 0; tries < 2; tries++) {
        struct sr_session session;
        CK_OBJECT_HANDLE handle = 0;
        size_t got = *size;
        if (!sr_session_take(key->token, &session))
            return false;
        rv = get_handle(key, &session, &handle, &trouble);
        if (rv == CKR_OK)
            rv = sign_once(key, &session, handle, mechanism, data, length, signature, &got);
        sr_session_give(&session, rv);
        if (rv == CKR_OK) {
            *size = got;
            return true;
        }
        if (handle_lost(rv) && trouble == NULL)
            forget_handle(key, handle);
        else if (!sr_session_lost(rv))
            break;
    }
    struct sr_why why;
    sr_error(p, SR_R_OPERATION, "%s cannot sign with %s: %s", key->uri,
             sr_mechanism_name(mechanism->mechanism),
             trouble != NULL ? trouble : sr_access_explain(p, rv, &why));
    return false;
}
