/* SPDX-License-Identifier: Apache-2.0 */
/* The store loader of pkcs11: URIs (provider-storemgmt(7)): private keys, public keys, certificates. */
#include "cryptoki/attributes.h"
#include "key.h"
#include "locate.h"
#include "provider.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <stdlib.h>

struct store {
    struct sr_provider *prov;
    struct sr_query query;
    struct sr_found found;
    bool searched;
    bool failed;
    bool ended;
    size_t next;
};

static void *store_open(void *provctx, const char *uri)
{
    struct sr_provider *p = provctx;
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        sr_error(p, SR_R_MEMORY, "a store");
        return NULL;
    }
    store->prov = p;
    if (!sr_query_init(p, &store->query, uri, SR_ANY_CLASS)) {
        sr_query_free(&store->query);
        free(store);
        return NULL;
    }
    return store;
}

static const OSSL_PARAM *store_settable(void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return params;
}

static int store_set_params(void *loader, const OSSL_PARAM *params)
{
    struct store *store = loader;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
    int expected;
    if (p == NULL)
        return 1;
    if (!OSSL_PARAM_get_int(p, &expected))
        return 0;
    switch (expected) {
    case OSSL_STORE_INFO_PKEY:
        store->query.class = CKO_PRIVATE_KEY;
        break;
    case OSSL_STORE_INFO_PUBKEY:
        store->query.class = CKO_PUBLIC_KEY;
        break;
    case OSSL_STORE_INFO_CERT:
        store->query.class = CKO_CERTIFICATE;
        break;
    default:
        break;
    }
    return 1;
}

static int give_key(struct store *store, CK_OBJECT_HANDLE object, bool *skipped, OSSL_CALLBACK *callback,
                    void *arg)
{
    struct sr_key *key = sr_key_load(store->found.token, object, store->query.text, skipped);
    int type = OSSL_OBJECT_PKEY;
    if (key == NULL)
        return 0;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char *)key->type->name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, (void *)&key, sizeof(void *)),
        OSSL_PARAM_construct_end(),
    };
    int ok = callback(params, arg);
    sr_key_free(key); /* NULL once keymgmt took it */
    return ok;
}

static int give_certificate(CK_ATTRIBUTE *der, OSSL_CALLBACK *callback, void *arg)
{
    int type = OSSL_OBJECT_CERT;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der->pValue, der->ulValueLen),
        OSSL_PARAM_construct_end(),
    };
    return callback(params, arg);
}

/* The value of OBJECT where it is an X.509 certificate; a private EC key's value would be the key. */
static bool read_certificate(struct store *store, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *der)
{
    CK_ATTRIBUTE class = {.type = CKA_CLASS};
    struct sr_session session;
    if (!sr_session_take(store->found.token, &session))
        return false;
    CK_RV rv = sr_attributes_read(session.f, session.handle, object, &class, 1);
    if (rv == CKR_OK && sr_attribute_ulong(&class, CK_UNAVAILABLE_INFORMATION) == CKO_CERTIFICATE)
        rv = sr_attributes_read(session.f, session.handle, object, der, 1);
    sr_session_give(&session, rv);
    sr_attributes_free(&class, 1);
    return rv == CKR_OK;
}

/* Gives the next object that OpenSSL has a place for: secret keys and data objects are passed over. */
static int give_next(struct store *store, OSSL_CALLBACK *callback, void *arg)
{
    while (store->next < store->found.count) {
        CK_OBJECT_HANDLE object = store->found.objects[store->next++];
        CK_ATTRIBUTE der = {.type = CKA_VALUE};
        bool skipped = true;
        int ok = 0;
        if (store->query.class == SR_ANY_CLASS || store->query.class == CKO_CERTIFICATE) {
            if (!read_certificate(store, object, &der)) {
                sr_attributes_free(&der, 1);
                return 0;
            }
        }
        if (der.ulValueLen > 0) {
            skipped = false;
            ok = give_certificate(&der, callback, arg);
        } else if (store->query.class != CKO_CERTIFICATE) {
            ok = give_key(store, object, &skipped, callback, arg);
        }
        sr_attributes_free(&der, 1);
        if (!skipped) {
            store->failed = !ok && store->next >= store->found.count;
            return ok;
        }
    }
    if (store->query.class != SR_ANY_CLASS)
        sr_error(store->prov, SR_R_UNSUPPORTED,
                 "%s is not of a type that OpenSSL can use here: RSA, EC and Ed25519 keys and X.509 "
                 "certificates are",
                 store->query.text);
    return 0;
}

/* libcrypto asks for the end right after a failure, and takes a loader that is at its end for one that had
 * nothing to give: so the end comes with the call after. */
static int store_load(void *loader, OSSL_CALLBACK *callback, void *arg, OSSL_PASSPHRASE_CALLBACK *ask,
                      void *ask_arg)
{
    struct store *store = loader;
    if (store->failed) {
        store->ended = true;
        return 0;
    }
    if (!store->searched) {
        store->query.pin.ask = ask;
        store->query.pin.ask_arg = ask_arg;
        store->failed = !sr_locate(store->prov, &store->query, &store->found);
        store->searched = true;
        if (store->failed)
            return 0;
    }
    return give_next(store, callback, arg);
}

static int store_eof(void *loader)
{
    const struct store *store = loader;
    return store->ended || (store->searched && !store->failed && store->next >= store->found.count);
}

static int store_close(void *loader)
{
    struct store *store = loader;
    free(store->found.objects);
    sr_query_free(&store->query);
    free(store);
    return 1;
}

const OSSL_DISPATCH sr_store[] = {
    {OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open},
    {OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, (void (*)(void))store_settable},
    {OSSL_FUNC_STORE_SET_CTX_PARAMS, (void (*)(void))store_set_params},
    {OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load},
    {OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof},
    {OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close},
    {0, NULL},
};
