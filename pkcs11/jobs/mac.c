/* HMACs under a family's session keys. What the registry says of a family is believed for a second, and the
 * keys that were derived from its roots are kept for as long as that does not change.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/mac.h"
#include "cryptoki/names.h"
#include "jobs/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BELIEVED_MS 10000
#define PURPOSE_MAX 33
#define KEYS_MAX 256 /* per family: a client chooses the purposes */

struct derived {
    struct derived *next;
    unsigned long version;
    char purpose[PURPOSE_MAX]; /* "" for the HS512 key, which is the token's own object */
    CK_OBJECT_HANDLE key;
};

struct sr_known_family {
    struct sr_known_family *next;
    struct sr_state state;
    long long read_ms;
    struct derived *keys;
    size_t key_count;
};

static void drop_keys(struct sr_jobs *jobs, struct sr_known_family *k)
{
    while (k->keys != NULL) {
        struct derived *d = k->keys;
        k->keys = d->next;
        if (d->purpose[0] != '\0')
            (void)jobs->keeper.f->C_DestroyObject(jobs->keeper.session, d->key);
        free(d);
    }
    k->key_count = 0;
}

/* Takes the family at *AT out of the list and frees it. */
static void drop(struct sr_jobs *jobs, struct sr_known_family **at)
{
    struct sr_known_family *k = *at;
    *at = k->next;
    drop_keys(jobs, k);
    sr_state_free(&k->state);
    free(k);
}

static bool is_family(const struct sr_known_family *k, const struct sr_family_name *name)
{
    return strcmp(k->state.family.name.role, name->role) == 0 &&
           strcmp(k->state.family.name.name, name->name) == 0;
}

static struct sr_known_family **place_of(struct sr_jobs *jobs, const struct sr_family_name *name)
{
    struct sr_known_family **at = &jobs->known;
    while (*at != NULL && !is_family(*at, name))
        at = &(*at)->next;
    return at;
}

void sr_mac_forget(struct sr_jobs *jobs, const struct sr_family_name *name)
{
    (void)pthread_rwlock_wrlock(&jobs->uses);
    (void)pthread_mutex_lock(&jobs->lock);
    struct sr_known_family **at = place_of(jobs, name);
    if (*at != NULL)
        drop(jobs, at);
    (void)pthread_mutex_unlock(&jobs->lock);
    (void)pthread_rwlock_unlock(&jobs->uses);
}

void sr_mac_forget_all(struct sr_jobs *jobs)
{
    (void)pthread_rwlock_wrlock(&jobs->uses);
    (void)pthread_mutex_lock(&jobs->lock);
    while (jobs->known != NULL)
        drop(jobs, &jobs->known);
    (void)pthread_mutex_unlock(&jobs->lock);
    (void)pthread_rwlock_unlock(&jobs->uses);
}

/* Reads the family for the first time. */
static enum sr_job_result learn(struct sr_jobs *jobs, const struct sr_family_name *name,
                                struct sr_known_family **known, struct sr_why *why)
{
    struct sr_known_family *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    enum sr_job_result result = sr_state_read(jobs, name, &k->state, why);
    if (result != SR_JOB_OK) {
        sr_state_free(&k->state);
        free(k);
        return result;
    }
    k->read_ms = sr_mono_ms();
    k->next = jobs->known;
    jobs->known = k;
    *known = k;
    return SR_JOB_OK;
}

/* What is known of the family, with the lock held. */
static enum sr_job_result know(struct sr_jobs *jobs, const struct sr_family_name *name,
                               struct sr_known_family **known, struct sr_why *why)
{
    if (strcmp(name->role, "session") != 0) {
        sr_why_set(why, "%s:%s is no family of session keys", name->role, name->name);
        return SR_JOB_INVALID;
    }
    *known = *place_of(jobs, name);
    return *known != NULL ? SR_JOB_OK : learn(jobs, name, known, why);
}

/* Forgets the family if that is time. */
static void refresh(struct sr_jobs *jobs, const struct sr_family_name *name)
{
    (void)pthread_mutex_lock(&jobs->lock);
    const struct sr_known_family *k = *place_of(jobs, name);
    bool stale = k != NULL && (k->key_count >= KEYS_MAX || sr_mono_ms() - k->read_ms >= BELIEVED_MS);
    (void)pthread_mutex_unlock(&jobs->lock);
    if (stale)
        sr_mac_forget(jobs, name);
}

enum sr_job_result sr_mac_current(struct sr_jobs *jobs, const struct sr_family_name *family,
                                  unsigned long *version, struct sr_why *why)
{
    struct sr_known_family *k;

    refresh(jobs, family);
    (void)pthread_mutex_lock(&jobs->lock);
    enum sr_job_result result = know(jobs, family, &k, why);
    if (result == SR_JOB_OK && k->state.current == NULL) {
        sr_why_set(why, "%s:%s has no current version: \"strongroom family create\" finishes it",
                   family->role, family->name);
        result = SR_JOB_REFUSED;
    }
    if (result == SR_JOB_OK)
        *version = k->state.current->number;
    (void)pthread_mutex_unlock(&jobs->lock);
    return result;
}

/* Is the version one that still counts? */
static enum sr_job_result check_version(const struct sr_known_family *k, unsigned long number,
                                        struct sr_why *why)
{
    const struct sr_family_name *name = &k->state.family.name;
    const struct sr_version *v = NULL;

    for (size_t i = 0; i < k->state.count; i++)
        if (k->state.versions[i].number == number)
            v = &k->state.versions[i];
    if (v != NULL &&
        (v->state == SR_VERSION_CURRENT || (v->state == SR_VERSION_OLD && sr_job_now() < v->retires)))
        return SR_JOB_OK;
    sr_why_set(why, "%s:%s %s version %lu", name->role, name->name,
               v == NULL ? "has no" : "does not accept any more what was made with", number);
    return SR_JOB_BAD;
}

/* Finds or derives the key, in the keeper's session. With the lock held. */
static enum sr_job_result make_key(struct sr_jobs *jobs, const struct sr_known_family *k,
                                   unsigned long version, const char *purpose, CK_OBJECT_HANDLE *key,
                                   struct sr_why *why)
{
    const char *name = k->state.family.name.name;
    CK_OBJECT_HANDLE found;

    enum sr_job_result result = sr_keys_find_session(
        &jobs->keeper, name, version, purpose[0] != '\0' ? SR_SESSION_ROOT : SR_SESSION_HS512, &found, why);
    if (result == SR_JOB_NOT_FOUND) {
        sr_why_set(why, "the token has lost the keys of session:%s:%lu: revoke the family for a new version",
                   name, version);
        result = SR_JOB_FAILED;
    }
    if (result != SR_JOB_OK || purpose[0] == '\0') {
        *key = found;
        return result;
    }
    return sr_keys_derive_session(&jobs->keeper, found, name, version, purpose, key, why);
}

static enum sr_job_result key_of(struct sr_jobs *jobs, struct sr_known_family *k, unsigned long version,
                                 const char *purpose, CK_OBJECT_HANDLE *key, struct sr_why *why)
{
    struct derived *d = k->keys;
    while (d != NULL && (d->version != version || strcmp(d->purpose, purpose) != 0))
        d = d->next;
    if (d != NULL) {
        *key = d->key;
        return SR_JOB_OK;
    }
    enum sr_job_result result = make_key(jobs, k, version, purpose, key, why);
    if (result != SR_JOB_OK)
        return result;
    d = calloc(1, sizeof(*d));
    if (d == NULL) {
        if (purpose[0] != '\0')
            (void)jobs->keeper.f->C_DestroyObject(jobs->keeper.session, *key);
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    d->version = version;
    (void)snprintf(d->purpose, sizeof(d->purpose), "%s", purpose);
    d->key = *key;
    d->next = k->keys;
    k->keys = d;
    k->key_count++;
    return SR_JOB_OK;
}

static enum sr_job_result usable_key(struct sr_jobs *jobs, const struct sr_family_name *family,
                                     unsigned long version, const char *purpose, CK_OBJECT_HANDLE *key,
                                     struct sr_why *why)
{
    struct sr_known_family *k;

    (void)pthread_mutex_lock(&jobs->lock);
    enum sr_job_result result = know(jobs, family, &k, why);
    if (result == SR_JOB_OK)
        result = check_version(k, version, why);
    if (result == SR_JOB_OK)
        result = key_of(jobs, k, version, purpose, key, why);
    (void)pthread_mutex_unlock(&jobs->lock);
    return result;
}

enum sr_job_result sr_mac_make(struct sr_jobs *jobs, const struct sr_bench *bench,
                               const struct sr_family_name *family, unsigned long version,
                               const char *purpose, const void *data, size_t length,
                               unsigned char mac[SR_MAC_MAX], size_t *size, struct sr_why *why)
{
    CK_MECHANISM_TYPE mechanism = purpose != NULL ? CKM_SHA256_HMAC : CKM_SHA512_HMAC;
    CK_OBJECT_HANDLE key;

    refresh(jobs, family);
    (void)pthread_rwlock_rdlock(&jobs->uses);
    enum sr_job_result result = usable_key(jobs, family, version, purpose != NULL ? purpose : "", &key, why);
    if (result == SR_JOB_OK) {
        *size = SR_MAC_MAX;
        CK_RV rv = sr_keys_hmac(bench, mechanism, key, data, length, mac, size);
        if (rv != CKR_OK) {
            sr_why_set(why, "the token cannot make an HMAC with the key of %s:%s:%lu: %s", family->role,
                       family->name, version, sr_rv_name(rv));
            result = SR_JOB_FAILED;
        }
    }
    (void)pthread_rwlock_unlock(&jobs->uses);
    if (result == SR_JOB_FAILED) /* the token may have lost a key: it is looked for anew the next time */
        sr_mac_forget(jobs, family);
    return result;
}
