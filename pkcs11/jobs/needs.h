/* Which job needs which mechanisms of a token: the one place that says so.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_NEEDS_H
#define STRONGROOM_JOBS_NEEDS_H

#include "jobs/keys_make.h"

enum sr_need {
    SR_NEED_SESSION,  /* a version of a session family, and its signatures */
    SR_NEED_JWT,      /* HS256 and HS512 with these */
    SR_NEED_WRAPPING, /* a version of any other family: the key that wraps what belongs to it */
    SR_NEED_DATA,
    SR_NEED_TOTP,
    SR_NEED_BACKUP,
    SR_NEED_REGISTRY, /* the registry's rows */
    SR_NEEDS
};

struct sr_needs {
    const char *job; /* its name */
    const struct sr_key_need *needs;
    size_t count;
};

const struct sr_needs *sr_needs_of(enum sr_need job);

/* SR_JOB_FAILED where the token lacks one of the job's; WHY names it. */
enum sr_job_result sr_needs_met(const struct sr_bench *bench, enum sr_need job, struct sr_why *why);

#endif
