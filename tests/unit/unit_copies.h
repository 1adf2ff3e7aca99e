/* Families on a token of the tests' own, their backups and what comes back of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_UNIT_COPIES_H
#define STRONGROOM_TESTS_UNIT_COPIES_H

#include "jobs/copies.h"
#include "unit_jobs.h"

extern struct sr_why copies_why; /* of the last call */

void copies_create(struct unit_jobs *u, const char *family);
void copies_rotate(struct unit_jobs *u, const char *family);
void copies_destroy(struct unit_jobs *u, const char *family, unsigned long version);

/* A session signature, and whether it is good. */
struct copies_signature {
    char text[SR_SIGNATURE_MAX];
};
struct copies_signature copies_sign(struct unit_jobs *u, const char *family);
enum sr_job_result copies_verify(struct unit_jobs *u, const char *family, const struct copies_signature *s);

/* The states of a family's versions, in order: "old current". A static string; "" where there is no family.
 */
const char *copies_states(struct unit_jobs *u, const char *family);

/* How often the history says so of the family ("" for the registry). */
size_t copies_events(struct unit_jobs *u, const char *family, const char *operation);

/* A backup in memory, to be freed with free(). */
struct copies_backup {
    unsigned char *data;
    size_t size;
};
struct copies_backup copies_take(struct unit_jobs *u);

/* Brings it back in pieces of 1000 bytes. *REPORT (may be NULL) is to be freed with free(). */
enum sr_job_result copies_restore(struct unit_jobs *u, const struct copies_backup *backup, bool force,
                                  char **report);

/* Closes the jobs, removes the registry, and opens the jobs with a new one. */
void copies_lose_registry(struct unit_jobs *u);

#endif
