/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit_call.h"

#include "daemon/audit.h"
#include "daemon/audit_key_call.h"
#include "jobs/base64url.h"
#include "jobs/kid.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of each job's request that names a family, it is the first member; no other begins with a byte string. */
#define FAMILY_IS_FIRST(type) _Static_assert(offsetof(struct type, family) == 0, "the family comes first")
FAMILY_IS_FIRST(sr_create_request);
FAMILY_IS_FIRST(sr_rotate_request);
FAMILY_IS_FIRST(sr_family_request);
FAMILY_IS_FIRST(sr_version_request);
FAMILY_IS_FIRST(sr_session_request);
FAMILY_IS_FIRST(sr_jwt_sign_request);
FAMILY_IS_FIRST(sr_jwt_verify_request);
FAMILY_IS_FIRST(sr_totp_enrol_request);
FAMILY_IS_FIRST(sr_totp_import_request);
FAMILY_IS_FIRST(sr_totp_request);
FAMILY_IS_FIRST(sr_totp_list_request);
FAMILY_IS_FIRST(sr_totp_rewrap_request);
FAMILY_IS_FIRST(sr_data_request);
FAMILY_IS_FIRST(sr_backup_begin_request);
FAMILY_IS_FIRST(sr_backup_forget_request);

long long sr_audit_clock(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool is_wanted(const struct sr_audited *audited)
{
    switch (audited->call) {
    case SR_CALL_HELLO:
        return !audited->permitted;
    case SR_CALL_BUFFER:
    case SR_CALL_BACKUP_CHUNK:
        return audited->rv != CKR_OK;
    case SR_CALL_BACKUP_END:
    default:
        return true;
    }
}

/* A job's call, or one that is none of Cryptoki's. */
static bool is_jobs(enum sr_call call)
{
    return call == SR_CALL_HELLO || call == SR_CALL_BUFFER || call == SR_CALL_BACKUP_CHUNK ||
           call == SR_CALL_BACKUP_END || sr_call_row(call)->permission != NULL;
}

static const char *result_of(const struct sr_audited *audited)
{
    static const char *const names[] = {
        [SR_CODE_INVALID] = "invalid", [SR_CODE_NOT_FOUND] = "not-found",
        [SR_CODE_EXISTS] = "exists",   [SR_CODE_REFUSED] = "conflict",
        [SR_CODE_BAD] = "bad",         [SR_CODE_TAMPERED] = "tampered",
        [SR_CODE_FAILED] = "failed",   [SR_CODE_WRONG_KEY] = "wrong-key",
    };
    if (!audited->permitted || audited->rv == CKR_ACTION_PROHIBITED)
        return "refused";
    if (audited->rv == CKR_OK)
        return "ok";
    for (size_t code = SR_CODE_INVALID; code < sizeof(names) / sizeof(names[0]); code++)
        if (audited->rv == SR_CKR_JOB(code))
            return names[code];
    return "failed";
}

/* The version of a key id that ends before END. 0 where there is none. */
static unsigned long version_before(const char *kid, size_t length, char end,
                                    const struct sr_family_name *family)
{
    unsigned long version = 0;
    const char *stop = memrchr(kid, end, length);
    if (stop == NULL || sr_kid_parse(kid, (size_t)(stop - kid), family, &version, NULL) != SR_JOB_OK)
        return 0;
    return version;
}

/* "NAME.VERSION.MAC" */
static unsigned long version_of_signature(const struct sr_bytes *text, const struct sr_family_name *family)
{
    return text->length > 0 ? version_before((const char *)text->data, text->length, '.', family) : 0;
}

/* Of a JWT that we made, or found good: its header is written as we write it. */
static unsigned long version_of_jwt(const struct sr_bytes *jwt, const struct sr_family_name *family)
{
    static const char member[] = "\"kid\":\"";
    unsigned char header[256];
    size_t length = sizeof(header);
    const char *dot = jwt->length > 0 ? memchr(jwt->data, '.', jwt->length) : NULL;

    if (dot == NULL)
        return 0;
    size_t encoded = (size_t)(dot - (const char *)jwt->data);
    if (!sr_base64url_decode((const char *)jwt->data, encoded, header, &length))
        return 0;
    const char *kid = memmem(header, length, member, sizeof(member) - 1);
    if (kid == NULL)
        return 0;
    kid += sizeof(member) - 1;
    const char *quote = memchr(kid, '"', length - (size_t)(kid - (const char *)header));
    return quote != NULL ? version_before(kid, (size_t)(quote - kid) + 1, '"', family) : 0;
}

/* What the call used or made; 0 where that is none, or not known. */
static unsigned long version_of(const struct sr_audited *audited, const struct sr_family_name *family)
{
    const struct sr_rotate_request *rotate = audited->request;
    const struct sr_version_request *version = audited->request;
    const struct sr_session_request *session = audited->request;
    const struct sr_jwt_verify_request *jwt = audited->request;
    const struct sr_version_reply *made = audited->reply;
    const struct sr_bytes_reply *bytes = audited->reply;

    if (audited->rv != CKR_OK)
        return 0;
    switch (audited->call) {
    case SR_CALL_FAMILY_CREATE:
        return 1;
    case SR_CALL_FAMILY_ROTATE:
        return (rotate->flags & SR_ROTATE_DRY_RUN) != 0 ? 0 : made->version;
    case SR_CALL_FAMILY_REVOKE:
        return made->version;
    case SR_CALL_FAMILY_DESTROY:
        return version->version;
    case SR_CALL_SESSION_SIGN:
        return version_of_signature(&bytes->data, family);
    case SR_CALL_SESSION_VERIFY:
        return version_of_signature(&session->signature, family);
    case SR_CALL_JWT_SIGN:
        return version_of_jwt(&bytes->data, family);
    case SR_CALL_JWT_VERIFY:
        return version_of_jwt(&jwt->jwt, family);
    default:
        return 0;
    }
}

/* "session-sign" becomes "session.sign", as the permission is called. */
static void name_operation(const char *call, char *name, size_t size)
{
    (void)snprintf(name, size, "%s", call);
    char *dash = strchr(name, '-');
    if (dash != NULL)
        *dash = '.';
}

CK_RV sr_audit_call(struct sr_work *work, const struct sr_audited *audited)
{
    const struct sr_bytes *text = audited->request;
    struct sr_family_name name;
    char operation[32];
    char family[SR_FAMILY_MAX];
    struct sr_why why = {""};
    struct sr_audit_entry entry = {.uid = work->peer.uid,
                                   .pid = work->peer.pid,
                                   .operation = operation,
                                   .result = result_of(audited),
                                   .us = sr_audit_clock() - audited->began};

    if (!is_jobs(audited->call))
        return sr_audit_key_call(work, audited);
    if (!is_wanted(audited))
        return audited->rv;
    name_operation(work->call, operation, sizeof(operation));
    if (work->used.rule[0] != '\0')
        entry.rule = work->used.rule;
    if (work->client != NULL)
        entry.client = work->client->name;
    if (work->used.family[0] != '\0') {
        entry.family = work->used.family;
        entry.version = work->used.version;
    } else if (sr_call_row(audited->call)->request[0].kind == SR_FIELD_BYTES &&
               sr_family_parse(text->data, text->length, &name, NULL) == SR_JOB_OK) {
        (void)snprintf(family, sizeof(family), "%s:%s", name.role, name.name);
        entry.family = family;
        entry.version = audited->rv == CKR_OK && work->used.version != 0 ? work->used.version
                                                                         : version_of(audited, &name);
        entry.items = work->used.items;
        entry.failed = work->used.failed;
    }
    if (sr_audit_write(work->daemon->audit, &entry, &why))
        return audited->rv;
    /* A refusal stays one. */
    return audited->permitted ? sr_explain(work, SR_CKR_JOB(SR_CODE_FAILED), "%s", why.text) : audited->rv;
}

void sr_audit_changes(struct sr_daemon *daemon)
{
    struct sr_event event;
    struct sr_why why;

    while (sr_family_tell(daemon->jobs, &event)) {
        char operation[32];
        char family[SR_FAMILY_MAX + 1];
        const struct sr_audit_entry entry = {.uid = -1,
                                             .pid = getpid(),
                                             .operation = operation,
                                             .family = family,
                                             .version = event.version,
                                             .result = "ok"};
        (void)snprintf(operation, sizeof(operation), "family.%s", event.operation);
        (void)snprintf(family, sizeof(family), "%s:%s", event.family.role, event.family.name);
        /* A failure is said in the log by sr_audit_write. */
        if (daemon->audit != NULL && !sr_audit_write(daemon->audit, &entry, &why))
            return;
        sr_family_told(daemon->jobs);
    }
}
