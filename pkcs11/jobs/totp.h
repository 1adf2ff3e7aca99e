/* Second factors: time-based one-time passwords (TOTP, RFC 6238) of the users of a family totp:NAME.
 *
 * A user's seed is wrapped by the family's current KEK and lies in the registry, in a row that is
 * authenticated with the user's and the family's names; it is a key in the token for as long as one
 * verification takes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_TOTP_H
#define STRONGROOM_JOBS_TOTP_H

#include "jobs/jobs.h"

#define SR_TOTP_USER_MAX 256 /* a user's name, UTF-8 without control characters, with the final zero */
#define SR_TOTP_BATCH 500    /* rows of one import, users of one page */

/* How a user's codes are made. */
struct sr_totp_kind {
    char algorithm[8];    /* SHA1, SHA256 or SHA512 */
    unsigned long digits; /* 6 to 8 */
    unsigned long period; /* seconds, 1 to 86400 */
};

/* What applications show of an entry. */
struct sr_totp_label {
    const char *issuer;
    const char *account;
};

/* Enrols USER with a new random seed: *URI is "otpauth://totp/...", which has the seed in it and is to be
 * freed with sr_totp_free_secret. SR_JOB_EXISTS where the user has a seed already, unless REPLACE. */
enum sr_job_result sr_totp_enrol(struct sr_jobs *jobs, const struct sr_bench *bench,
                                 const struct sr_family_name *family, const char *user,
                                 const struct sr_totp_kind *kind, const struct sr_totp_label *label,
                                 bool replace, char **uri, struct sr_why *why);
void sr_totp_free_secret(char *secret); /* may be NULL */

/* Brings in seeds that users have already. ROWS is text, one row for each user: USER, tab, the seed in
 * base32, tab, ALGORITHM, tab, DIGITS, tab, PERIOD, line feed; at most SR_TOTP_BATCH. The good rows of users
 * that are not there yet come in together or not at all; DRY_RUN: none does. *JSON is an array of {"user",
 * "result", "reason"}, one for each row, "imported", "existing" or "bad"; to be freed with free(). */
enum sr_job_result sr_totp_import(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *family, const char *rows, size_t length,
                                  bool dry_run, char **json, struct sr_why *why);

/* SR_JOB_OK: CODE is right, and will not be accepted again. SR_JOB_BAD: it is not accepted, and WHY says
 * whether it is malformed, wrong, used already, or the user has to wait. Anything else: not decided. */
enum sr_job_result sr_totp_verify(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *family, const char *user, const char *code,
                                  struct sr_why *why);

/* Two codes that follow one another: finds out how far off the user's clock is, up to 100 steps. Results as
 * above. */
enum sr_job_result sr_totp_resync(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *family, const char *user, const char *first,
                                  const char *second, struct sr_why *why);

/* The users behind AFTER ("": from the first), by name, LIMIT of them (at most SR_TOTP_BATCH): an array of
 * {"user", "algorithm", "digits", "period", "created", "version", "drift" (steps), "failures", "until"
 * (seconds since 1970; null: the user need not wait)}. To be freed with free(). */
enum sr_job_result sr_totp_list(struct sr_jobs *jobs, const struct sr_family_name *family, const char *after,
                                size_t limit, char **json, struct sr_why *why);

enum sr_job_result sr_totp_remove(struct sr_jobs *jobs, const struct sr_family_name *family, const char *user,
                                  struct sr_why *why);

/* Wraps up to LIMIT seeds that are under older versions anew with the current one. *LEFT (may be NULL) is how
 * many remain. Where some seeds could not be, because they are damaged, the others are, and the result says
 * so. */
enum sr_job_result sr_totp_rewrap(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_family_name *family, size_t limit, size_t *moved,
                                  size_t *left, struct sr_why *why);

/* How many seeds a version has wrapped. */
enum sr_job_result sr_totp_under(struct sr_jobs *jobs, const struct sr_family_name *family,
                                 unsigned long version, size_t *count, struct sr_why *why);

/* What time has brought: writes back what verifications have changed, rewraps some seeds that are under older
 * versions. To be called every few seconds. */
enum sr_job_result sr_totp_tick(struct sr_jobs *jobs, const struct sr_bench *bench, struct sr_why *report);

#endif
