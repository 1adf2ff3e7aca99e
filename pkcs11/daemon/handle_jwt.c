/* JWTs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"

/* Longer than any algorithm's name; the job knows which there are. */
#define ALG_ROOM 16

CK_RV sr_handle_jwt_sign(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_jwt_sign_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    const char *alg;
    char *jwt = NULL;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = sr_job_string(work, &call, "algorithm's name", &r->alg, ALG_ROOM, &alg);
    if (result == SR_JOB_OK && r->claims.length > SR_DATA_MAX) {
        sr_why_set(&call.why, "the claims are longer than %zu bytes", SR_DATA_MAX);
        result = SR_JOB_INVALID;
    }
    if (result == SR_JOB_OK)
        result = sr_jwt_sign(call.jobs, &call.bench, &call.family, alg, r->claims.data, r->claims.length,
                             &jwt, &call.why);
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK ? sr_job_text(work, jwt, &answer->data) : rv;
}

CK_RV sr_handle_jwt_verify(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_jwt_verify_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    enum sr_job_result result;
    char *claims = NULL;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    if (r->jwt.length > SR_JWT_MAX) {
        sr_why_set(&call.why, "longer than any JWT of strongroomd's (%zu bytes)", SR_JWT_MAX);
        result = SR_JOB_BAD;
    } else {
        result = sr_jwt_verify(call.jobs, &call.bench, &call.family, r->jwt.data, r->jwt.length, &claims,
                               &call.why);
    }
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK ? sr_job_text(work, claims, &answer->data) : rv;
}
