/* SPDX-License-Identifier: Apache-2.0 */
/* Users in memory: a table by family and name, a list by when they were last held, and a queue of those who
 * are to be written back.
 *
 * Locks, in the order in which they are taken: a user's, the registry's transaction; the table's is taken by
 * itself, for a moment. */
#include "jobs/totp_rows.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 65536 /* a power of two */
#define USERS_MAX 65536
#define BATCH 128     /* rows that one transaction writes back: others wait for as long */
#define LOOKED_AT 256 /* users, where one is to be forgotten */

struct sr_totp_entry {
    /* Under the table's lock. */
    struct sr_totp_entry *next;  /* in its bucket */
    struct sr_totp_entry *newer; /* by when it was held */
    struct sr_totp_entry *older;
    struct sr_totp_entry *queue; /* the next one to be written back */
    size_t refs;                 /* of threads, and of the queue */
    bool listed;                 /* in the table; else it goes with its last reference */
    bool queued;
    unsigned long registry; /* which one it was read from; never changes */
    /* Within a transaction that writes: the newest change of the row that was written. */
    unsigned long stored;

    pthread_mutex_t lock; /* for all below */
    bool loaded;
    bool gone; /* removed, or never was */
    unsigned long changes;
    struct sr_totp_user row;
};

struct sr_totp {
    pthread_mutex_t lock;
    struct sr_totp_entry *newest;
    struct sr_totp_entry *oldest;
    struct sr_totp_entry *first; /* of the queue */
    struct sr_totp_entry *last;
    atomic_size_t count;
    atomic_llong opened;
    atomic_ulong registry; /* counts how often it was replaced */
    struct sr_totp_entry *buckets[BUCKETS];
};

struct sr_totp *sr_totp_open(void)
{
    struct sr_totp *totp = calloc(1, sizeof(*totp));
    if (totp == NULL)
        return NULL;
    (void)pthread_mutex_init(&totp->lock, NULL);
    atomic_store(&totp->opened, sr_job_now());
    return totp;
}

void sr_totp_forget(struct sr_jobs *jobs)
{
    atomic_store(&jobs->totp->opened, sr_job_now());
    atomic_fetch_add(&jobs->totp->registry, 1);
}

static bool outdated(const struct sr_totp *totp, const struct sr_totp_entry *e)
{
    return e->registry != atomic_load(&totp->registry);
}

long long sr_totp_opened(const struct sr_jobs *jobs)
{
    return atomic_load(&jobs->totp->opened);
}

static void destroy(struct sr_totp_entry *e)
{
    (void)pthread_mutex_destroy(&e->lock);
    free(e);
}

void sr_totp_close(struct sr_totp *totp)
{
    if (totp == NULL)
        return;
    /* What the queue still has is lost: the caller's flush has failed. */
    while (totp->first != NULL) {
        struct sr_totp_entry *e = totp->first;
        totp->first = e->queue;
        e->refs--;
        if (!e->listed)
            destroy(e);
    }
    while (totp->newest != NULL) {
        struct sr_totp_entry *e = totp->newest;
        totp->newest = e->older;
        destroy(e);
    }
    (void)pthread_mutex_destroy(&totp->lock);
    free(totp);
}

/* FNV-1a: who can choose names can also find out how to make a bucket long, and gains as little as by
 * enrolling many users. */
static size_t hash(const struct sr_family_name *family, const char *user)
{
    const char *const parts[] = {family->name, user};
    uint64_t h = 14695981039346656037U;
    for (size_t i = 0; i < 2; i++)
        for (const char *c = parts[i];; c++) {
            h = (h ^ (unsigned char)*c) * 1099511628211U;
            if (*c == '\0')
                break;
        }
    return (size_t)(h ^ h >> 32) & (BUCKETS - 1);
}

/* The place of a user in its bucket. From here on: with the table's lock held. */
static struct sr_totp_entry **place_of(struct sr_totp *totp, const struct sr_family_name *family,
                                       const char *user)
{
    struct sr_totp_entry **at = &totp->buckets[hash(family, user)];
    while (*at != NULL &&
           (strcmp((*at)->row.user, user) != 0 || strcmp((*at)->row.family.name, family->name) != 0))
        at = &(*at)->next;
    return at;
}

static void leave_list(struct sr_totp *totp, struct sr_totp_entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &totp->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &totp->oldest) = e->newer;
}

static void be_newest(struct sr_totp *totp, struct sr_totp_entry *e)
{
    e->newer = NULL;
    e->older = totp->newest;
    *(totp->newest != NULL ? &totp->newest->newer : &totp->oldest) = e;
    totp->newest = e;
}

static void unlist(struct sr_totp *totp, struct sr_totp_entry *e)
{
    if (!e->listed)
        return;
    *place_of(totp, &e->row.family, e->row.user) = e->next;
    leave_list(totp, e);
    e->listed = false;
    totp->count--;
}

/* Makes room by forgetting one who was not held for long, of those that nobody holds and that are written
 * back. */
static void forget_one(struct sr_totp *totp)
{
    struct sr_totp_entry *e = totp->oldest;
    for (size_t i = 0; i < LOOKED_AT && e != NULL && e->refs > 0; i++)
        e = e->newer;
    if (e == NULL || e->refs > 0)
        return;
    unlist(totp, e);
    destroy(e);
}

static struct sr_totp_entry *add(struct sr_totp *totp, const struct sr_family_name *family, const char *user)
{
    struct sr_totp_entry *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    (void)pthread_mutex_init(&e->lock, NULL);
    e->registry = atomic_load(&totp->registry);
    e->row.family = *family;
    memcpy(e->row.user, user, strlen(user) + 1); /* which was checked */
    if (totp->count >= USERS_MAX)
        forget_one(totp);
    struct sr_totp_entry **bucket = &totp->buckets[hash(family, user)];
    e->next = *bucket;
    *bucket = e;
    e->listed = true;
    totp->count++;
    be_newest(totp, e);
    return e;
}

/* Without the table's lock again. */
static struct sr_totp_entry *refer(struct sr_totp *totp, const struct sr_family_name *family,
                                   const char *user)
{
    (void)pthread_mutex_lock(&totp->lock);
    struct sr_totp_entry *e = *place_of(totp, family, user);
    if (e != NULL && outdated(totp, e)) {
        unlist(totp, e);
        if (e->refs == 0)
            destroy(e);
        e = NULL;
    }
    if (e == NULL) {
        e = add(totp, family, user);
    } else if (e != totp->newest) {
        leave_list(totp, e);
        be_newest(totp, e);
    }
    if (e != NULL)
        e->refs++;
    (void)pthread_mutex_unlock(&totp->lock);
    return e;
}

/* The queue takes a reference of its own. */
static void enqueue(struct sr_totp *totp, struct sr_totp_entry *e)
{
    if (e->queued)
        return;
    e->queued = true;
    e->refs++;
    e->queue = NULL;
    *(totp->last != NULL ? &totp->last->queue : &totp->first) = e;
    totp->last = e;
}

enum after { AS_IT_IS, CHANGED, GONE };

/* Gives up a reference. */
static void drop(struct sr_totp *totp, struct sr_totp_entry *e, enum after after)
{
    (void)pthread_mutex_lock(&totp->lock);
    if (after == GONE)
        unlist(totp, e);
    if (after == CHANGED)
        enqueue(totp, e);
    bool last = --e->refs == 0 && !e->listed;
    (void)pthread_mutex_unlock(&totp->lock);
    if (last)
        destroy(e);
}

static enum sr_job_result load(struct sr_jobs *jobs, struct sr_totp_entry *e, struct sr_why *why)
{
    struct sr_totp_user row;

    enum sr_job_result result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_totp_row_get(jobs->registry, &e->row.family, e->row.user, &row, why);
    result = sr_registry_end(jobs->registry, result, why);
    if (result == SR_JOB_OK) {
        /* Its names are there already, and the table's. */
        size_t rest = offsetof(struct sr_totp_user, version);
        memcpy((char *)&e->row + rest, (const char *)&row + rest, sizeof(row) - rest);
        e->loaded = true;
    }
    return result;
}

static enum sr_job_result no_memory(struct sr_why *why)
{
    sr_why_set(why, "out of memory");
    return SR_JOB_NO_MEMORY;
}

enum sr_job_result sr_totp_user_hold(struct sr_jobs *jobs, const struct sr_family_name *family,
                                     const char *user, struct sr_totp_entry **entry,
                                     struct sr_totp_user **row, struct sr_why *why)
{
    struct sr_totp_entry *e;
    enum sr_job_result result = SR_JOB_OK;

    *entry = NULL;
    *row = NULL;
    if (atomic_load(&jobs->totp->count) >= USERS_MAX + BATCH) /* all are to be written back */
        result = sr_totp_users_flush(jobs, why);
    if (result != SR_JOB_OK)
        return result;
    /* Where somebody else has just removed the user, or did not find it, it is looked for anew. */
    for (;;) {
        e = refer(jobs->totp, family, user);
        if (e == NULL)
            return no_memory(why);
        (void)pthread_mutex_lock(&e->lock);
        if (!e->gone)
            break;
        (void)pthread_mutex_unlock(&e->lock);
        drop(jobs->totp, e, GONE);
    }
    if (!e->loaded)
        result = load(jobs, e, why);
    if (result != SR_JOB_OK) {
        e->gone = true;
        sr_totp_user_release(jobs, e, false);
        return result;
    }
    *entry = e;
    *row = &e->row;
    return SR_JOB_OK;
}

void sr_totp_user_release(struct sr_jobs *jobs, struct sr_totp_entry *entry, bool changed)
{
    enum after after = entry->gone ? GONE : changed ? CHANGED : AS_IT_IS;
    if (changed)
        entry->changes++;
    (void)pthread_mutex_unlock(&entry->lock);
    drop(jobs->totp, entry, after);
}

enum sr_job_result sr_totp_user_store(struct sr_jobs *jobs, struct sr_totp_entry *entry, struct sr_why *why)
{
    enum sr_job_result result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    if (outdated(jobs->totp, entry)) {
        sr_why_set(why, "the registry was restored a moment ago; try again");
        result = SR_JOB_FAILED;
    } else {
        result = sr_totp_row_update(jobs->registry, &entry->row, why);
    }
    /* What a write-back that is under way took with it is older. Where this fails, the caller's release makes
     * a newer change. */
    entry->stored = ++entry->changes;
    return sr_registry_end(jobs->registry, result, why);
}

enum sr_job_result sr_totp_user_delete(struct sr_jobs *jobs, struct sr_totp_entry *entry, struct sr_why *why)
{
    enum sr_job_result result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_totp_row_delete(jobs->registry, &entry->row.family, entry->row.user, why);
    entry->stored = ++entry->changes; /* as above */
    result = sr_registry_end(jobs->registry, result, why);
    entry->gone = result == SR_JOB_OK;
    return result;
}

enum sr_job_result sr_totp_users_add(struct sr_jobs *jobs, const struct sr_totp_user *users, size_t n,
                                     bool dry_run, bool *added, struct sr_why *why)
{
    struct sr_totp_user there;

    enum sr_job_result result = sr_registry_begin(jobs->registry, !dry_run, why);
    if (result != SR_JOB_OK)
        return result;
    for (size_t i = 0; i < n && result == SR_JOB_OK; i++) {
        enum sr_job_result found =
            sr_totp_row_get(jobs->registry, &users[i].family, users[i].user, &there, why);
        added[i] = found == SR_JOB_NOT_FOUND;
        if (!added[i])
            result = found;
        else if (!dry_run)
            result = sr_totp_row_insert(jobs->registry, &users[i], why);
    }
    return sr_registry_end(jobs->registry, result, why);
}

/* What one transaction writes back. */
struct batch {
    size_t count;
    struct sr_totp_entry *entries[BATCH];
    unsigned long changes[BATCH];
    struct sr_totp_user rows[BATCH];
};

/* Takes users from the queue, with its references. */
static void collect(struct sr_totp *totp, struct batch *batch)
{
    batch->count = 0;
    (void)pthread_mutex_lock(&totp->lock);
    while (totp->first != NULL && batch->count < BATCH) {
        struct sr_totp_entry *e = totp->first;
        totp->first = e->queue;
        if (totp->first == NULL)
            totp->last = NULL;
        e->queued = false;
        batch->entries[batch->count++] = e;
    }
    (void)pthread_mutex_unlock(&totp->lock);
    for (size_t i = 0; i < batch->count; i++) {
        struct sr_totp_entry *e = batch->entries[i];
        (void)pthread_mutex_lock(&e->lock);
        batch->changes[i] = e->changes;
        batch->rows[i] = e->row;
        (void)pthread_mutex_unlock(&e->lock);
    }
}

/* A row that has been written meanwhile, or removed, is newer. */
static enum sr_job_result write_batch(struct sr_jobs *jobs, const struct batch *batch, struct sr_why *why)
{
    enum sr_job_result result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    for (size_t i = 0; i < batch->count && result == SR_JOB_OK; i++)
        if (batch->entries[i]->stored < batch->changes[i] && !outdated(jobs->totp, batch->entries[i])) {
            result = sr_totp_row_update(jobs->registry, &batch->rows[i], why);
            batch->entries[i]->stored = batch->changes[i];
        }
    return sr_registry_end(jobs->registry, result, why);
}

/* RESULT: how writing it ended. */
static void give_back(struct sr_totp *totp, struct sr_totp_entry *e, enum sr_job_result result)
{
    (void)pthread_mutex_lock(&e->lock);
    bool again = result != SR_JOB_OK && !e->gone;
    if (again)
        e->changes++; /* it counts as written so far */
    (void)pthread_mutex_unlock(&e->lock);
    drop(totp, e, again ? CHANGED : AS_IT_IS);
}

enum sr_job_result sr_totp_users_flush(struct sr_jobs *jobs, struct sr_why *why)
{
    struct batch *batch = malloc(sizeof(*batch));
    enum sr_job_result result = SR_JOB_OK;
    size_t written = 0;

    if (batch == NULL)
        return no_memory(why);
    /* Users who go on changing are the next one's. */
    do {
        collect(jobs->totp, batch);
        if (batch->count > 0)
            result = write_batch(jobs, batch, why);
        for (size_t i = 0; i < batch->count; i++)
            give_back(jobs->totp, batch->entries[i], result);
        written += batch->count;
    } while (result == SR_JOB_OK && batch->count == BATCH && written < USERS_MAX);
    free(batch);
    return result;
}

enum sr_job_result sr_totp_users_page(struct sr_jobs *jobs, const struct sr_family_name *family,
                                      const char *after, size_t limit, struct sr_totp_user **rows,
                                      size_t *count, struct sr_why *why)
{
    *rows = NULL;
    *count = 0;
    enum sr_job_result result = sr_totp_users_flush(jobs, why);
    if (result == SR_JOB_OK)
        result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_totp_row_page(jobs->registry, family, after, limit, rows, count, why);
    return sr_registry_end(jobs->registry, result, why);
}

enum sr_job_result sr_totp_users_old(struct sr_jobs *jobs, const struct sr_family_name *family,
                                     unsigned long current, const struct sr_totp_place *after, size_t limit,
                                     struct sr_totp_place *places, size_t *count, struct sr_why *why)
{
    *count = 0;
    enum sr_job_result result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_totp_row_old(jobs->registry, family, current, after, limit, places, count, why);
    return sr_registry_end(jobs->registry, result, why);
}

enum sr_job_result sr_totp_users_count(struct sr_jobs *jobs, const struct sr_family_name *family,
                                       unsigned long from, unsigned long to, size_t *count,
                                       struct sr_why *why)
{
    *count = 0;
    enum sr_job_result result = sr_totp_users_flush(jobs, why);
    if (result == SR_JOB_OK)
        result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_totp_row_count(jobs->registry, family, from, to, count, why);
    return sr_registry_end(jobs->registry, result, why);
}
