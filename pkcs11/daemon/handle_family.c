/* Families of keys: making, changing and showing them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"

#include <limits.h>

static struct sr_operator operator_of(const struct sr_work *work)
{
    return (struct sr_operator){.uid = work->peer.uid};
}

CK_RV sr_handle_family_create(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_create_request *r = request;
    struct sr_operator who = operator_of(work);
    struct sr_job_call call;
    enum sr_job_result result;
    (void)reply;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    if (r->rotate > LLONG_MAX || r->grace > LLONG_MAX) {
        sr_why_set(&call.why, "a duration of more seconds than there will be");
        result = SR_JOB_INVALID;
    } else {
        result = sr_family_create(call.jobs, &call.bench, &call.family, (long long)r->rotate,
                                  (long long)r->grace, &who, &call.why);
    }
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_family_rotate(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_rotate_request *r = request;
    struct sr_version_reply *answer = reply;
    struct sr_operator who = operator_of(work);
    struct sr_job_call call;
    enum sr_job_result result;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    if (r->flags & ~(SR_ROTATE_FORCE | SR_ROTATE_DRY_RUN)) {
        sr_why_set(&call.why,
                   "the client wants to rotate in a way (0x%lx) that this strongroomd does not know",
                   r->flags);
        result = SR_JOB_INVALID;
    } else {
        who.dry_run = (r->flags & SR_ROTATE_DRY_RUN) != 0;
        result = sr_family_rotate(call.jobs, &call.bench, &call.family, r->seen,
                                  (r->flags & SR_ROTATE_FORCE) != 0, &who, &answer->version, &call.why);
    }
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_family_revoke(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_family_request *r = request;
    struct sr_version_reply *answer = reply;
    struct sr_operator who = operator_of(work);
    struct sr_job_call call;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    return sr_job_end(
        work, &call,
        sr_family_revoke(call.jobs, &call.bench, &call.family, &who, &answer->version, &call.why));
}

CK_RV sr_handle_family_destroy(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_version_request *r = request;
    struct sr_operator who = operator_of(work);
    struct sr_job_call call;
    enum sr_job_result result;
    (void)reply;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    if (r->flags & ~SR_DESTROY_FORCE) {
        sr_why_set(&call.why,
                   "the client wants to destroy in a way (0x%lx) that this strongroomd does not know",
                   r->flags);
        result = SR_JOB_INVALID;
    } else {
        result = sr_family_destroy(call.jobs, &call.bench, &call.family, r->version,
                                   (r->flags & SR_DESTROY_FORCE) != 0, &who, &call.why);
    }
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_family_list(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    char *json = NULL;
    (void)request;

    CK_RV rv = sr_job_begin(work, &call, NULL, false);
    if (rv != CKR_OK)
        return rv;
    rv = sr_job_end(work, &call, sr_family_list(call.jobs, &json, &call.why));
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}

CK_RV sr_handle_family_show(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_family_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    char *json = NULL;

    CK_RV rv = sr_job_begin(work, &call, &r->family, false);
    if (rv != CKR_OK)
        return rv;
    rv = sr_job_end(work, &call, sr_family_show(call.jobs, &call.family, &json, &call.why));
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}

CK_RV sr_handle_family_history(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_family_request *r = request;
    struct sr_bytes_reply *answer = reply;
    const bool all = r->family.length == 0;
    struct sr_job_call call;
    char *json = NULL;

    CK_RV rv = sr_job_begin(work, &call, all ? NULL : &r->family, false);
    if (rv != CKR_OK)
        return rv;
    rv = sr_job_end(work, &call, sr_family_history(call.jobs, all ? NULL : &call.family, &json, &call.why));
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}
