/* Signatures by OpenSSL, as libssl makes them: a key loaded once, a context for each signature.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"
#include "sign.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/store.h>
#include <stdio.h>
#include <stdlib.h>

#define SIGNATURE_MAX 1024 /* bytes: RSA-8192 */

static bool fine(int ok, const char *what)
{
    if (ok <= 0) {
        (void)fprintf(stderr, "%s failed\n", what);
        ERR_print_errors_fp(stderr);
    }
    return ok > 0;
}

static void *start(void *shared)
{
    return shared; /* threads share the key */
}

static bool once(void *state)
{
    static const unsigned char message[32];
    EVP_PKEY *key = state;
    unsigned char signature[SIGNATURE_MAX];
    size_t size = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok =
        fine(ctx != NULL, "EVP_MD_CTX_new") &&
        fine(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL), "EVP_DigestSignInit_ex") &&
        fine(EVP_DigestSign(ctx, signature, &size, message, sizeof(message)), "EVP_DigestSign");

    EVP_MD_CTX_free(ctx);
    return ok;
}

static void end(void *state)
{
    (void)state;
}

static EVP_PKEY *load_key(const char *uri)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    if (!fine(store != NULL, "opening the URI") ||
        !fine(OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY), "OSSL_STORE_expect"))
        goto out;
    while (key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL)
            continue;
        key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    (void)fine(key != NULL, "loading the private key");
out:
    OSSL_STORE_close(store);
    return key;
}

int sign_with_provider(const struct sign_options *options)
{
    EVP_PKEY *key = load_key(options->uri);
    if (key == NULL)
        return 1;
    struct bench_job job = {.shared = key, .start = start, .once = once, .end = end};
    int status = bench_serve(&job, options->threads, OpenSSL_version(OPENSSL_VERSION));
    EVP_PKEY_free(key);
    return status;
}
