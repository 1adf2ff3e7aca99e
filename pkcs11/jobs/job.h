/* What the jobs share: results, names of families, the clock.
 *
 * A family is a role and a name with numbered versions, "session:web". Its keys are objects of the token that
 * are labelled with the version as well, "session:web:3"; no client gets a handle to them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_JOB_H
#define STRONGROOM_JOBS_JOB_H

#include "cryptoki/cryptoki.h"
#include "cryptoki/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a job ended. Where it is not SR_JOB_OK, the caller's struct sr_why names the thing and the way out. */
enum sr_job_result {
    SR_JOB_OK,
    SR_JOB_INVALID,   /* an argument that can never be right */
    SR_JOB_NOT_FOUND, /* no such family or version, a key that is missing */
    SR_JOB_EXISTS,    /* a family of that name is there already */
    SR_JOB_REFUSED,   /* the state of things forbids it: not due, a version that is current */
    SR_JOB_BAD,       /* a signature, a token (JWT) or a value that is not good */
    SR_JOB_TAMPERED,  /* the registry does not say what strongroomd wrote into it */
    SR_JOB_FAILED,    /* the token or the disk could not do it */
    SR_JOB_NO_MEMORY,
    SR_JOB_WRONG_KEY, /* not made with the key that it names, or what says so is damaged */
};

#define SR_ROLE_MAX 16 /* with the final zero */
#define SR_NAME_MAX 64
#define SR_FAMILY_MAX (SR_ROLE_MAX + SR_NAME_MAX)

/* A family's name: a role that exists, and a name of a-z, 0-9, "_" and "-" that begins with a letter or
 * digit. */
struct sr_family_name {
    char role[SR_ROLE_MAX];
    char name[SR_NAME_MAX];
};

/* Parses "ROLE:NAME", LENGTH bytes. */
enum sr_job_result sr_family_parse(const void *text, size_t length, struct sr_family_name *name,
                                   struct sr_why *why);

/* Seconds since 1970. A build with STRONGROOM_TEST_CLOCK (tests only) adds the number that stands in the file
 * which the environment variable of that name names. */
long long sr_job_now(void);

#endif
