/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"

#include "cryptoki/names.h"
#include "daemon/recover.h"

#include <stdlib.h>
#include <string.h>

enum sr_job_code sr_job_code(enum sr_job_result result)
{
    static const enum sr_job_code codes[] = {
        [SR_JOB_INVALID] = SR_CODE_INVALID,  [SR_JOB_NOT_FOUND] = SR_CODE_NOT_FOUND,
        [SR_JOB_EXISTS] = SR_CODE_EXISTS,    [SR_JOB_REFUSED] = SR_CODE_REFUSED,
        [SR_JOB_BAD] = SR_CODE_BAD,          [SR_JOB_TAMPERED] = SR_CODE_TAMPERED,
        [SR_JOB_FAILED] = SR_CODE_FAILED,    [SR_JOB_WRONG_KEY] = SR_CODE_WRONG_KEY,
        [SR_JOB_NO_MEMORY] = SR_CODE_FAILED,
    };
    return codes[result];
}

/* A job's result as the client gets it. */
static CK_RV answer(struct sr_work *work, enum sr_job_result result, const struct sr_why *why)
{
    if (result == SR_JOB_OK)
        return CKR_OK;
    if (result == SR_JOB_NO_MEMORY)
        return CKR_HOST_MEMORY;
    if (result == SR_JOB_TAMPERED || result == SR_JOB_FAILED)
        sr_log(SR_LOG_ERROR, "uid %u, pid %d, socket %s, call %s: %s", (unsigned)work->peer.uid,
               (int)work->peer.pid, work->socket->path, work->call, why->text);
    return sr_explain(work, SR_CKR_JOB(sr_job_code(result)), "%s", why->text);
}

static CK_RV take_token(struct sr_token *token, struct sr_job_call *call, bool needs_bench)
{
    return needs_bench ? sr_token_borrow(token, &call->bench.session) : sr_token_hold(token);
}

static void give_token(struct sr_token *token, struct sr_job_call *call, CK_RV rv)
{
    if (call->bench.session != CK_INVALID_HANDLE)
        sr_token_return(token, call->bench.session, rv);
    else
        sr_token_let_go(token, rv);
    call->bench.session = CK_INVALID_HANDLE;
}

CK_RV sr_job_begin(struct sr_work *work, struct sr_job_call *call, const struct sr_bytes *family,
                   bool needs_bench)
{
    struct sr_token *token = work->daemon->jobs_token;
    enum sr_job_result result = SR_JOB_OK;

    memset(call, 0, sizeof(*call));
    call->jobs = work->daemon->jobs;
    if (call->jobs == NULL) {
        sr_why_set(
            &call->why,
            "strongroomd keeps no families of keys: add \"registry = FILE\" before the first section of "
            "strongroomd.conf, for example /var/lib/strongroom/registry.sqlite, and start it again");
        return answer(work, SR_JOB_REFUSED, &call->why);
    }
    if (family != NULL)
        result = sr_family_parse(family->data, family->length, &call->family, &call->why);
    if (result != SR_JOB_OK)
        return answer(work, result, &call->why);
    call->bench = (struct sr_bench){.f = token->module.f, .session = CK_INVALID_HANDLE};
    CK_RV rv = take_token(token, call, needs_bench);
    /* A token that was logged out shows no keys: what would a job conclude from that? */
    if (rv == CKR_OK && work->changes && !sr_recover_probe(token)) {
        give_token(token, call, CKR_DEVICE_ERROR);
        rv = take_token(token, call, needs_bench);
    }
    if (rv == CKR_OK) {
        call->bench.slot = token->slot; /* steady from now on */
        return CKR_OK;
    }
    sr_why_set(&call->why, "no session with the token \"%s\": %s", token->config->label, sr_rv_name(rv));
    return answer(work, SR_JOB_FAILED, &call->why);
}

CK_RV sr_job_end(struct sr_work *work, struct sr_job_call *call, enum sr_job_result result)
{
    /* What failed by the token may have left the session in the middle of an operation. */
    CK_RV rv = result == SR_JOB_FAILED ? CKR_FUNCTION_FAILED : CKR_OK;
    give_token(work->daemon->jobs_token, call, rv);
    return answer(work, result, &call->why);
}

enum sr_job_result sr_job_string(struct sr_work *work, struct sr_job_call *call, const char *what,
                                 const struct sr_bytes *bytes, size_t max, const char **string)
{
    if (bytes->length > max) {
        sr_why_set(&call->why, "the %s is longer than %zu bytes", what, max);
        return SR_JOB_INVALID;
    }
    if (bytes->length > 0 && memchr(bytes->data, '\0', bytes->length) != NULL) {
        sr_why_set(&call->why, "the %s has a zero byte in it", what);
        return SR_JOB_INVALID;
    }
    char *copy = sr_scratch_get(&work->scratch, bytes->length + 1);
    if (copy == NULL)
        return SR_JOB_NO_MEMORY;
    if (bytes->length > 0)
        memcpy(copy, bytes->data, bytes->length);
    copy[bytes->length] = '\0';
    *string = copy;
    return SR_JOB_OK;
}

CK_RV sr_job_text(struct sr_work *work, char *text, struct sr_bytes *bytes)
{
    size_t length = text != NULL ? strlen(text) : 0;
    CK_RV rv;

    if (length > SR_TEXT_MAX)
        rv = sr_explain(work, SR_CKR_JOB(SR_CODE_REFUSED),
                        "the answer has more than the %zu bytes that cross the socket: ask for one family",
                        SR_TEXT_MAX);
    else
        rv = length > 0 ? sr_work_bytes(work, text, length, bytes) : CKR_OK;
    free(text);
    return rv;
}
