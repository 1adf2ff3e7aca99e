/* Keys that are derived in the token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/keys_make.h"

#include <openssl/evp.h>
#include <string.h>

#define DATA_SIZE 32

static bool add(EVP_MD_CTX *hash, const char *field)
{
    size_t length = strlen(field);
    const unsigned char prefix[4] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16),
                                     (unsigned char)(length >> 8), (unsigned char)length};
    return EVP_DigestUpdate(hash, prefix, sizeof(prefix)) == 1 && EVP_DigestUpdate(hash, field, length) == 1;
}

/* What is encrypted. Before each field stands its length in 4 bytes, the most significant first: so no two
 * lists of fields give the same bytes. They are hashed, as a block of CBC's output depends on the blocks up
 * to it only. */
static bool derivation_data(const char *const *fields, size_t n, unsigned char data[DATA_SIZE])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    unsigned size = 0;

    bool ok = hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; i < n && ok; i++)
        ok = add(hash, fields[i]);
    ok = ok && EVP_DigestFinal_ex(hash, data, &size) == 1 && size == DATA_SIZE;
    EVP_MD_CTX_free(hash);
    return ok;
}

enum sr_job_result sr_key_derive(const struct sr_bench *bench, const struct sr_key_kind *kind,
                                 CK_OBJECT_HANDLE base, const char *const *fields, size_t n,
                                 const char *label, CK_OBJECT_HANDLE *key, struct sr_why *why)
{
    unsigned char data[DATA_SIZE];
    CK_AES_CBC_ENCRYPT_DATA_PARAMS parameters = {.iv = {0}, .pData = data, .length = sizeof(data)};
    CK_MECHANISM mechanism = {CKM_AES_CBC_ENCRYPT_DATA, &parameters, sizeof(parameters)};
    const struct sr_key_origin origin = {.mechanism = &mechanism, .base = base};

    *key = CK_INVALID_HANDLE;
    if (base == CK_INVALID_HANDLE) {
        sr_why_set(why, "there is no root to derive a key from");
        return SR_JOB_INVALID;
    }
    if (!derivation_data(fields, n, data)) {
        sr_why_set(why, "libcrypto cannot compute SHA-256");
        return SR_JOB_FAILED;
    }
    return sr_key_make(bench, kind, &origin, label, key, why);
}
