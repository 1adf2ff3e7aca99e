/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt.h"
#include "provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/evp.h>

void *sr_keymgmt_load(const void *reference, size_t size)
{
    struct sr_key **from = (struct sr_key **)reference;
    if (size != sizeof(void *))
        return NULL;
    struct sr_key *key = *from;
    *from = NULL; /* the reference is ours now */
    return key;
}

void sr_keymgmt_free(void *key)
{
    sr_key_free(key);
}

void *sr_keymgmt_dup(const void *keydata, int selection)
{
    struct sr_key *key = (struct sr_key *)keydata;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 || !key->is_private)
        return sr_key_ref(key);
    struct sr_key *copy = sr_key_new(key->prov, key->type);
    if (copy != NULL && EVP_PKEY_up_ref(key->pub) == 1)
        copy->pub = key->pub;
    return copy;
}

int sr_keymgmt_get_params(void *keydata, OSSL_PARAM *params)
{
    const struct sr_key *key = keydata;
    return key->pub != NULL && EVP_PKEY_get_params(key->pub, params);
}

int sr_keymgmt_has(const void *keydata, int selection)
{
    const struct sr_key *key = keydata;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !key->is_private)
        return 0;
    return key->pub != NULL;
}

int sr_keymgmt_match(const void *a, const void *b, int selection)
{
    const EVP_PKEY *first = ((const struct sr_key *)a)->pub;
    const EVP_PKEY *second = ((const struct sr_key *)b)->pub;
    if (first == NULL || second == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0)
        return EVP_PKEY_eq(first, second) == 1;
    return EVP_PKEY_parameters_eq(first, second) == 1;
}

int sr_keymgmt_validate(const void *keydata, int selection, int check)
{
    const struct sr_key *key = keydata;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !key->is_private)
        return 0;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(key->prov->libctx, key->pub, key->prov->others);
    int ok = ctx != NULL && (check == OSSL_KEYMGMT_VALIDATE_QUICK_CHECK ? EVP_PKEY_public_check_quick(ctx)
                                                                        : EVP_PKEY_public_check(ctx)) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

int sr_keymgmt_import(void *keydata, int selection, const OSSL_PARAM *params)
{
    struct sr_key *key = keydata;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ||
        (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || key->pub != NULL)
        return 0;
    key->pub = sr_public_import(key->prov, key->type, params);
    return key->pub != NULL;
}

int sr_keymgmt_export(void *keydata, int selection, OSSL_CALLBACK *callback, void *arg)
{
    const struct sr_key *key = keydata;
    if (key->pub == NULL || key->prov->config.refuse_export)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key->is_private)
        return 0;
    return EVP_PKEY_export(key->pub, selection & ~OSSL_KEYMGMT_SELECT_PRIVATE_KEY, callback, arg);
}
