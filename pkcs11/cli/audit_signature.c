/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_signature.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#define POINT_SIZE (SR_POINT_HEX / 2)
#define HALF (SR_SIGNATURE_HEX / 4)

static bool from_hex(const char *hex, unsigned char *bytes, size_t size)
{
    if (strlen(hex) != 2 * size || strspn(hex, "0123456789abcdef") != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *high = strchr(digits, hex[2 * i]);
        const char *low = strchr(digits, hex[2 * i + 1]);
        bytes[i] = (unsigned char)((high - digits) << 4 | (low - digits));
    }
    return true;
}

bool sr_point_name(const char *point, char name[SR_CHAIN_HEX + 1])
{
    unsigned char bytes[POINT_SIZE];
    unsigned char digest[SR_CHAIN_HEX / 2];

    if (!from_hex(point, bytes, sizeof(bytes)) || bytes[0] != 0x04 ||
        EVP_Digest(bytes, sizeof(bytes), digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)snprintf(name + 2 * i, 3, "%02x", digest[i]);
    return true;
}

static EVP_PKEY *key_of(const char *point)
{
    unsigned char bytes[POINT_SIZE];
    EVP_PKEY *key = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"prime256v1", 0),
                           OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes)),
                           OSSL_PARAM_END};

    if (!from_hex(point, bytes, sizeof(bytes)))
        return NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* The DER that libcrypto wants; to be freed with OPENSSL_free. */
static unsigned char *der_of(const char *signature, int *length)
{
    unsigned char bytes[2 * HALF];
    unsigned char *der = NULL;

    *length = 0;
    if (!from_hex(signature, bytes, sizeof(bytes)))
        return NULL;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes, HALF, NULL);
    BIGNUM *s = BN_bin2bn(bytes + HALF, HALF, NULL);
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        *length = i2d_ECDSA_SIG(pair, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return *length > 0 ? der : NULL;
}

bool sr_signature_good(const char *point, unsigned long long line, const char *value, const char *signature)
{
    char text[160];
    int length;
    int n = snprintf(text, sizeof(text), "strongroom-audit-1\n%llu\n%.64s\n", line, value);
    EVP_PKEY *key = key_of(point);
    unsigned char *der = der_of(signature, &length);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = key != NULL && der != NULL && md != NULL &&
                EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(md, der, (size_t)length, (unsigned char *)text, (size_t)n) == 1;

    EVP_MD_CTX_free(md);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}
