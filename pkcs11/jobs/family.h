/* What the files of the jobs know of each other: the process's one struct sr_jobs, and a family at a moment.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_FAMILY_H
#define STRONGROOM_JOBS_FAMILY_H

#include "jobs/changes.h"
#include "jobs/jobs.h"

#include <pthread.h>

struct sr_copies;
struct sr_known_family;
struct sr_totp;
struct sr_data_cache;

#define SR_FAMILY_BUCKETS 1024

struct sr_jobs {
    struct sr_registry *registry;
    struct sr_totp *totp; /* totp_users.c's */
    struct sr_seal_key *seal;
    struct sr_copies *copies;
    struct sr_changes changes;
    pthread_mutex_t change; /* held by whoever changes a family, from its first transaction to its last */

    /* tick.c's: */
    long long ticked; /* the wall clock's and the monotonic clock's time then; 0: never */
    long long ticked_mono;
    long long hold_until; /* on the monotonic clock: nothing is destroyed before; 0: no hold */
    long long jump_h;     /* hours, the reason for it */
    long long clock_written;

    /* Read-locked by whoever uses a key, write-locked by whoever makes or destroys a version's: SoftHSM lets
     * a key be destroyed while another thread reads its attributes. */
    pthread_rwlock_t uses;

    /* known.c's, under the lock: */
    pthread_mutex_t lock;
    unsigned long life; /* counts how often the token's sessions were lost */
    struct sr_bench keeper;
    struct sr_known_family *known[SR_FAMILY_BUCKETS];
    struct sr_data_cache *data; /* data_cache.c's, under the same lock */
};

/* A family as the registry has it, in one transaction. */
struct sr_state {
    struct sr_family family;
    struct sr_version *versions; /* by number */
    size_t count;
    struct sr_version *current; /* NULL where there is none */
    unsigned long newest;       /* the highest number, 0 where there is none */
};

/* Reads it; to be freed with sr_state_free, on failure too. */
enum sr_job_result sr_state_read(struct sr_jobs *jobs, const struct sr_family_name *name,
                                 struct sr_state *state, struct sr_why *why);
void sr_state_free(struct sr_state *state);

/* When the current version is due to be replaced; 0 for never. */
long long sr_state_due(const struct sr_state *state);

/* Puts N versions and, unless EVENT is NULL, the event, in one transaction. */
enum sr_job_result sr_state_put(struct sr_jobs *jobs, const struct sr_family_name *name,
                                const struct sr_version *versions, size_t n, const struct sr_event *event,
                                struct sr_why *why);

/* Destroys the keys of VERSION, whose state says already that it is not to be used any more, and then says
 * so. EVENT as above. */
enum sr_job_result sr_version_end(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *name, struct sr_version *version,
                                  const struct sr_event *event, struct sr_why *why);

/* How many things that the registry knows of were made with a version, and would be lost with it. */
enum sr_job_result sr_state_data_under(struct sr_jobs *jobs, const struct sr_family_name *name,
                                       unsigned long version, size_t *count, struct sr_why *why);

/* The part of it that backups are (backup_file.c). */
enum sr_job_result sr_backup_count(struct sr_jobs *jobs, const struct sr_family_name *family,
                                   unsigned long version, size_t *count, struct sr_why *why);

/* Rotates, with the change lock held, whatever is due or not: the new version is NEWEST + 1. REVOKE: the
 * current one is refused from then on, instead of growing old. */
enum sr_job_result sr_family_next(struct sr_jobs *jobs, const struct sr_bench *bench, struct sr_state *state,
                                  bool revoke, const struct sr_event *event, struct sr_why *why);

/* Forgets what known.c knows of the family, and destroys the derived keys and the opened ones. To be called
 * after each change. */
void sr_known_forget(struct sr_jobs *jobs, const struct sr_family_name *name);
/* The same for all families; the keeper's session ends soon. */
void sr_known_forget_all(struct sr_jobs *jobs);

/* Session families expire: an old version is good for its grace, then its keys are destroyed. A KEK stays,
 * for what it has wrapped, until somebody destroys it. */
bool sr_role_expires(const struct sr_family_name *name);

/* Which of SR_FAMILY_BUCKETS lists a family stands in: an application may have one for each of its tenants.
 */
size_t sr_family_bucket(const struct sr_family_name *name);

/* Milliseconds on the monotonic clock. */
long long sr_mono_ms(void);

/* "2026-11-22T09:30:00Z" (RFC 3339). */
#define SR_TIME_SIZE 32
void sr_time_text(long long time, char text[SR_TIME_SIZE]);

#endif
