/* One key of the jobs: made so that it can do its one thing and no other, and found again. What keys.c and
 * keys_seal.c stand on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_KEYS_MAKE_H
#define STRONGROOM_JOBS_KEYS_MAKE_H

#include "jobs/keys.h"

/* What a key is, and the one mechanism that it is for. */
struct sr_key_kind {
    CK_KEY_TYPE type;
    CK_ULONG size; /* bytes */
    bool token;    /* a token object; else a session object */
    bool derives;  /* else it signs and verifies */
    CK_MECHANISM_TYPE only;
};

/* A mechanism that a job cannot do without, and what it has to do (CKF_GENERATE, CKF_SIGN, CKF_DERIVE). */
struct sr_key_need {
    CK_MECHANISM_TYPE mechanism;
    CK_FLAGS flag;
};

/* SR_JOB_FAILED where the token lacks one; WHY names it. */
enum sr_job_result sr_key_needs(const struct sr_bench *bench, const struct sr_key_need *needs, size_t n,
                                struct sr_why *why);

/* Makes a key by MECHANISM: generated, or (BASE not CK_INVALID_HANDLE) derived from BASE. It is looked at
 * afterwards: where the token gave it weaker attributes than were asked for, it is destroyed again. */
enum sr_job_result sr_key_make(const struct sr_bench *bench, const struct sr_key_kind *kind,
                               CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, const char *label,
                               CK_OBJECT_HANDLE *key, struct sr_why *why);

/* The token object labelled LABEL. SR_JOB_NOT_FOUND where there is none, SR_JOB_TAMPERED for several. */
enum sr_job_result sr_key_find(const struct sr_bench *bench, const char *label, CK_OBJECT_HANDLE *key,
                               struct sr_why *why);

/* SR_JOB_FAILED unless the bench's session is logged in and read/write. Where it is not, the token hides its
 * private objects: what is not found there may well exist. */
enum sr_job_result sr_key_logged_in(const struct sr_bench *bench, struct sr_why *why);

/* The result of a call that returned RV, with WHY: "LABEL: the token cannot DO it: CKR_...". */
enum sr_job_result sr_key_failed(const char *label, const char *what, CK_RV rv, struct sr_why *why);

#endif
