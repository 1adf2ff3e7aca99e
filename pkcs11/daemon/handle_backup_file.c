/* Backups: what is done with their headers, and with what the registry knows of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"

#include <stdio.h>
#include <string.h>

#define FILE_ROOM 64 /* longer than any file's id; the job says what one is */

void sr_job_used(struct sr_work *work, const struct sr_backup_facts *facts)
{
    (void)snprintf(work->used.family, sizeof(work->used.family), "%s:%s", facts->family.role,
                   facts->family.name);
    work->used.version = facts->version;
}

CK_RV sr_handle_backup_info(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_backup_header_request *r = request;
    struct sr_backup_info_reply *answer = reply;
    struct sr_backup *backup = NULL;
    struct sr_job_call call;

    CK_RV rv = sr_job_begin(work, &call, NULL, false);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = sr_job_header(&call, &r->header);
    if (result == SR_JOB_OK)
        result = sr_backup_open(call.jobs, r->header.data, &backup, &call.why);
    if (result == SR_JOB_OK) {
        sr_job_used(work, sr_backup_facts(backup));
        answer->version = work->used.version;
        answer->slot = sr_backup_facts(backup)->slot;
        sr_backup_close(backup);
    }
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK ? sr_work_bytes(work, work->used.family, strlen(work->used.family), &answer->family)
                        : rv;
}

CK_RV sr_handle_backup_rewrap(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_backup_header_request *r = request;
    struct sr_backup_rewrap_reply *answer = reply;
    unsigned char list[SR_BACKUP_SLOT];
    struct sr_backup_facts facts;
    struct sr_job_call call;
    bool changed = false;

    CK_RV rv = sr_job_begin(work, &call, NULL, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = sr_job_header(&call, &r->header);
    if (result == SR_JOB_OK)
        result = sr_backup_rewrap(call.jobs, &call.bench, r->header.data, list, &changed, &facts, &call.why);
    if (result == SR_JOB_OK) {
        sr_job_used(work, &facts);
        answer->slot = facts.slot;
    }
    rv = sr_job_end(work, &call, result);
    return rv == CKR_OK && changed ? sr_work_bytes(work, list, sizeof(list), &answer->list) : rv;
}

CK_RV sr_handle_backup_record(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_backup_header_request *r = request;
    struct sr_backup_facts facts;
    struct sr_job_call call;
    (void)reply;

    CK_RV rv = sr_job_begin(work, &call, NULL, false);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = sr_job_header(&call, &r->header);
    if (result == SR_JOB_OK)
        result = sr_backup_record(call.jobs, r->header.data, &facts, &call.why);
    if (result == SR_JOB_OK)
        sr_job_used(work, &facts);
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_backup_list(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_family_request *r = request;
    struct sr_bytes_reply *answer = reply;
    const bool all = r->family.length == 0;
    struct sr_job_call call;
    char *json = NULL;

    CK_RV rv = sr_job_begin(work, &call, all ? NULL : &r->family, false);
    if (rv != CKR_OK)
        return rv;
    rv = sr_job_end(work, &call, sr_backup_list(call.jobs, all ? NULL : &call.family, &json, &call.why));
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}

CK_RV sr_handle_backup_forget(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_backup_forget_request *r = request;
    struct sr_job_call call;
    const char *file;
    (void)reply;

    CK_RV rv = sr_job_begin(work, &call, &r->family, false);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = sr_job_string(work, &call, "file's id", &r->file, FILE_ROOM, &file);
    if (result == SR_JOB_OK)
        result = sr_backup_forget(call.jobs, &call.family, file, &call.why);
    return sr_job_end(work, &call, result);
}
