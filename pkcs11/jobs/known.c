/* The families that are in use. What the registry says of one is believed for some seconds, and the keys that
 * were found or derived are kept for as long as that does not change.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/known.h"
#include "jobs/data_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BELIEVED_MS 10000
#define PURPOSE_MAX 33
#define KEYS_MAX 256 /* per family: a client chooses the purposes */

struct derived {
    struct derived *next;
    unsigned long version;
    char purpose[PURPOSE_MAX]; /* "" for the token's own object: the HS512 key, a KEK */
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
    struct sr_known_family **at = &jobs->known[sr_family_bucket(name)];
    while (*at != NULL && !is_family(*at, name))
        at = &(*at)->next;
    return at;
}

/* CHANGED: the keys that were opened with the family's may not be used any more. Else they stay open. */
static void forget(struct sr_jobs *jobs, const struct sr_family_name *name, bool changed)
{
    (void)pthread_rwlock_wrlock(&jobs->uses);
    (void)pthread_mutex_lock(&jobs->lock);
    struct sr_known_family **at = place_of(jobs, name);
    if (*at != NULL)
        drop(jobs, at);
    if (changed)
        sr_data_forget(jobs, name);
    (void)pthread_mutex_unlock(&jobs->lock);
    (void)pthread_rwlock_unlock(&jobs->uses);
}

void sr_known_forget(struct sr_jobs *jobs, const struct sr_family_name *name)
{
    forget(jobs, name, true);
}

void sr_known_forget_all(struct sr_jobs *jobs)
{
    (void)pthread_rwlock_wrlock(&jobs->uses);
    (void)pthread_mutex_lock(&jobs->lock);
    for (size_t i = 0; i < SR_FAMILY_BUCKETS; i++)
        while (jobs->known[i] != NULL)
            drop(jobs, &jobs->known[i]);
    sr_data_forget(jobs, NULL);
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
    struct sr_known_family **bucket = &jobs->known[sr_family_bucket(name)];
    k->next = *bucket;
    *bucket = k;
    *known = k;
    return SR_JOB_OK;
}

/* What is known of the family, with the lock held. */
static enum sr_job_result know(struct sr_jobs *jobs, const struct sr_family_name *name,
                               struct sr_known_family **known, struct sr_why *why)
{
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
        forget(jobs, name, false);
}

void sr_use_begin(struct sr_jobs *jobs, const struct sr_family_name *family)
{
    refresh(jobs, family);
    (void)pthread_rwlock_rdlock(&jobs->uses);
}

enum sr_job_result sr_use_end(struct sr_jobs *jobs, const struct sr_family_name *family,
                              enum sr_job_result result)
{
    (void)pthread_rwlock_unlock(&jobs->uses);
    if (result == SR_JOB_FAILED) /* the token may have lost a key: it is looked for anew the next time */
        sr_known_forget(jobs, family);
    return result;
}

enum sr_job_result sr_use_current(struct sr_jobs *jobs, const struct sr_family_name *family,
                                  unsigned long *version, struct sr_why *why)
{
    struct sr_known_family *k;

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

static const struct sr_version *version_of(const struct sr_known_family *k, unsigned long number)
{
    for (size_t i = 0; i < k->state.count; i++)
        if (k->state.versions[i].number == number)
            return &k->state.versions[i];
    return NULL;
}

/* Is the version one that still counts? What a KEK has wrapped is good for as long as the KEK is there; one
 * that was revoked still lets its data go over to the next. */
static enum sr_job_result check_version(const struct sr_known_family *k, unsigned long number, bool leaving,
                                        struct sr_why *why)
{
    const struct sr_family_name *name = &k->state.family.name;
    const struct sr_version *v = version_of(k, number);

    if (v != NULL && (v->state == SR_VERSION_CURRENT ||
                      (v->state == SR_VERSION_OLD && (!sr_role_expires(name) || sr_job_now() < v->retires)) ||
                      (v->state == SR_VERSION_REVOKED && leaving && !sr_role_expires(name))))
        return SR_JOB_OK;
    if (v != NULL && v->state == SR_VERSION_REVOKED && !sr_role_expires(name))
        sr_why_set(why, "%s:%s:%lu was revoked: nothing but \"rewrap\" still reads what was made with it",
                   name->role, name->name, number);
    else
        sr_why_set(why, "%s:%s %s version %lu", name->role, name->name,
                   v == NULL ? "has no" : "does not accept any more what was made with", number);
    if (sr_role_expires(name) || v == NULL || v->state == SR_VERSION_REVOKED || v->state == SR_VERSION_MAKING)
        return SR_JOB_BAD;
    sr_why_set(why, "%s:%s:%lu was destroyed, and what was made with it cannot be read any more", name->role,
               name->name, number);
    return SR_JOB_NOT_FOUND;
}

/* The token's own key of a version. */
static enum sr_job_result find_key(struct sr_jobs *jobs, const struct sr_family_name *name,
                                   unsigned long version, bool root, CK_OBJECT_HANDLE *key,
                                   struct sr_why *why)
{
    if (sr_role_expires(name))
        return sr_keys_find_session(&jobs->keeper, name->name, version,
                                    root ? SR_SESSION_ROOT : SR_SESSION_HS512, key, why);
    return sr_keys_find_kek(&jobs->keeper, name, version, key, why);
}

/* Finds or derives the key, in the keeper's session. With the lock held. */
static enum sr_job_result make_key(struct sr_jobs *jobs, const struct sr_known_family *k,
                                   unsigned long version, const char *purpose, CK_OBJECT_HANDLE *key,
                                   struct sr_why *why)
{
    const struct sr_family_name *name = &k->state.family.name;
    CK_OBJECT_HANDLE found;

    enum sr_job_result result = find_key(jobs, name, version, purpose[0] != '\0', &found, why);
    if (result == SR_JOB_NOT_FOUND) {
        sr_why_set(why, "the token has lost the keys of %s:%s:%lu: revoke the family for a new version",
                   name->role, name->name, version);
        result = SR_JOB_FAILED;
    }
    if (result != SR_JOB_OK || purpose[0] == '\0') {
        *key = found;
        return result;
    }
    return sr_keys_derive_session(&jobs->keeper, found, name->name, version, purpose, key, why);
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
                                     unsigned long version, const char *purpose, bool leaving,
                                     CK_OBJECT_HANDLE *key, struct sr_why *why)
{
    struct sr_known_family *k;

    (void)pthread_mutex_lock(&jobs->lock);
    enum sr_job_result result = know(jobs, family, &k, why);
    if (result == SR_JOB_OK)
        result = check_version(k, version, leaving, why);
    if (result == SR_JOB_OK)
        result = key_of(jobs, k, version, purpose, key, why);
    (void)pthread_mutex_unlock(&jobs->lock);
    return result;
}

enum sr_job_result sr_use_key(struct sr_jobs *jobs, const struct sr_family_name *family,
                              unsigned long version, const char *purpose, CK_OBJECT_HANDLE *key,
                              struct sr_why *why)
{
    return usable_key(jobs, family, version, purpose, false, key, why);
}

enum sr_job_result sr_use_kek(struct sr_jobs *jobs, const struct sr_family_name *family,
                              unsigned long version, bool leaving, CK_OBJECT_HANDLE *kek, struct sr_why *why)
{
    return usable_key(jobs, family, version, "", leaving, kek, why);
}
