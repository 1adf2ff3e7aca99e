/* The registry's seal: the key that its rows are authenticated with.
 *
 * A root in the token, which only derives, and the HMAC key that is derived from it, as a session object: a
 * token object is read from its file at each use (SoftHSM), and rows are many.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/keys.h"
#include "jobs/keys_make.h"
#include "jobs/needs.h"

#include <pthread.h>
#include <stdlib.h>

#define SEAL_LABEL "registry:rows"

#define SEAL_TEXT "strongroom registry rows"

static const struct sr_key_kind root_kind = {
    .type = CKK_AES, .size = 32, .token = true, .use = SR_KEY_DERIVES, .only = CKM_AES_CBC_ENCRYPT_DATA};
static const struct sr_key_kind seal_kind = {
    .type = CKK_GENERIC_SECRET, .size = 32, .use = SR_KEY_SIGNS, .only = CKM_SHA256_HMAC};

struct sr_seal_key {
    struct sr_bench bench;
    CK_OBJECT_HANDLE key;
    pthread_mutex_t lock; /* of the bench's session */
};

static CK_RV seal_mac(void *key, const void *data, size_t length, unsigned char mac[SR_SEAL_SIZE])
{
    struct sr_seal_key *seal = key;
    size_t size = SR_SEAL_SIZE;

    (void)pthread_mutex_lock(&seal->lock);
    CK_RV rv = sr_keys_hmac(&seal->bench, CKM_SHA256_HMAC, seal->key, data, length, mac, &size);
    (void)pthread_mutex_unlock(&seal->lock);
    return rv == CKR_OK && size != SR_SEAL_SIZE ? CKR_GENERAL_ERROR : rv;
}

static enum sr_job_result make_root(const struct sr_bench *bench, CK_OBJECT_HANDLE *key, struct sr_why *why)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    const struct sr_key_origin origin = {.mechanism = &generate};

    enum sr_job_result result = sr_needs_met(bench, SR_NEED_REGISTRY, why);
    if (result == SR_JOB_OK)
        result = sr_key_make(bench, &root_kind, &origin, SEAL_LABEL, key, why);
    return result;
}

/* The HMAC key, derived anew. */
static enum sr_job_result derive_seal(const struct sr_bench *bench, CK_OBJECT_HANDLE root,
                                      CK_OBJECT_HANDLE *found, struct sr_why *why)
{
    static const char *const fields[] = {SEAL_TEXT};
    return sr_key_derive(bench, &seal_kind, root, fields, 1, SEAL_LABEL ":derived", found, why);
}

enum sr_job_result sr_keys_seal_again(struct sr_seal_key *key, const struct sr_bench *bench,
                                      struct sr_why *why)
{
    CK_OBJECT_HANDLE root;
    CK_OBJECT_HANDLE found;

    enum sr_job_result result = sr_key_find(bench, SEAL_LABEL, &root, why);
    if (result == SR_JOB_OK)
        result = derive_seal(bench, root, &found, why);
    if (result == SR_JOB_NOT_FOUND) {
        sr_why_set(why, "the token does not hold the key of the registry's seal any more");
        result = SR_JOB_FAILED;
    }
    if (result != SR_JOB_OK)
        return result;
    (void)pthread_mutex_lock(&key->lock);
    key->bench = *bench;
    key->key = found;
    (void)pthread_mutex_unlock(&key->lock);
    return SR_JOB_OK;
}

enum sr_job_result sr_keys_seal(const struct sr_bench *bench, struct sr_seal_key **key, struct sr_seal *seal,
                                struct sr_why *why)
{
    CK_OBJECT_HANDLE root;
    CK_OBJECT_HANDLE found;

    *key = NULL;
    *seal = (struct sr_seal){0};
    enum sr_job_result result = sr_key_find(bench, SEAL_LABEL, &root, why);
    if (result == SR_JOB_NOT_FOUND)
        result = make_root(bench, &root, why);
    if (result == SR_JOB_OK)
        result = derive_seal(bench, root, &found, why);
    if (result != SR_JOB_OK)
        return result;
    struct sr_seal_key *made = calloc(1, sizeof(*made));
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        sr_why_set(why, "no memory for the registry's seal");
        return SR_JOB_NO_MEMORY;
    }
    made->bench = *bench;
    made->key = found;
    *seal = (struct sr_seal){.mac = seal_mac, .key = made};
    *key = made;
    return SR_JOB_OK;
}

void sr_keys_seal_free(struct sr_seal_key *key)
{
    if (key == NULL)
        return;
    (void)key->bench.f->C_DestroyObject(key->bench.session, key->key);
    (void)pthread_mutex_destroy(&key->lock);
    free(key);
}
