/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's entry point (provider(7), provider-base(7)): what it offers, and its beginning and end. */
#include "provider.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which of our property definitions an algorithm has. */
enum property { PLAIN, FROM_PEM, FROM_DER, PROPERTIES };

struct row {
    const char *names; /* the ones that other providers give the same algorithm */
    enum property property;
    const OSSL_DISPATCH *functions;
};

#define RSA "RSA:rsaEncryption:1.2.840.113549.1.1.1"
#define RSA_PSS "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10"
#define EC "EC:id-ecPublicKey:1.2.840.10045.2.1"
#define ED25519 "ED25519:1.3.101.112"

static const struct row keymgmts[] = {
    {RSA, PLAIN, sr_keymgmt_rsa}, {RSA_PSS, PLAIN, sr_keymgmt_rsa_pss},
    {EC, PLAIN, sr_keymgmt_ec},   {ED25519, PLAIN, sr_keymgmt_ed25519},
    {NULL, PLAIN, NULL},
};

static const struct row signatures[] = {
    {RSA, PLAIN, sr_signature_rsa},
    {"ECDSA", PLAIN, sr_signature_ecdsa},
    {ED25519, PLAIN, sr_signature_eddsa},
    {NULL, PLAIN, NULL},
};

static const struct row stores[] = {
    {"pkcs11", PLAIN, sr_store},
    {NULL, PLAIN, NULL},
};

static const struct row decoders[] = {
    {"DER", FROM_PEM, sr_decoder_pem},       {RSA, FROM_DER, sr_decoder_rsa},
    {RSA_PSS, FROM_DER, sr_decoder_rsa_pss}, {EC, FROM_DER, sr_decoder_ec},
    {ED25519, FROM_DER, sr_decoder_ed25519}, {NULL, PLAIN, NULL},
};

#define ROWS_MAX 6

static const struct {
    int operation;
    const struct row *rows;
} offers[] = {
    {OSSL_OP_KEYMGMT, keymgmts},
    {OSSL_OP_SIGNATURE, signatures},
    {OSSL_OP_STORE, stores},
    {OSSL_OP_DECODER, decoders},
};
#define OFFERS (sizeof(offers) / sizeof(offers[0]))

/* The offers as libcrypto wants them, with the properties that carry the provider's name. */
struct sr_algorithms {
    char *properties[PROPERTIES];
    OSSL_ALGORITHM lists[OFFERS][ROWS_MAX];
};

/* HEAD, NAME and TAIL joined; allocated. */
static char *join(const char *head, const char *name, const char *tail)
{
    char *text = NULL;
    return asprintf(&text, "%s%s%s", head, name, tail) < 0 ? NULL : text;
}

static void free_algorithms(struct sr_algorithms *algorithms)
{
    for (size_t i = 0; algorithms != NULL && i < PROPERTIES; i++)
        free(algorithms->properties[i]);
    free(algorithms);
}

static struct sr_algorithms *new_algorithms(const char *name)
{
    struct sr_algorithms *new = calloc(1, sizeof(*new));
    if (new == NULL)
        return NULL;
    new->properties[PLAIN] = join("provider=", name, "");
    new->properties[FROM_PEM] = join("provider=", name, ",input=pem");
    new->properties[FROM_DER] = join("provider=", name, ",input=der,structure=" SR_DER_STRUCTURE);
    for (size_t i = 0; i < PROPERTIES; i++) {
        if (new->properties[i] == NULL) {
            free_algorithms(new);
            return NULL;
        }
    }
    for (size_t i = 0; i < OFFERS; i++) {
        for (size_t j = 0; offers[i].rows[j].names != NULL; j++) {
            const struct row *row = &offers[i].rows[j];
            new->lists[i][j].algorithm_names = row->names;
            new->lists[i][j].property_definition = new->properties[row->property];
            new->lists[i][j].implementation = row->functions;
        }
    }
    return new;
}

static const OSSL_ALGORITHM *query_operation(void *provctx, int operation, int *no_cache)
{
    const struct sr_provider *p = provctx;
    *no_cache = 0;
    for (size_t i = 0; i < OFFERS; i++)
        if (offers[i].operation == operation)
            return p->algorithms->lists[i];
    return NULL;
}

static const OSSL_ITEM *get_reason_strings(void *provctx)
{
    (void)provctx;
    return sr_reasons;
}

static const OSSL_PARAM *gettable_params(void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
        OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return params;
}

static int get_params(void *provctx, OSSL_PARAM *params)
{
    (void)provctx;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, "Strongroom, keys in PKCS#11 tokens"))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, STRONGROOM_VERSION))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_BUILDINFO);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, STRONGROOM_VERSION))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return p == NULL || OSSL_PARAM_set_int(p, 1);
}

static void teardown(void *provctx)
{
    struct sr_provider *p = provctx;
    if (p == NULL)
        return;
    sr_access_free(p);
    OSSL_LIB_CTX_free(p->libctx);
    free_algorithms(p->algorithms);
    sr_config_free(&p->config);
    free(p->others);
    free(p);
}

/* What the core has under NAME in our section of openssl.cnf, or NULL. */
static const char *core_string(const OSSL_CORE_HANDLE *core, OSSL_FUNC_core_get_params_fn *get,
                               const char *name)
{
    char *value = NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_ptr(name, &value, 0),
        OSSL_PARAM_construct_end(),
    };
    return get(core, params) ? value : NULL;
}

static bool read_config(struct sr_provider *p, OSSL_FUNC_core_get_params_fn *get)
{
    if (!sr_config_init(&p->config))
        return false;
    for (size_t i = 0; get != NULL && sr_config_names[i] != NULL; i++) {
        const char *value = core_string(p->core, get, sr_config_names[i]);
        if (value != NULL && !sr_config_set(&p->config, sr_config_names[i], value))
            return false;
    }
    return true;
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query_operation},
    {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))get_reason_strings},
    {0, NULL},
};

/* Succeeds with the module or the token absent: a program that does not use them must not notice. */
__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
                                                              const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out, void **provctx)
{
    OSSL_FUNC_core_get_params_fn *get = NULL;
    struct sr_provider *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return 0;
    if (!sr_access_init(&p->access)) {
        free(p);
        return 0;
    }
    p->core = handle;
    sr_error_init(&p->errors, in);
    for (const OSSL_DISPATCH *i = in; i->function_id != 0; i++)
        if (i->function_id == OSSL_FUNC_CORE_GET_PARAMS)
            get = OSSL_FUNC_core_get_params(i);
    const char *name = get != NULL ? core_string(handle, get, OSSL_PROV_PARAM_CORE_PROV_NAME) : NULL;
    if (name == NULL)
        name = "strongroom";
    p->libctx = OSSL_LIB_CTX_new_child(handle, in);
    p->algorithms = new_algorithms(name);
    p->others = join("provider!=", name, "");
    if (p->libctx == NULL || p->algorithms == NULL || p->others == NULL || !read_config(p, get)) {
        teardown(p);
        return 0;
    }
    if (p->config.load_early) {
        ERR_set_mark();
        (void)sr_access_enter(p); /* its errors come again at first use */
        ERR_pop_to_mark();
    }
    *out = functions;
    *provctx = p;
    return 1;
}
