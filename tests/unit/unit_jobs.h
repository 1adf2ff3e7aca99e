/* The jobs on a SoftHSM token of the tests' own, and a clock that they set.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_UNIT_JOBS_H
#define STRONGROOM_TESTS_UNIT_JOBS_H

#include "jobs/jobs.h"
#include "unit.h"

struct unit_jobs {
    struct sr_module module;
    struct sr_bench seal;
    struct sr_bench keeper;
    struct sr_bench bench; /* for the calls */
    char registry[160];
    struct sr_jobs *jobs;
};

/* Makes a token labelled NAME, and a registry NAME.sqlite; opens the jobs on them. */
void unit_jobs_make(struct unit_jobs *u, const char *name);

/* Opens those that were made, and closes them; the module's function list may be changed in between. */
void unit_jobs_open_token(struct unit_jobs *u, const char *name);
void unit_jobs_open(struct unit_jobs *u);
void unit_jobs_close(struct unit_jobs *u);

/* Sets the jobs' clock SECONDS ahead of the machine's. */
void unit_clock(long long seconds);

/* A family's name, parsed. */
struct sr_family_name unit_family(const char *text);

/* How many token objects have a label that begins so. */
size_t unit_objects(const struct unit_jobs *u, const char *prefix);

extern const struct sr_operator unit_operator;

#endif
