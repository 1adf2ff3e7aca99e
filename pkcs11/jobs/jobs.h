/* The jobs as the daemon uses them: families and session keys.
 *
 * One struct sr_jobs for the process; all functions are thread-safe. BENCH is a token's session that the
 * caller borrowed for the length of the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_JOBS_H
#define STRONGROOM_JOBS_JOBS_H

#include "jobs/keys.h"

struct sr_jobs;

/* Opens the registry at PATH. SEAL and KEEPER are two sessions for the jobs' own use, open until
 * sr_jobs_close: for the registry's seal, and for the derived keys, which are session objects. What an
 * earlier run did not bring to its end (versions in the making, keys that should be gone) is cleared up. */
enum sr_job_result sr_jobs_open(const char *path, const struct sr_bench *seal, const struct sr_bench *keeper,
                                struct sr_jobs **jobs, struct sr_why *why);
void sr_jobs_close(struct sr_jobs *jobs); /* may be NULL */

/* The token's sessions are lost, SEAL and KEEPER among them: forgets all handles. Then the token is back,
 * with two new sessions. Between the two, and while the first is at work, no other call of a job is. */
void sr_jobs_lost(struct sr_jobs *jobs);
enum sr_job_result sr_jobs_found(struct sr_jobs *jobs, const struct sr_bench *seal,
                                 const struct sr_bench *keeper, struct sr_why *why);

/* Who does it, for the history. */
struct sr_operator {
    long long uid; /* -1: strongroomd itself */
    bool dry_run;
};

/* Makes the family with its first version. ROTATE_S 0: it does not become due; GRACE_S: how long an old
 * version of a session family stays good. */
enum sr_job_result sr_family_create(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    const struct sr_family_name *family, long long rotate_s,
                                    long long grace_s, const struct sr_operator *who, struct sr_why *why);

/* Makes a new version and lets the current one grow old. Refused where it is not due, unless FORCE. SEEN is
 * the version that the caller takes for the current one (0: any): where it is older, somebody else has just
 * rotated, and nothing is done. *VERSION is the current one afterwards (in a dry run: what it would be). */
enum sr_job_result sr_family_rotate(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    const struct sr_family_name *family, unsigned long seen, bool force,
                                    const struct sr_operator *who, unsigned long *version,
                                    struct sr_why *why);

/* The current version is compromised: a new one now, the old one refused from this moment. A session family's
 * keys are destroyed in the token before this returns SR_JOB_OK; a KEK stays for rewrapping what it wrapped.
 * *VERSION is the new one. */
enum sr_job_result sr_family_revoke(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    const struct sr_family_name *family, const struct sr_operator *who,
                                    unsigned long *version, struct sr_why *why);

/* Destroys an old version's keys. The current one is refused; and one that the registry knows data of, unless
 * FORCE. */
enum sr_job_result sr_family_destroy(struct sr_jobs *jobs, const struct sr_bench *bench,
                                     const struct sr_family_name *family, unsigned long number, bool force,
                                     const struct sr_operator *who, struct sr_why *why);

/* What there is, as JSON (to be freed with free()).
 *
 * list: an array of {"family", "current", "versions", "created", "rotate", "grace", "due"}: times in seconds
 * since 1970, durations in seconds, "current" a version's number (null: none), "versions" how many are not
 * destroyed, "due" when it is due (null: never). show: one of these, in which "versions" is an array of
 * {"version", "state" (making, current, old, revoked, ending, destroyed), "created", "retires" (null: not yet
 * known), "mechanism"}. history (FAMILY NULL: of all): an array of {"id", "timestamp" (RFC 3339, UTC),
 * "family", "operation", "version", "operator" (a uid; null: strongroomd), "dry_run", "success"}. */
enum sr_job_result sr_family_list(struct sr_jobs *jobs, char **json, struct sr_why *why);
enum sr_job_result sr_family_show(struct sr_jobs *jobs, const struct sr_family_name *family, char **json,
                                  struct sr_why *why);
enum sr_job_result sr_family_history(struct sr_jobs *jobs, const struct sr_family_name *family, char **json,
                                     struct sr_why *why);

/* What time has brought: rotates session families that are due, destroys the keys of versions whose grace is
 * over. Where the clock jumped forward by more than a day since the last call, *REPORT says so, and nothing
 * is destroyed or rotated this time. *REPORT is a line for the log, "" where there is nothing to say. To be
 * called every few seconds. */
enum sr_job_result sr_family_tick(struct sr_jobs *jobs, const struct sr_bench *bench, struct sr_why *report);

/* What strongroomd did to families by itself since it was last asked, the oldest first: an event that is
 * given out until sr_family_told. False where there is none. By one thread at a time. */
bool sr_family_tell(struct sr_jobs *jobs, struct sr_event *event);
void sr_family_told(struct sr_jobs *jobs);

/* What the token can do for the jobs. *JSON, to be freed with free(), is {"token", "manufacturer", "model",
 * "jobs": [{"job", "available", "mechanisms": [{"mechanism", "use", "available"}]}], "attributes":
 * [{"attribute", "taken"}], "lacks": sentences that say what it cannot do, and what that means}. */
enum sr_job_result sr_token_check(const struct sr_bench *bench, char **json, struct sr_why *why);

/* Session keys. PURPOSE: 1 to 32 characters of a-z, 0-9, "_" and "-", not "jwt"; a signature for one purpose
 * is none for another. */

#define SR_SIGNATURE_MAX (SR_NAME_MAX + 20 + 2 + 88)

/* "NAME.VERSION.MAC", the MAC in base64url without padding: HMAC-SHA256 over DATA under the purpose's key of
 * the current version. */
enum sr_job_result sr_session_sign(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_family_name *family, const char *purpose, const void *data,
                                   size_t length, char signature[SR_SIGNATURE_MAX], struct sr_why *why);

/* SR_JOB_OK where SIGNATURE is one by a version that is still good; SR_JOB_BAD where it is not, and WHY says
 * whether it is malformed, another family's, by a version that is gone, or wrong. */
enum sr_job_result sr_session_verify(struct sr_jobs *jobs, const struct sr_bench *bench,
                                     const struct sr_family_name *family, const char *purpose,
                                     const void *data, size_t length, const char *signature,
                                     struct sr_why *why);

/* JWTs (RFC 7519, RFC 7515 compact): header {"alg","typ":"JWT","kid":"NAME.VERSION"}, CLAIMS a JSON object;
 * HS256 by the key derived for the purpose "jwt", HS512 by the version's random one. *JWT is to be freed with
 * free(). */
enum sr_job_result sr_jwt_sign(struct sr_jobs *jobs, const struct sr_bench *bench,
                               const struct sr_family_name *family, const char *alg, const void *claims,
                               size_t length, char **jwt, struct sr_why *why);

/* Checks the header (alg one of the two, typ JWT or absent, kid of this family), the signature, and of the
 * claims exp, nbf and iat where they are there. *CLAIMS is the payload, to be freed with free(); NULL unless
 * SR_JOB_OK. */
enum sr_job_result sr_jwt_verify(struct sr_jobs *jobs, const struct sr_bench *bench,
                                 const struct sr_family_name *family, const void *jwt, size_t length,
                                 char **claims, struct sr_why *why);

#endif
