/* Backups of the registry by pieces: taken from it, and brought back into it; and what the token alone still
 * tells of families.
 *
 * A backup in the making, and one that is being brought back, belong to the jobs: there is one of each at a
 * time, named by a random id, and a newer one ends it. What was not touched for ten minutes is dropped.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_COPIES_H
#define STRONGROOM_JOBS_COPIES_H

#include "jobs/jobs.h"

struct sr_copies;

/* Of the registry at PATH. What an earlier run left beside it is removed. NULL when out of memory. */
struct sr_copies *sr_copies_new(const char *path);
void sr_copies_free(struct sr_copies *copies); /* may be NULL */

/* Drops what was left lying for too long. */
void sr_copies_tidy(struct sr_copies *copies);

/* For rebuild.c: the uploaded file is the caller's alone from a claim that went well to the release, which
 * removes it. SR_JOB_REFUSED where ID is none. */
enum sr_job_result sr_restore_claim(struct sr_copies *copies, unsigned long id, struct sr_why *why);
void sr_restore_release(struct sr_copies *copies);
const char *sr_restore_path(const struct sr_copies *copies);

/* Takes a backup of the registry at this moment: *SIZE bytes, which sr_copy_read gives out. */
enum sr_job_result sr_copy_begin(struct sr_jobs *jobs, unsigned long *id, unsigned long *size,
                                 struct sr_why *why);

/* *SIZE is the room in DATA, then how much was read: less than the room at the backup's end, with which it
 * goes. SR_JOB_REFUSED where a newer backup was taken meanwhile. */
enum sr_job_result sr_copy_read(struct sr_jobs *jobs, unsigned long id, unsigned long offset, void *data,
                                size_t *size, struct sr_why *why);

/* Takes the next piece of a backup that is brought back, *ID 0 for the first, which sets *ID. OFFSET is how
 * much came before. */
enum sr_job_result sr_copy_put(struct sr_jobs *jobs, unsigned long *id, unsigned long offset,
                               const void *data, size_t size, struct sr_why *why);

/* Puts it in the place of the registry, which has the old rows or the new ones, whole, whenever strongroomd
 * is killed. SR_JOB_TAMPERED where it is not what strongroomd gave out; SR_JOB_REFUSED where the registry has
 * families, unless FORCE. What the token has and has not is believed rather than an old registry: see
 * reconcile.h. *JSON, to be freed with free(), is {"families", "versions": how many there are now, "added":
 * [{"version": "ROLE:NAME:N", "state": "current" or "old"}], "gone": [{"version", "state": "destroyed"}],
 * "left": [{"version", "reason"}]}. */
enum sr_job_result sr_registry_restore(struct sr_jobs *jobs, const struct sr_bench *bench, unsigned long id,
                                       bool force, const struct sr_operator *who, char **json,
                                       struct sr_why *why);

/* Adds the families and versions that the token has keys of and the registry does not know; JSON as above,
 * where nothing is ever gone. */
enum sr_job_result sr_registry_rebuild(struct sr_jobs *jobs, const struct sr_bench *bench,
                                       const struct sr_operator *who, char **json, struct sr_why *why);

#endif
