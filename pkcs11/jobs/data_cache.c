/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data_cache.h"
#include "jobs/data.h"
#include "jobs/data_key.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_KEEP_MS (300LL * 1000)
#define OPEN_MAX 256
#define RECORDS_MAX 16384 /* each a few hundred bytes; beyond, those that are not open are forgotten */
#define BUCKETS 1024

/* What is remembered of a key, open or not. */
struct sr_data_record {
    struct sr_data_record *next;
    struct sr_data_key key;
    bool kept;
    unsigned long left;        /* messages that are reserved and not used */
    unsigned long row_version; /* that the registry's row has; 0: not known */
    struct sr_opened *opened;
};

struct current {
    struct current *next;
    struct sr_data_key key;
};

struct sr_data_cache {
    long long keep_ms;
    unsigned long long clock; /* counts uses */
    struct sr_opened *opened;
    size_t open_count;
    struct sr_data_record *records[BUCKETS];
    size_t record_count;
    struct current *currents[SR_FAMILY_BUCKETS];
};

struct sr_data_cache *sr_data_cache_new(void)
{
    struct sr_data_cache *cache = calloc(1, sizeof(*cache));
    if (cache != NULL)
        cache->keep_ms = DEFAULT_KEEP_MS;
    return cache;
}

void sr_data_set_time(struct sr_jobs *jobs, long long seconds)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->data->keep_ms = seconds * 1000;
    (void)pthread_mutex_unlock(&jobs->lock);
}

static bool same_family(const struct sr_family_name *a, const struct sr_family_name *b)
{
    return strcmp(a->role, b->role) == 0 && strcmp(a->name, b->name) == 0;
}

/* An id is the HMAC of a random key. */
static struct sr_data_record **records_of(struct sr_data_cache *cache, const unsigned char id[SR_DATA_ID])
{
    return &cache->records[((size_t)id[0] << 8 | id[1]) % BUCKETS];
}

static struct sr_data_record *record_of(struct sr_data_cache *cache, const unsigned char id[SR_DATA_ID])
{
    struct sr_data_record *r = *records_of(cache, id);
    while (r != NULL && memcmp(r->key.id, id, SR_DATA_ID) != 0)
        r = r->next;
    return r;
}

static struct current **currents_of(struct sr_data_cache *cache, const struct sr_family_name *family)
{
    return &cache->currents[sr_family_bucket(family)];
}

/* Nobody finds it any more; whoever uses it still does. */
static void close_root(struct sr_jobs *jobs, struct sr_opened *opened)
{
    struct sr_opened **at = &jobs->data->opened;
    while (*at != opened)
        at = &(*at)->next;
    *at = opened->next;
    jobs->data->open_count--;
    opened->record->opened = NULL;
    opened->record = NULL;
    if (opened->users == 0) {
        sr_root_close(&jobs->keeper, &opened->root);
        free(opened);
    }
}

/* Frees the records of keys that are not open. What was reserved for them is lost. */
static void drop_records(struct sr_data_cache *cache)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sr_data_record **at = &cache->records[i]; *at != NULL;) {
            struct sr_data_record *r = *at;
            if (r->opened != NULL) {
                at = &r->next;
                continue;
            }
            *at = r->next;
            free(r);
            cache->record_count--;
        }
}

void sr_data_forget(struct sr_jobs *jobs, const struct sr_family_name *family)
{
    struct sr_data_cache *cache = jobs->data;
    struct sr_opened *next;

    for (struct sr_opened *o = cache->opened; o != NULL; o = next) {
        next = o->next;
        if (family == NULL || same_family(&o->record->key.family, family))
            close_root(jobs, o);
    }
    for (size_t i = 0; i < SR_FAMILY_BUCKETS; i++)
        for (struct current **at = &cache->currents[i]; *at != NULL;) {
            struct current *c = *at;
            if (family != NULL && !same_family(&c->key.family, family)) {
                at = &c->next;
                continue;
            }
            *at = c->next;
            free(c);
        }
    if (family == NULL)
        drop_records(cache);
}

void sr_data_cache_free(struct sr_data_cache *cache)
{
    if (cache == NULL)
        return;
    drop_records(cache);
    free(cache);
}

static struct sr_data_record *new_record(struct sr_data_cache *cache, const struct sr_data_key *key)
{
    struct sr_data_record **first = records_of(cache, key->id);
    if (cache->record_count >= RECORDS_MAX)
        drop_records(cache);
    struct sr_data_record *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->key = *key;
    r->next = *first;
    *first = r;
    cache->record_count++;
    return r;
}

/* Whoever knows an id, which each value shows, does not yet have the key. */
static bool same_key(const struct sr_data_key *a, const struct sr_data_key *b)
{
    return same_family(&a->family, &b->family) && a->version == b->version &&
           a->wrapped.size == b->wrapped.size &&
           CRYPTO_memcmp(a->wrapped.bytes, b->wrapped.bytes, a->wrapped.size) == 0;
}

static void make_room(struct sr_jobs *jobs)
{
    struct sr_opened *oldest = jobs->data->opened;

    if (jobs->data->open_count < OPEN_MAX)
        return;
    for (struct sr_opened *o = oldest; o != NULL; o = o->next)
        if (o->used < oldest->used)
            oldest = o;
    if (oldest != NULL)
        close_root(jobs, oldest);
}

static enum sr_job_result open_anew(struct sr_jobs *jobs, const struct sr_data_key *key, bool kept,
                                    CK_OBJECT_HANDLE kek, struct sr_opened **opened, struct sr_why *why)
{
    struct sr_data_cache *cache = jobs->data;
    struct sr_root root;

    enum sr_job_result result = sr_data_unwrap(&jobs->keeper, key, kek, &root, why);
    if (result != SR_JOB_OK)
        return result;
    make_room(jobs);
    struct sr_opened *o = calloc(1, sizeof(*o));
    struct sr_data_record *r = record_of(cache, key->id);
    if (o != NULL && r == NULL)
        r = new_record(cache, key);
    if (o == NULL || r == NULL) {
        free(o);
        sr_root_close(&jobs->keeper, &root);
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    if (r->opened != NULL)
        close_root(jobs, r->opened);
    r->key = *key;
    r->kept = kept || r->kept;
    r->opened = o;
    o->record = r;
    o->root = root;
    o->until_ms = sr_mono_ms() + cache->keep_ms;
    o->next = cache->opened;
    cache->opened = o;
    cache->open_count++;
    *opened = o;
    return SR_JOB_OK;
}

enum sr_job_result sr_data_open(struct sr_jobs *jobs, const struct sr_data_key *key, bool kept,
                                CK_OBJECT_HANDLE kek, struct sr_opened **opened, struct sr_why *why)
{
    enum sr_job_result result = SR_JOB_OK;

    (void)pthread_mutex_lock(&jobs->lock);
    const struct sr_data_record *r = record_of(jobs->data, key->id);
    *opened = r != NULL ? r->opened : NULL;
    if (*opened == NULL || (*opened)->until_ms <= sr_mono_ms() || !same_key(&r->key, key))
        result = open_anew(jobs, key, kept, kek, opened, why);
    if (result == SR_JOB_OK) {
        (*opened)->users++;
        (*opened)->used = ++jobs->data->clock;
    } else {
        *opened = NULL;
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return result;
}

void sr_data_release(struct sr_jobs *jobs, struct sr_opened *opened)
{
    if (opened == NULL)
        return;
    (void)pthread_mutex_lock(&jobs->lock);
    if (--opened->users == 0 && opened->record == NULL) {
        sr_root_close(&jobs->keeper, &opened->root);
        free(opened);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
}

void sr_data_tick(struct sr_jobs *jobs)
{
    long long now = sr_mono_ms();
    struct sr_opened *next;

    (void)pthread_rwlock_rdlock(&jobs->uses); /* it destroys session objects, as uses do */
    (void)pthread_mutex_lock(&jobs->lock);
    for (struct sr_opened *o = jobs->data->opened; o != NULL; o = next) {
        next = o->next;
        if (o->until_ms <= now)
            close_root(jobs, o);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    (void)pthread_rwlock_unlock(&jobs->uses);
}

bool sr_data_recall(struct sr_jobs *jobs, const unsigned char id[SR_DATA_ID], struct sr_data_key *key)
{
    (void)pthread_mutex_lock(&jobs->lock);
    const struct sr_data_record *r = record_of(jobs->data, id);
    bool there = r != NULL && r->kept;
    if (there)
        *key = r->key;
    (void)pthread_mutex_unlock(&jobs->lock);
    return there;
}

bool sr_data_recall_current(struct sr_jobs *jobs, const struct sr_family_name *family, unsigned long version,
                            struct sr_data_key *key)
{
    (void)pthread_mutex_lock(&jobs->lock);
    const struct current *c = *currents_of(jobs->data, family);
    while (c != NULL && (c->key.version != version || !same_family(&c->key.family, family)))
        c = c->next;
    if (c != NULL)
        *key = c->key;
    (void)pthread_mutex_unlock(&jobs->lock);
    return c != NULL;
}

void sr_data_forget_current(struct sr_jobs *jobs, const struct sr_family_name *family)
{
    (void)pthread_mutex_lock(&jobs->lock);
    for (struct current **at = currents_of(jobs->data, family); *at != NULL;) {
        struct current *c = *at;
        if (!same_family(&c->key.family, family)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        free(c);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
}

/* Where there is no memory for it, it is looked up again the next time. */
void sr_data_remember_current(struct sr_jobs *jobs, const struct sr_data_key *key)
{
    sr_data_forget_current(jobs, &key->family);
    (void)pthread_mutex_lock(&jobs->lock);
    struct current **first = currents_of(jobs->data, &key->family);
    struct current *c = calloc(1, sizeof(*c));
    if (c != NULL) {
        c->key = *key;
        c->next = *first;
        *first = c;
    }
    (void)pthread_mutex_unlock(&jobs->lock);
}

bool sr_data_take(struct sr_jobs *jobs, const struct sr_data_key *key)
{
    (void)pthread_mutex_lock(&jobs->lock);
    struct sr_data_record *r = record_of(jobs->data, key->id);
    bool taken = r != NULL && r->left > 0 && r->row_version >= key->version;
    if (taken)
        r->left--;
    (void)pthread_mutex_unlock(&jobs->lock);
    return taken;
}

void sr_data_give(struct sr_jobs *jobs, const struct sr_data_key *key, unsigned long count,
                  unsigned long version)
{
    (void)pthread_mutex_lock(&jobs->lock);
    struct sr_data_record *r = record_of(jobs->data, key->id);
    if (r != NULL) {
        r->left += count;
        if (version > r->row_version)
            r->row_version = version;
    }
    (void)pthread_mutex_unlock(&jobs->lock);
}

size_t sr_data_open_count(struct sr_jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    size_t count = jobs->data->open_count;
    (void)pthread_mutex_unlock(&jobs->lock);
    return count;
}
