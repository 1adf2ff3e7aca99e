/* SPDX-License-Identifier: Apache-2.0 */
#include "openssl_key.h"

#include <openssl/err.h>
#include <openssl/store.h>

#define SIGNATURE_MAX 1024

EVP_PKEY *key_load(const char *uri)
{
    EVP_PKEY *found = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);

    while (store != NULL && found == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            found = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    if (found == NULL)
        ERR_print_errors_fp(stderr);
    return found;
}

bool key_sign(EVP_PKEY *key)
{
    static const unsigned char message[] = "a message of no consequence";
    unsigned char signature[SIGNATURE_MAX];
    size_t length = sizeof(signature);
    const char *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256";
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool fine = ctx != NULL && EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestSign(ctx, signature, &length, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(ctx);
    if (!fine)
        ERR_print_errors_fp(stderr);
    return fine;
}
