/* Backups: the buffer, and the stream of chunks that goes through it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"

#include <errno.h>
#include <string.h>

CK_RV sr_handle_buffer(struct sr_work *work, const void *request, void *reply)
{
    static const char *const any[] = {"backup.encrypt", "backup.decrypt", "backup.verify"};
    struct sr_buffer_reply *answer = reply;
    (void)request;

    bool permitted = work->right >= SR_RIGHT_USE; /* for operations */
    for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++)
        permitted = permitted || sr_admission_permits(work->socket, &work->peer, any[i]);
    if (!permitted)
        return sr_refuse(work, CKR_ACTION_PROHIBITED, "admission",
                         "backups need the permission \"backup.encrypt\", \"backup.decrypt\" or "
                         "\"backup.verify\", and uid %u has none of them on %s; add user:%u to "
                         "\"backup.encrypt = ...\" of [%s] in strongroomd.conf",
                         (unsigned)work->peer.uid, work->socket->path, (unsigned)work->peer.uid,
                         work->socket->name);
    if (!sr_stream_make(&work->stream))
        return sr_explain(work, CKR_HOST_MEMORY, "no shared memory: %s", strerror(errno));
    answer->half = SR_STREAM_HALF;
    work->descriptor = work->stream.fd;
    return CKR_OK;
}

enum sr_job_result sr_job_header(struct sr_job_call *call, const struct sr_bytes *header)
{
    if (header->length == SR_BACKUP_HEADER)
        return SR_JOB_OK;
    sr_why_set(&call->why, "a backup's header of %zu bytes instead of %d", header->length, SR_BACKUP_HEADER);
    return SR_JOB_INVALID;
}

/* The stream is this backup from now on. */
static void use(struct sr_work *work, struct sr_backup *backup, bool encrypts, bool verifies)
{
    work->stream.backup = backup;
    work->stream.encrypts = encrypts;
    work->stream.verifies = verifies;
    sr_job_used(work, sr_backup_facts(backup));
}

/* Makes room for a stream: the one before, which was not ended, is no more. */
static enum sr_job_result begin(struct sr_work *work, struct sr_job_call *call)
{
    sr_stream_close(&work->stream);
    if (sr_stream_make(&work->stream))
        return SR_JOB_OK;
    sr_why_set(&call->why, "no shared memory: %s", strerror(errno));
    return SR_JOB_NO_MEMORY;
}

CK_RV sr_handle_backup_encrypt(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_backup_begin_request *r = request;
    struct sr_backup_begin_reply *answer = reply;
    unsigned char header[SR_BACKUP_HEADER];
    struct sr_backup *backup = NULL;
    struct sr_job_call call;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = begin(work, &call);
    if (result == SR_JOB_OK)
        result =
            sr_backup_begin(call.jobs, &call.bench, &call.family, r->chunk_size, header, &backup, &call.why);
    rv = sr_job_end(work, &call, result);
    if (rv != CKR_OK)
        return rv;
    use(work, backup, true, false);
    return sr_work_bytes(work, header, sizeof(header), &answer->header);
}

static CK_RV open_backup(struct sr_work *work, const void *request, void *reply, bool verifies)
{
    const struct sr_backup_header_request *r = request;
    struct sr_backup_open_reply *answer = reply;
    struct sr_backup *backup = NULL;
    struct sr_job_call call;

    CK_RV rv = sr_job_begin(work, &call, NULL, false);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = sr_job_header(&call, &r->header);
    if (result == SR_JOB_OK)
        result = begin(work, &call);
    if (result == SR_JOB_OK)
        result = sr_backup_open(call.jobs, r->header.data, &backup, &call.why);
    rv = sr_job_end(work, &call, result);
    if (rv != CKR_OK)
        return rv;
    use(work, backup, false, verifies);
    answer->chunk_size = sr_backup_facts(backup)->chunk_size;
    return CKR_OK;
}

CK_RV sr_handle_backup_decrypt(struct sr_work *work, const void *request, void *reply)
{
    return open_backup(work, request, reply, false);
}

CK_RV sr_handle_backup_verify(struct sr_work *work, const void *request, void *reply)
{
    return open_backup(work, request, reply, true);
}

/* Out of the client's half, and back into it. */
static enum sr_job_result do_chunk(struct sr_work *work, struct sr_job_call *call,
                                   const struct sr_backup_chunk_request *r, CK_ULONG *length)
{
    struct sr_stream *stream = &work->stream;

    if (r->half >= SR_BUFFER_HALVES || r->length > SR_STREAM_HALF || r->last > 1 ||
        (stream->encrypts && r->length > SR_STREAM_HALF - SR_BACKUP_TAG)) {
        sr_why_set(&call->why, "a chunk that is not within the buffer");
        return SR_JOB_INVALID;
    }
    unsigned char *half = stream->shared + r->half * SR_STREAM_HALF;
    size_t size = r->length;
    if (stream->encrypts) {
        *length = size + SR_BACKUP_TAG;
        return sr_backup_encrypt(stream->backup, &call->bench, half, size, r->last == 1, &call->why);
    }
    memcpy(stream->in, half, size);
    enum sr_job_result result = sr_backup_decrypt(stream->backup, &call->bench, r->number, stream->in, size,
                                                  r->last == 1, stream->out, &call->why);
    if (result != SR_JOB_OK)
        return result;
    *length = stream->verifies ? 0 : size - SR_BACKUP_TAG;
    memcpy(half, stream->out, *length);
    return SR_JOB_OK;
}

static CK_RV no_stream(struct sr_work *work)
{
    return sr_explain(work, SR_CKR_JOB(SR_CODE_REFUSED), "no backup is under way on this connection");
}

CK_RV sr_handle_backup_chunk(struct sr_work *work, const void *request, void *reply)
{
    struct sr_backup_chunk_reply *answer = reply;
    struct sr_job_call call;

    if (work->stream.backup == NULL)
        return no_stream(work);
    sr_job_used(work, sr_backup_facts(work->stream.backup));
    CK_RV rv = sr_job_begin(work, &call, NULL, true);
    if (rv != CKR_OK)
        return rv;
    return sr_job_end(work, &call, do_chunk(work, &call, request, &answer->length));
}

CK_RV sr_handle_backup_end(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_backup_end_request *r = request;
    struct sr_job_call call;
    enum sr_job_result result = SR_JOB_OK;
    (void)reply;

    if (work->stream.backup == NULL)
        return no_stream(work);
    sr_job_used(work, sr_backup_facts(work->stream.backup));
    CK_RV rv = sr_job_begin(work, &call, NULL, false);
    if (rv != CKR_OK)
        return rv;
    if (r->complete == 1) {
        result = sr_backup_end(work->stream.backup, &call.why);
    } else {
        sr_why_set(&call.why, "the client has given the backup up");
        result = SR_JOB_REFUSED;
    }
    sr_stream_close(&work->stream);
    return sr_job_end(work, &call, result);
}
