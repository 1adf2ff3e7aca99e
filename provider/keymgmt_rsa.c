/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys, and RSA-PSS keys: the same key under a name of its own, which X.509 gives to keys that sign with
 * PSS only (RFC 4055 §1.2). libssl wants the key's and the certificate's type to be the same. */
#include "keymgmt.h"
#include "provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

static void *new_rsa(void *provctx)
{
    return sr_key_new(provctx, &sr_key_rsa);
}

static void *new_rsa_pss(void *provctx)
{
    return sr_key_new(provctx, &sr_key_rsa_pss);
}

static const OSSL_PARAM *gettable(void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return params;
}

/* The restrictions of an RSA-PSS key (its hash and salt length) travel with its public half. */
static const OSSL_PARAM *types(int selection)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MASKGENFUNC, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, NULL),
        OSSL_PARAM_END,
    };
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? params : NULL;
}

static const char *operation_name(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "RSA" : NULL;
}

const OSSL_DISPATCH sr_keymgmt_rsa[] = {
    SR_KEYMGMT_COMMON,
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_rsa},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))types},
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))types},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))operation_name},
    {0, NULL},
};

const OSSL_DISPATCH sr_keymgmt_rsa_pss[] = {
    SR_KEYMGMT_COMMON,
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_rsa_pss},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))types},
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))types},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))operation_name},
    {0, NULL},
};
