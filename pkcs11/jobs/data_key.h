/* A family's data keys: found, made, and their messages counted before they are used. What data.c and
 * data_rewrap.c stand on. All within a use (known.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_DATA_KEY_H
#define STRONGROOM_JOBS_DATA_KEY_H

#include "jobs/data.h"
#include "jobs/data_cache.h"
#include "jobs/data_rows.h"

/* How many messages a key may have. Random nonces of 96 bits: 2^32 under one key (NIST SP 800-38D §8.3). The
 * family's own are replaced long before; a caller's own is refused before the last block of them. */
#define SR_DATA_BLOCK 65536UL
#define SR_DATA_KEPT_LIMIT (1UL << 31)
#define SR_DATA_OUTSIDE_LIMIT ((1UL << 32) - SR_DATA_BLOCK)

/* Makes a key under KEK. */
enum sr_job_result sr_data_make(const struct sr_bench *bench, const struct sr_family_name *family,
                                unsigned long version, CK_OBJECT_HANDLE kek, struct sr_data_key *key,
                                struct sr_why *why);

/* Opens a key in the bench's session, where the caller closes it. SR_JOB_BAD where it cannot be unwrapped, or
 * is not the key that its id names. */
enum sr_job_result sr_data_unwrap(const struct sr_bench *bench, const struct sr_data_key *key,
                                  CK_OBJECT_HANDLE kek, struct sr_root *root, struct sr_why *why);

/* The family's current key of VERSION, made where there is none. */
enum sr_job_result sr_data_current(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_family_name *family, unsigned long version,
                                   struct sr_data_key *key, struct sr_why *why);

/* The family's key of that id. SR_JOB_NOT_FOUND where the registry does not keep it, SR_JOB_WRONG_KEY where
 * it is another family's. */
enum sr_job_result sr_data_find(struct sr_jobs *jobs, const struct sr_family_name *family,
                                const unsigned char id[SR_DATA_ID], struct sr_data_key *key,
                                struct sr_why *why);

/* Counts one message of an opened key, durably. *FULL: there may be no more; a kept key is the current one no
 * longer. SR_JOB_REFUSED for an outside one. */
enum sr_job_result sr_data_count(struct sr_jobs *jobs, const struct sr_data_key *key, bool kept, bool *full,
                                 struct sr_why *why);

#endif
