/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 keys. */
#include "keymgmt.h"
#include "provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

static void *new_ed25519(void *provctx)
{
    return sr_key_new(provctx, &sr_key_ed25519);
}

/* The mandatory digest is the empty one: Ed25519 signs messages (RFC 8032 §5.1). */
static const OSSL_PARAM *gettable(void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return params;
}

static const OSSL_PARAM *types(int selection)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? params : NULL;
}

static const char *operation_name(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ED25519" : NULL;
}

const OSSL_DISPATCH sr_keymgmt_ed25519[] = {
    SR_KEYMGMT_COMMON,
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_ed25519},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))types},
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))types},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))operation_name},
    {0, NULL},
};
