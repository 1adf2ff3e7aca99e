/* HMACs under a family's session keys. What session.c and jwt.c stand on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_MAC_H
#define STRONGROOM_JOBS_MAC_H

#include "jobs/jobs.h"

#define SR_MAC_MAX 64

/* The number of the family's current version. SR_JOB_INVALID for a family of another role. */
enum sr_job_result sr_mac_current(struct sr_jobs *jobs, const struct sr_family_name *family,
                                  unsigned long *version, struct sr_why *why);

/* HMAC-SHA256 under the key derived for PURPOSE, or (PURPOSE NULL) HMAC-SHA512 under the version's HS512 key;
 * *SIZE is 32 or 64. *VERSION may be 0, for the current one; it is that one's number then. SR_JOB_INVALID as
 * above; SR_JOB_BAD, and WHY says so, where the version is not good any more or never was. */
enum sr_job_result sr_mac_make(struct sr_jobs *jobs, const struct sr_bench *bench,
                               const struct sr_family_name *family, unsigned long *version,
                               const char *purpose, const void *data, size_t length,
                               unsigned char mac[SR_MAC_MAX], size_t *size, struct sr_why *why);

#endif
