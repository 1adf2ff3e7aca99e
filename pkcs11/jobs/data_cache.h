/* The data keys that are in use: their roots, open for a configured time at most, and how many messages are
 * reserved for each and not used yet.
 *
 * The roots are session objects of the keeper's session. A use (known.h) opens and releases them; a root that
 * is closed while it is in use goes with its last release.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_DATA_CACHE_H
#define STRONGROOM_JOBS_DATA_CACHE_H

#include "jobs/data_format.h"
#include "jobs/family.h"

/* The cache of the process's jobs, all closed. sr_data_cache_free is called after sr_data_forget. */
struct sr_data_cache *sr_data_cache_new(void);
void sr_data_cache_free(struct sr_data_cache *cache); /* may be NULL */

/* Closes the roots of a family (NULL: of all), and forgets which keys are current. With the lock and the
 * write lock of uses held. */
void sr_data_forget(struct sr_jobs *jobs, const struct sr_family_name *family);

/* All that follows takes the lock itself. */

struct sr_opened {
    struct sr_opened *next;
    struct sr_data_record *record; /* NULL: closed for everybody who comes later */
    struct sr_root root;
    long long until_ms;
    unsigned long long used;
    size_t users;
};

/* Opens KEY, whose KEK is KEK, or takes it where it is open. KEPT: the registry has it, so that it may be
 * recalled. SR_JOB_BAD where it cannot be unwrapped, or is not what its id says. */
enum sr_job_result sr_data_open(struct sr_jobs *jobs, const struct sr_data_key *key, bool kept,
                                CK_OBJECT_HANDLE kek, struct sr_opened **opened, struct sr_why *why);
void sr_data_release(struct sr_jobs *jobs, struct sr_opened *opened); /* may be NULL */

/* A kept key by its id; a version's current one. False where it is not remembered. */
bool sr_data_recall(struct sr_jobs *jobs, const unsigned char id[SR_DATA_ID], struct sr_data_key *key);
bool sr_data_recall_current(struct sr_jobs *jobs, const struct sr_family_name *family, unsigned long version,
                            struct sr_data_key *key);

/* Remembers the current key of its family and version; forgets which one it is. */
void sr_data_remember_current(struct sr_jobs *jobs, const struct sr_data_key *key);
void sr_data_forget_current(struct sr_jobs *jobs, const struct sr_family_name *family);

/* Takes one of the messages that are reserved for the key. False where there is none, or the registry knows
 * of an older version of the key only. */
bool sr_data_take(struct sr_jobs *jobs, const struct sr_data_key *key);

/* COUNT more are reserved, in a row of VERSION. */
void sr_data_give(struct sr_jobs *jobs, const struct sr_data_key *key, unsigned long count,
                  unsigned long version);

/* How many roots are open. */
size_t sr_data_open_count(struct sr_jobs *jobs);

#endif
