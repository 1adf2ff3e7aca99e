/* The use of a family's keys. What the jobs stand on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_KNOWN_H
#define STRONGROOM_JOBS_KNOWN_H

#include "jobs/family.h"

/* Begins a use: until sr_use_end, no key of any family is destroyed. Uses do not nest, and within one nothing
 * changes a family. */
void sr_use_begin(struct sr_jobs *jobs, const struct sr_family_name *family);

/* Ends it, and returns RESULT. After SR_JOB_FAILED what is known of the family is read anew the next time. */
enum sr_job_result sr_use_end(struct sr_jobs *jobs, const struct sr_family_name *family,
                              enum sr_job_result result);

/* Within a use, from here on. */

/* The number of the family's current version. SR_JOB_REFUSED where it has none. */
enum sr_job_result sr_use_current(struct sr_jobs *jobs, const struct sr_family_name *family,
                                  unsigned long *version, struct sr_why *why);

/* A session family's key for PURPOSE, derived, or (PURPOSE "") its HS512 key; good until the use ends.
 * SR_JOB_BAD, and WHY says so, where the version is not good any more or never was. */
enum sr_job_result sr_use_key(struct sr_jobs *jobs, const struct sr_family_name *family,
                              unsigned long version, const char *purpose, CK_OBJECT_HANDLE *key,
                              struct sr_why *why);

/* The KEK of a version of another family. LEAVING: what it wraps goes over to another version, which is the
 * one thing that a revoked version still does. SR_JOB_BAD as above; SR_JOB_NOT_FOUND where the version was
 * destroyed. */
enum sr_job_result sr_use_kek(struct sr_jobs *jobs, const struct sr_family_name *family,
                              unsigned long version, bool leaving, CK_OBJECT_HANDLE *kek, struct sr_why *why);

#endif
