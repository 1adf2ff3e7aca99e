/* Second factors: seeds of users, and verdicts on their codes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"
#include "jobs/totp.h"

#include <string.h>

#define CODE_ROOM 64 /* longer than any code */

/* A job's text with a seed in it into a reply: the only copy that is left is in scratch memory. */
static CK_RV secret_text(struct sr_work *work, char *text, struct sr_bytes *bytes)
{
    CK_RV rv = text != NULL ? sr_work_bytes(work, text, strlen(text), bytes) : CKR_OK;
    sr_totp_free_secret(text);
    return rv;
}

static enum sr_job_result user_of(struct sr_work *work, struct sr_job_call *call,
                                  const struct sr_bytes *bytes, const char **user)
{
    return sr_job_string(work, call, "user's name", bytes, SR_TOTP_USER_MAX - 1, user);
}

/* What cannot be a code is one that is not accepted. */
static enum sr_job_result code_of(struct sr_work *work, struct sr_job_call *call,
                                  const struct sr_bytes *bytes, const char **code)
{
    enum sr_job_result result = sr_job_string(work, call, "code", bytes, CODE_ROOM, code);
    return result == SR_JOB_INVALID ? SR_JOB_BAD : result;
}

static enum sr_job_result unknown_flags(struct sr_job_call *call, CK_ULONG flags, CK_ULONG known)
{
    if ((flags & ~known) == 0)
        return SR_JOB_OK;
    sr_why_set(&call->why, "the client wants something (0x%lx) that this strongroomd does not know", flags);
    return SR_JOB_INVALID;
}

/* The texts of an enrolment. */
static enum sr_job_result enrol_texts(struct sr_work *work, struct sr_job_call *call,
                                      const struct sr_totp_enrol_request *r, const char **user,
                                      struct sr_totp_label *label, struct sr_totp_kind *kind)
{
    const char *algorithm = "";

    enum sr_job_result result = user_of(work, call, &r->user, user);
    if (result == SR_JOB_OK)
        result = sr_job_string(work, call, "issuer", &r->issuer, SR_TOTP_USER_MAX - 1, &label->issuer);
    if (result == SR_JOB_OK)
        result = sr_job_string(work, call, "account", &r->account, SR_TOTP_USER_MAX - 1, &label->account);
    if (result == SR_JOB_OK)
        result =
            sr_job_string(work, call, "algorithm", &r->algorithm, sizeof(kind->algorithm) - 1, &algorithm);
    memcpy(kind->algorithm, algorithm, strlen(algorithm) + 1);
    kind->digits = r->digits;
    kind->period = r->period;
    return result;
}

CK_RV sr_handle_totp_enrol(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_totp_enrol_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_totp_label label = {0};
    struct sr_totp_kind kind = {.digits = 0};
    struct sr_job_call call;
    const char *user;
    char *uri = NULL;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = unknown_flags(&call, r->flags, SR_TOTP_REPLACE);
    if (result == SR_JOB_OK)
        result = enrol_texts(work, &call, r, &user, &label, &kind);
    if (result == SR_JOB_OK)
        result = sr_totp_enrol(call.jobs, &call.bench, &call.family, user, &kind, &label,
                               (r->flags & SR_TOTP_REPLACE) != 0, &uri, &call.why);
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK ? secret_text(work, uri, &answer->data) : rv;
}

CK_RV sr_handle_totp_import(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_totp_import_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    char *json = NULL;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = unknown_flags(&call, r->flags, SR_TOTP_DRY_RUN);
    if (result == SR_JOB_OK && r->rows.length == 0) {
        sr_why_set(&call.why, "there is no row to import");
        result = SR_JOB_INVALID;
    }
    if (result == SR_JOB_OK)
        result = sr_totp_import(call.jobs, &call.bench, &call.family, (const char *)r->rows.data,
                                r->rows.length, (r->flags & SR_TOTP_DRY_RUN) != 0, &json, &call.why);
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}

CK_RV sr_handle_totp_verify(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_totp_request *r = request;
    struct sr_job_call call;
    const char *user;
    const char *code;
    (void)reply;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = user_of(work, &call, &r->user, &user);
    if (result == SR_JOB_OK)
        result = code_of(work, &call, &r->first, &code);
    if (result == SR_JOB_OK)
        result = sr_totp_verify(call.jobs, &call.bench, &call.family, user, code, &call.why);
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_totp_resync(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_totp_request *r = request;
    struct sr_job_call call;
    const char *user;
    const char *first;
    const char *second;
    (void)reply;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = user_of(work, &call, &r->user, &user);
    if (result == SR_JOB_OK)
        result = code_of(work, &call, &r->first, &first);
    if (result == SR_JOB_OK)
        result = code_of(work, &call, &r->second, &second);
    if (result == SR_JOB_OK)
        result = sr_totp_resync(call.jobs, &call.bench, &call.family, user, first, second, &call.why);
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_totp_list(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_totp_list_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    const char *after;
    char *json = NULL;

    CK_RV rv = sr_job_begin(work, &call, &r->family, false);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = user_of(work, &call, &r->after, &after);
    if (result == SR_JOB_OK)
        result = sr_totp_list(call.jobs, &call.family, after, r->limit, &json, &call.why);
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}

CK_RV sr_handle_totp_remove(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_totp_request *r = request;
    struct sr_job_call call;
    const char *user;
    (void)reply;

    CK_RV rv = sr_job_begin(work, &call, &r->family, false);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = user_of(work, &call, &r->user, &user);
    if (result == SR_JOB_OK)
        result = sr_totp_remove(call.jobs, &call.family, user, &call.why);
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_totp_rewrap(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_totp_rewrap_request *r = request;
    struct sr_totp_moved_reply *answer = reply;
    struct sr_job_call call;
    size_t moved = 0;
    size_t left = 0;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    rv = sr_job_end(work, &call,
                    sr_totp_rewrap(call.jobs, &call.bench, &call.family, r->limit, &moved, &left, &call.why));
    answer->moved = moved;
    answer->left = left;
    return rv;
}
