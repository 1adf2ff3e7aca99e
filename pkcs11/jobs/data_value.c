/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data_value.h"
#include "jobs/known.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum sr_job_result sr_data_check_age(const struct sr_data_ask *ask, unsigned long version, struct sr_why *why)
{
    if (version >= ask->min_version)
        return SR_JOB_OK;
    sr_why_set(why, "it is of version %lu of %s:%s, and versions before %lu are refused here", version,
               ask->family.role, ask->family.name, ask->min_version);
    return SR_JOB_BAD;
}

enum sr_job_result sr_data_check_item(const struct sr_data_item *item, struct sr_why *why)
{
    if (item->context_size <= SR_DATA_CONTEXT_MAX)
        return SR_JOB_OK;
    sr_why_set(why, "the context is longer than %zu bytes: give its hash", SR_DATA_CONTEXT_MAX);
    return SR_JOB_INVALID;
}

/* libcrypto is asked for many nonces at once: that takes it little longer than one. */
static bool new_nonce(unsigned char nonce[SR_GCM_NONCE])
{
    static _Thread_local unsigned char ahead[32 * SR_GCM_NONCE];
    static _Thread_local size_t left;

    if (left == 0 && RAND_bytes(ahead, sizeof(ahead)) != 1)
        return false;
    left = left == 0 ? sizeof(ahead) : left;
    left -= SR_GCM_NONCE;
    memcpy(nonce, ahead + left, SR_GCM_NONCE);
    return true;
}

/* One message under the opened key. BINARY has room for the data and SR_DATA_OVERHEAD. */
static enum sr_job_result encrypt(const struct sr_bench *bench, const struct sr_data_key *key,
                                  CK_OBJECT_HANDLE cipher, const struct sr_data_item *item,
                                  unsigned char *binary, struct sr_why *why)
{
    struct sr_gcm gcm = {.key = cipher, .nonce = binary + SR_DATA_BOUND};

    sr_data_header_write(key->version, key->id, binary);
    if (!new_nonce(binary + SR_DATA_BOUND)) {
        sr_why_set(why, "libcrypto has no random bytes");
        return SR_JOB_FAILED;
    }
    unsigned char *bound =
        sr_data_bound(&key->family, binary, item->context, item->context_size, &gcm.aad_size);
    if (bound == NULL) {
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    gcm.aad = bound;
    enum sr_job_result result =
        sr_gcm_encrypt(bench, &gcm, item->data, item->size, binary + SR_DATA_HEADER, why);
    free(bound);
    return result;
}

/* The same, in the form that was asked for. */
static enum sr_job_result encrypt_as(const struct sr_bench *bench, bool binary, const struct sr_data_key *key,
                                     CK_OBJECT_HANDLE cipher, const struct sr_data_item *item,
                                     struct sr_data_result *out, struct sr_why *why)
{
    size_t size = item->size + SR_DATA_OVERHEAD;
    unsigned char small[1024];
    unsigned char *room = binary ? out->bytes : size <= sizeof(small) ? small : malloc(size);

    if (room == NULL) {
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    enum sr_job_result result = encrypt(bench, key, cipher, item, room, why);
    if (result == SR_JOB_OK) {
        out->size = binary ? size : SR_DATA_PRINTED(size);
        out->version = key->version;
        if (!binary)
            sr_data_print('d', room, size, out->bytes);
    }
    if (room != out->bytes && room != small)
        free(room);
    return result;
}

enum sr_job_result sr_data_seal(struct sr_jobs *jobs, const struct sr_bench *bench,
                                const struct sr_data_ask *ask, unsigned long version,
                                const struct sr_data_item *item, struct sr_data_result *out,
                                struct sr_why *why)
{
    bool kept = ask->key == NULL;
    enum sr_job_result result;
    bool full;

    /* Once more with a new key where the family's was full. Another thread may have filled that as well, but
     * not for as long as this takes. */
    do {
        struct sr_opened *opened = NULL;
        struct sr_data_key key;
        CK_OBJECT_HANDLE kek;

        full = false;
        result = SR_JOB_OK;
        if (kept)
            result = sr_data_current(jobs, bench, &ask->family, version, &key, why);
        else
            key = *ask->key;
        if (result == SR_JOB_OK)
            result = sr_use_kek(jobs, &ask->family, key.version, false, &kek, why);
        if (result == SR_JOB_OK)
            result = sr_data_open(jobs, &key, kept, kek, &opened, why);
        if (result == SR_JOB_OK)
            result = sr_data_count(jobs, &key, kept, &full, why);
        if (result == SR_JOB_OK && !full)
            result = encrypt_as(bench, ask->binary, &key, opened->root.cipher, item, out, why);
        sr_data_release(jobs, opened);
    } while (result == SR_JOB_OK && full);
    return result;
}

/* The key that a value was made with: the one that was given, if it is that, or one of the family's. */
static enum sr_job_result key_of(struct sr_jobs *jobs, const struct sr_data_ask *ask,
                                 const struct sr_data_value *value, struct sr_data_key *key,
                                 struct sr_why *why)
{
    char wanted[SR_DATA_ID_TEXT];
    char given[SR_DATA_ID_TEXT];

    if (ask->key == NULL) {
        enum sr_job_result result = sr_data_find(jobs, &ask->family, value->id, key, why);
        if (result == SR_JOB_OK && value->version != key->version) {
            sr_why_set(why, "the value is damaged: it names another version than its key's");
            result = SR_JOB_BAD;
        }
        return result;
    }
    *key = *ask->key;
    if (CRYPTO_memcmp(key->id, value->id, SR_DATA_ID) == 0)
        return sr_data_check_age(ask, key->version, why);
    sr_data_id_text(value->id, wanted);
    sr_data_id_text(key->id, given);
    sr_why_set(why, "wrong key: the value was made with the data key %s..., and this is %s...", wanted,
               given);
    return SR_JOB_WRONG_KEY;
}

static enum sr_job_result decrypt(const struct sr_bench *bench, const struct sr_family_name *family,
                                  CK_OBJECT_HANDLE cipher, const struct sr_data_value *value,
                                  const struct sr_data_item *item, unsigned char *out, struct sr_why *why)
{
    struct sr_gcm gcm = {.key = cipher, .nonce = value->nonce};
    unsigned char *bound =
        sr_data_bound(family, value->header, item->context, item->context_size, &gcm.aad_size);

    if (bound == NULL) {
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    gcm.aad = bound;
    enum sr_job_result result = sr_gcm_decrypt(bench, &gcm, value->sealed, value->sealed_size, out, why);
    if (result == SR_JOB_BAD)
        sr_why_set(why,
                   "the value is damaged, or was made for another context: its key is the right one, and "
                   "its tag does not fit");
    free(bound);
    return result;
}

enum sr_job_result sr_data_unseal(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_data_ask *ask, const struct sr_data_value *value,
                                  const struct sr_data_item *item, bool leaving, unsigned char *out,
                                  struct sr_why *why)
{
    struct sr_opened *opened = NULL;
    struct sr_data_key key;
    CK_OBJECT_HANDLE kek;

    enum sr_job_result result = sr_data_check_age(ask, value->version, why);
    if (result == SR_JOB_OK)
        result = key_of(jobs, ask, value, &key, why);
    if (result == SR_JOB_OK)
        result = sr_use_kek(jobs, &ask->family, key.version, leaving, &kek, why);
    if (result == SR_JOB_OK)
        result = sr_data_open(jobs, &key, ask->key == NULL, kek, &opened, why);
    if (result == SR_JOB_OK)
        result = decrypt(bench, &ask->family, opened->root.cipher, value, item, out, why);
    sr_data_release(jobs, opened);
    return result;
}
