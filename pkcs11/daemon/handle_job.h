/* What the handlers of the jobs share: a session of the jobs' token, the family that was named, and the way
 * of results to the client.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_HANDLE_JOB_H
#define STRONGROOM_DAEMON_HANDLE_JOB_H

#include "daemon/work.h"

struct sr_job_call {
    struct sr_jobs *jobs;
    struct sr_family_name family;
    struct sr_bench bench; /* its session is CK_INVALID_HANDLE where none was borrowed */
    struct sr_why why;
};

/* Begins a job: parses FAMILY (NULL: it has none) and, where it NEEDS_BENCH, borrows a session. After CKR_OK
 * only, sr_job_end is to be called. */
CK_RV sr_job_begin(struct sr_work *work, struct sr_job_call *call, const struct sr_bytes *family,
                   bool needs_bench);

/* Gives the session back, and says RESULT in terms of the wire, with call->why for the client. */
CK_RV sr_job_end(struct sr_work *work, struct sr_job_call *call, enum sr_job_result result);

/* A result other than SR_JOB_OK as a code of the wire. */
enum sr_job_code sr_job_code(enum sr_job_result result);

/* BYTES as a string in scratch memory. SR_JOB_INVALID for more than MAX, and for one with a zero in it, of
 * which a job would see the beginning only. WHAT it is, for the message. */
enum sr_job_result sr_job_string(struct sr_work *work, struct sr_job_call *call, const char *what,
                                 const struct sr_bytes *bytes, size_t max, const char **string);

/* A job's result TEXT, which this frees (may be NULL), into a reply. */
CK_RV sr_job_text(struct sr_work *work, char *text, struct sr_bytes *bytes);

/* A backup's header, which has one size. */
enum sr_job_result sr_job_header(struct sr_job_call *call, const struct sr_bytes *header);

/* What backup the call used, for the audit log. */
void sr_job_used(struct sr_work *work, const struct sr_backup_facts *facts);

#endif
