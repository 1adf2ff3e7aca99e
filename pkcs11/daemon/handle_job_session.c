/* Session keys: signatures over a web application's data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"

#include <string.h>

/* Longer than any purpose; the job says how long one may be. */
#define PURPOSE_ROOM 64

/* The parts that both requests have. */
static enum sr_job_result parts(struct sr_work *work, struct sr_job_call *call,
                                const struct sr_session_request *r, const char **purpose)
{
    if (r->data.length > SR_DATA_MAX) {
        sr_why_set(&call->why, "the data are longer than %zu bytes: sign their hash", SR_DATA_MAX);
        return SR_JOB_INVALID;
    }
    return sr_job_string(work, call, "purpose", &r->purpose, PURPOSE_ROOM, purpose);
}

/* What cannot be a signature is one that is not good. */
static enum sr_job_result signature_of(struct sr_work *work, struct sr_job_call *call,
                                       const struct sr_bytes *bytes, const char **signature)
{
    enum sr_job_result result =
        sr_job_string(work, call, "signature", bytes, SR_SIGNATURE_MAX - 1, signature);
    return result == SR_JOB_INVALID ? SR_JOB_BAD : result;
}

CK_RV sr_handle_session_sign(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session_request *r = request;
    struct sr_bytes_reply *answer = reply;
    char signature[SR_SIGNATURE_MAX];
    struct sr_job_call call;
    const char *purpose;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = parts(work, &call, r, &purpose);
    if (result == SR_JOB_OK)
        result = sr_session_sign(call.jobs, &call.bench, &call.family, purpose, r->data.data, r->data.length,
                                 signature, &call.why);
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK ? sr_work_bytes(work, signature, strlen(signature), &answer->data) : rv;
}

CK_RV sr_handle_session_verify(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session_request *r = request;
    struct sr_job_call call;
    const char *purpose;
    const char *signature;
    (void)reply;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = parts(work, &call, r, &purpose);
    if (result == SR_JOB_OK)
        result = signature_of(work, &call, &r->signature, &signature);
    if (result == SR_JOB_OK)
        result = sr_session_verify(call.jobs, &call.bench, &call.family, purpose, r->data.data,
                                   r->data.length, signature, &call.why);
    return sr_job_end(work, &call, result);
}
