/* The seeds in the token: wrapped, unwrapped for one computation, and their codes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_TOTP_SEED_H
#define STRONGROOM_JOBS_TOTP_SEED_H

#include "jobs/totp_users.h"

#define SR_SEED_MIN 16
#define SR_SEED_MAX 128
#define SR_CODE_MAX 9 /* with the final zero */

/* SR_JOB_INVALID where there is no such algorithm, number of digits or period. */
enum sr_job_result sr_totp_check_kind(const struct sr_totp_kind *kind, struct sr_why *why);

/* How many bytes a new seed has: as many as the algorithm's hash. */
size_t sr_totp_seed_size(const struct sr_totp_kind *kind);

/* Brings SEED into the token to be wrapped by the family's current KEK: sets version, seed and mechanism of
 * USER, whose family and kind are set. */
enum sr_job_result sr_totp_wrap(struct sr_jobs *jobs, const struct sr_bench *bench, struct sr_totp_user *user,
                                const void *seed, size_t size, struct sr_why *why);

/* Wraps the user's seed anew where it is not under CURRENT, which is the family's current version. To be
 * called within a use of the family. */
enum sr_job_result sr_totp_rewrap_seed(struct sr_jobs *jobs, const struct sr_bench *bench,
                                       struct sr_totp_user *user, unsigned long current, struct sr_why *why);

/* The user's codes of COUNT steps from FIRST on. A step before 0 has no code: "". To be called within a use
 * of the family; the seed is not in the token afterwards. */
enum sr_job_result sr_totp_codes(struct sr_jobs *jobs, const struct sr_bench *bench,
                                 const struct sr_totp_user *user, long long first, size_t count,
                                 char codes[][SR_CODE_MAX], struct sr_why *why);

#endif
