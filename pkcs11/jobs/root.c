/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/root.h"
#include "jobs/keys_make.h"

#include <string.h>

#define DERIVED_TEXT "strongroom root"
#define COMMITMENT_TEXT "strongroom key commitment"

static const struct sr_key_kind new_root = {
    .type = CKK_AES, .size = 32, .leaves = true, .use = SR_KEY_DERIVES, .only = CKM_AES_CBC_ENCRYPT_DATA};
static const struct sr_key_kind root_kind = {
    .type = CKK_AES, .use = SR_KEY_DERIVES, .only = CKM_AES_CBC_ENCRYPT_DATA};
static const struct sr_key_kind cipher_kind = {
    .type = CKK_AES, .size = 32, .use = SR_KEY_ENCRYPTS, .only = CKM_AES_GCM};
static const struct sr_key_kind mac_kind = {
    .type = CKK_GENERIC_SECRET, .size = 32, .use = SR_KEY_SIGNS, .only = CKM_SHA256_HMAC};

static CK_MECHANISM key_wrap = {CKM_AES_KEY_WRAP_PAD, NULL, 0};

static void destroy(const struct sr_bench *bench, CK_OBJECT_HANDLE *key)
{
    if (*key != CK_INVALID_HANDLE)
        (void)bench->f->C_DestroyObject(bench->session, *key);
    *key = CK_INVALID_HANDLE;
}

enum sr_job_result sr_wrap(const struct sr_bench *bench, CK_OBJECT_HANDLE kek, CK_OBJECT_HANDLE key,
                           const char *label, struct sr_wrapped *wrapped, struct sr_why *why)
{
    CK_ULONG size = sizeof(wrapped->bytes);
    CK_RV rv = bench->f->C_WrapKey(bench->session, &key_wrap, kek, key, wrapped->bytes, &size);

    wrapped->size = rv == CKR_OK ? size : 0;
    return rv == CKR_OK ? SR_JOB_OK : sr_key_failed(label, "wrap the key", rv, why);
}

enum sr_job_result sr_root_make(const struct sr_bench *bench, CK_OBJECT_HANDLE kek, const char *label,
                                struct sr_wrapped *wrapped, struct sr_why *why)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    const struct sr_key_origin origin = {.mechanism = &generate};
    CK_OBJECT_HANDLE root;

    *wrapped = (struct sr_wrapped){0};
    enum sr_job_result result = sr_key_make(bench, &new_root, &origin, label, &root, why);
    if (result == SR_JOB_OK)
        result = sr_wrap(bench, kek, root, label, wrapped, why);
    destroy(bench, &root);
    return result;
}

enum sr_job_result sr_root_open(const struct sr_bench *bench, CK_OBJECT_HANDLE kek,
                                const struct sr_wrapped *wrapped, const char *purpose, const char *label,
                                struct sr_root *root, struct sr_why *why)
{
    const struct sr_key_origin origin = {&key_wrap, kek, wrapped->bytes, wrapped->size};
    const char *const cipher[] = {DERIVED_TEXT, purpose, "cipher"};
    const char *const mac[] = {DERIVED_TEXT, purpose, "mac"};
    size_t size = sizeof(root->commitment);
    CK_OBJECT_HANDLE unwrapped;

    *root = (struct sr_root){0};
    enum sr_job_result result = sr_key_make(bench, &root_kind, &origin, label, &unwrapped, why);
    if (result == SR_JOB_OK)
        result = sr_key_derive(bench, &cipher_kind, unwrapped, cipher, 3, label, &root->cipher, why);
    if (result == SR_JOB_OK)
        result = sr_key_derive(bench, &mac_kind, unwrapped, mac, 3, label, &root->mac, why);
    destroy(bench, &unwrapped);
    if (result == SR_JOB_OK) {
        CK_RV rv = sr_keys_hmac(bench, CKM_SHA256_HMAC, root->mac, COMMITMENT_TEXT,
                                sizeof(COMMITMENT_TEXT) - 1, root->commitment, &size);
        if (rv != CKR_OK || size != sizeof(root->commitment))
            result = sr_key_failed(label, "make an HMAC with the key", rv, why);
    }
    if (result != SR_JOB_OK)
        sr_root_close(bench, root);
    return result;
}

void sr_root_close(const struct sr_bench *bench, struct sr_root *root)
{
    destroy(bench, &root->cipher);
    destroy(bench, &root->mac);
    *root = (struct sr_root){0};
}

enum sr_job_result sr_rewrap(const struct sr_bench *bench, CK_OBJECT_HANDLE from, CK_OBJECT_HANDLE to,
                             const struct sr_key_kind *kind, const char *label, struct sr_wrapped *wrapped,
                             struct sr_why *why)
{
    const struct sr_key_origin origin = {&key_wrap, from, wrapped->bytes, wrapped->size};
    struct sr_key_kind leaving = kind != NULL ? *kind : root_kind;
    CK_OBJECT_HANDLE key;

    leaving.leaves = true;
    enum sr_job_result result = sr_key_make(bench, &leaving, &origin, label, &key, why);
    if (result == SR_JOB_OK)
        result = sr_wrap(bench, to, key, label, wrapped, why);
    destroy(bench, &key);
    return result;
}
