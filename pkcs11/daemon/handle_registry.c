/* Backups of the registry, and what the jobs' token can do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"
#include "jobs/copies.h"

CK_RV sr_handle_registry_backup(struct sr_work *work, const void *request, void *reply)
{
    struct sr_backup_reply *answer = reply;
    struct sr_job_call call;
    (void)request;

    CK_RV rv = sr_job_begin(work, &call, NULL, false);
    if (rv != CKR_OK)
        return rv;
    return sr_job_end(work, &call, sr_copy_begin(call.jobs, &answer->id, &answer->size, &call.why));
}

CK_RV sr_handle_registry_read(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_piece_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;

    CK_RV rv = sr_job_begin(work, &call, NULL, false);
    if (rv != CKR_OK)
        return rv;
    answer->data.length = SR_PIECE_MAX;
    answer->data.data = sr_scratch_get(&work->scratch, SR_PIECE_MAX);
    enum sr_job_result result = SR_JOB_NO_MEMORY;
    if (answer->data.data != NULL)
        result =
            sr_copy_read(call.jobs, r->id, r->offset, answer->data.data, &answer->data.length, &call.why);
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_registry_put(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_piece_request *r = request;
    struct sr_backup_reply *answer = reply;
    struct sr_job_call call;
    enum sr_job_result result;

    CK_RV rv = sr_job_begin(work, &call, NULL, false);
    if (rv != CKR_OK)
        return rv;
    answer->id = r->id;
    if (r->data.length > SR_PIECE_MAX) {
        sr_why_set(&call.why, "a piece is longer than %zu bytes", SR_PIECE_MAX);
        result = SR_JOB_INVALID;
    } else {
        result = sr_copy_put(call.jobs, &answer->id, r->offset, r->data.data, r->data.length, &call.why);
    }
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_registry_restore(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_registry_restore_request *r = request;
    const struct sr_operator who = {.uid = work->peer.uid};
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    enum sr_job_result result;
    char *json = NULL;

    CK_RV rv = sr_job_begin(work, &call, NULL, true);
    if (rv != CKR_OK)
        return rv;
    if (r->flags & ~SR_RESTORE_FORCE) {
        sr_why_set(&call.why,
                   "the client wants to restore in a way (0x%lx) that this strongroomd does not know",
                   r->flags);
        result = SR_JOB_INVALID;
    } else {
        result = sr_registry_restore(call.jobs, &call.bench, r->id, (r->flags & SR_RESTORE_FORCE) != 0, &who,
                                     &json, &call.why);
    }
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}

CK_RV sr_handle_registry_rebuild(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_operator who = {.uid = work->peer.uid};
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    char *json = NULL;
    (void)request;

    CK_RV rv = sr_job_begin(work, &call, NULL, true);
    if (rv != CKR_OK)
        return rv;
    rv = sr_job_end(work, &call, sr_registry_rebuild(call.jobs, &call.bench, &who, &json, &call.why));
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}

CK_RV sr_handle_token_check(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    char *json = NULL;
    (void)request;

    CK_RV rv = sr_job_begin(work, &call, NULL, true);
    if (rv != CKR_OK)
        return rv;
    rv = sr_job_end(work, &call, sr_token_check(&call.bench, &json, &call.why));
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}
