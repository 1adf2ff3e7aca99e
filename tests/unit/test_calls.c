/* SPDX-License-Identifier: Apache-2.0 */
/* What a job's call may carry: no handle, no key bytes. Every field of every job's call stands here with what
 * it is, so that a new one is thought about: one that does not stand here fails. */
#include "unit.h"
#include "wire/calls.h"

#include <stdio.h>
#include <string.h>

enum meaning {
    TEXT,   /* a name, or another word that says what is meant */
    NUMBER, /* a version, a time, a choice: no handle of anything */
    DATA,   /* the client's own, or what it gets to keep: signatures, JWTs, JSON */
    SEED,   /* key bytes: only where the permission is totp.enrol or totp.import */
};

/* SIDE is request or reply. */
struct known {
    const char *side;
    size_t offset;
    enum sr_call call;
    enum sr_field_kind kind;
    enum meaning meaning;
};

#define REQUEST(call, kind, type, member, meaning)                                                           \
    {                                                                                                        \
        "request", offsetof(struct type, member), SR_CALL_##call, SR_FIELD_##kind, meaning                   \
    }
#define REPLY(call, kind, type, member, meaning)                                                             \
    {                                                                                                        \
        "reply", offsetof(struct type, member), SR_CALL_##call, SR_FIELD_##kind, meaning                     \
    }

static const struct known fields[] = {
    REQUEST(FAMILY_CREATE, BYTES, sr_create_request, family, TEXT),
    REQUEST(FAMILY_CREATE, ULONG, sr_create_request, rotate, NUMBER),
    REQUEST(FAMILY_CREATE, ULONG, sr_create_request, grace, NUMBER),
    REQUEST(FAMILY_ROTATE, BYTES, sr_rotate_request, family, TEXT),
    REQUEST(FAMILY_ROTATE, ULONG, sr_rotate_request, seen, NUMBER),
    REQUEST(FAMILY_ROTATE, ULONG, sr_rotate_request, flags, NUMBER),
    REPLY(FAMILY_ROTATE, ULONG, sr_version_reply, version, NUMBER),
    REQUEST(FAMILY_REVOKE, BYTES, sr_family_request, family, TEXT),
    REPLY(FAMILY_REVOKE, ULONG, sr_version_reply, version, NUMBER),
    REQUEST(FAMILY_DESTROY, BYTES, sr_version_request, family, TEXT),
    REQUEST(FAMILY_DESTROY, ULONG, sr_version_request, version, NUMBER),
    REQUEST(FAMILY_DESTROY, ULONG, sr_version_request, flags, NUMBER),
    REPLY(FAMILY_LIST, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(FAMILY_SHOW, BYTES, sr_family_request, family, TEXT),
    REPLY(FAMILY_SHOW, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(FAMILY_HISTORY, BYTES, sr_family_request, family, TEXT),
    REPLY(FAMILY_HISTORY, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(SESSION_SIGN, BYTES, sr_session_request, family, TEXT),
    REQUEST(SESSION_SIGN, BYTES, sr_session_request, purpose, TEXT),
    REQUEST(SESSION_SIGN, BYTES, sr_session_request, data, DATA),
    REPLY(SESSION_SIGN, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(SESSION_VERIFY, BYTES, sr_session_request, family, TEXT),
    REQUEST(SESSION_VERIFY, BYTES, sr_session_request, purpose, TEXT),
    REQUEST(SESSION_VERIFY, BYTES, sr_session_request, data, DATA),
    REQUEST(SESSION_VERIFY, BYTES, sr_session_request, signature, DATA),
    REQUEST(JWT_SIGN, BYTES, sr_jwt_sign_request, family, TEXT),
    REQUEST(JWT_SIGN, BYTES, sr_jwt_sign_request, alg, TEXT),
    REQUEST(JWT_SIGN, BYTES, sr_jwt_sign_request, claims, DATA),
    REPLY(JWT_SIGN, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(JWT_VERIFY, BYTES, sr_jwt_verify_request, family, TEXT),
    REQUEST(JWT_VERIFY, BYTES, sr_jwt_verify_request, jwt, DATA),
    REPLY(JWT_VERIFY, BYTES, sr_bytes_reply, data, DATA),
    /* The registry's rows: no key is in them that could be used without the token. */
    REPLY(REGISTRY_BACKUP, ULONG, sr_backup_reply, id, NUMBER),
    REPLY(REGISTRY_BACKUP, ULONG, sr_backup_reply, size, NUMBER),
    REQUEST(REGISTRY_READ, ULONG, sr_piece_request, id, NUMBER),
    REQUEST(REGISTRY_READ, ULONG, sr_piece_request, offset, NUMBER),
    REPLY(REGISTRY_READ, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(REGISTRY_PUT, ULONG, sr_piece_request, id, NUMBER),
    REQUEST(REGISTRY_PUT, ULONG, sr_piece_request, offset, NUMBER),
    REQUEST(REGISTRY_PUT, BYTES, sr_piece_request, data, DATA),
    REPLY(REGISTRY_PUT, ULONG, sr_backup_reply, id, NUMBER),
    REQUEST(REGISTRY_RESTORE, ULONG, sr_registry_restore_request, id, NUMBER),
    REQUEST(REGISTRY_RESTORE, ULONG, sr_registry_restore_request, flags, NUMBER),
    REPLY(REGISTRY_RESTORE, BYTES, sr_bytes_reply, data, DATA),
    REPLY(REGISTRY_REBUILD, BYTES, sr_bytes_reply, data, DATA),
    REPLY(TOKEN_CHECK, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(TOTP_ENROL, BYTES, sr_totp_enrol_request, family, TEXT),
    REQUEST(TOTP_ENROL, BYTES, sr_totp_enrol_request, user, TEXT),
    REQUEST(TOTP_ENROL, BYTES, sr_totp_enrol_request, issuer, TEXT),
    REQUEST(TOTP_ENROL, BYTES, sr_totp_enrol_request, account, TEXT),
    REQUEST(TOTP_ENROL, BYTES, sr_totp_enrol_request, algorithm, TEXT),
    REQUEST(TOTP_ENROL, ULONG, sr_totp_enrol_request, digits, NUMBER),
    REQUEST(TOTP_ENROL, ULONG, sr_totp_enrol_request, period, NUMBER),
    REQUEST(TOTP_ENROL, ULONG, sr_totp_enrol_request, flags, NUMBER),
    REPLY(TOTP_ENROL, BYTES, sr_bytes_reply, data, SEED),
    REQUEST(TOTP_IMPORT, BYTES, sr_totp_import_request, family, TEXT),
    REQUEST(TOTP_IMPORT, BYTES, sr_totp_import_request, rows, SEED),
    REQUEST(TOTP_IMPORT, ULONG, sr_totp_import_request, flags, NUMBER),
    REPLY(TOTP_IMPORT, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(TOTP_VERIFY, BYTES, sr_totp_request, family, TEXT),
    REQUEST(TOTP_VERIFY, BYTES, sr_totp_request, user, TEXT),
    REQUEST(TOTP_VERIFY, BYTES, sr_totp_request, first, DATA),
    REQUEST(TOTP_RESYNC, BYTES, sr_totp_request, family, TEXT),
    REQUEST(TOTP_RESYNC, BYTES, sr_totp_request, user, TEXT),
    REQUEST(TOTP_RESYNC, BYTES, sr_totp_request, first, DATA),
    REQUEST(TOTP_RESYNC, BYTES, sr_totp_request, second, DATA),
    REQUEST(TOTP_LIST, BYTES, sr_totp_list_request, family, TEXT),
    REQUEST(TOTP_LIST, BYTES, sr_totp_list_request, after, TEXT),
    REQUEST(TOTP_LIST, ULONG, sr_totp_list_request, limit, NUMBER),
    REPLY(TOTP_LIST, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(TOTP_REMOVE, BYTES, sr_totp_request, family, TEXT),
    REQUEST(TOTP_REMOVE, BYTES, sr_totp_request, user, TEXT),
    REQUEST(TOTP_REWRAP, BYTES, sr_totp_rewrap_request, family, TEXT),
    REQUEST(TOTP_REWRAP, ULONG, sr_totp_rewrap_request, limit, NUMBER),
    REPLY(TOTP_REWRAP, ULONG, sr_totp_moved_reply, moved, NUMBER),
    REPLY(TOTP_REWRAP, ULONG, sr_totp_moved_reply, left, NUMBER),
    /* Data keys cross wrapped by a key that never leaves the token. */
    REQUEST(DATA_NEW_KEY, BYTES, sr_data_request, family, TEXT),
    REQUEST(DATA_NEW_KEY, BYTES, sr_data_request, key, DATA),
    REQUEST(DATA_NEW_KEY, ULONG, sr_data_request, min_version, NUMBER),
    REQUEST(DATA_NEW_KEY, ULONG, sr_data_request, flags, NUMBER),
    REQUEST(DATA_NEW_KEY, ULONG, sr_data_request, count, NUMBER),
    REQUEST(DATA_NEW_KEY, BYTES, sr_data_request, items, DATA),
    REPLY(DATA_NEW_KEY, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(DATA_ENCRYPT, BYTES, sr_data_request, family, TEXT),
    REQUEST(DATA_ENCRYPT, BYTES, sr_data_request, key, DATA),
    REQUEST(DATA_ENCRYPT, ULONG, sr_data_request, min_version, NUMBER),
    REQUEST(DATA_ENCRYPT, ULONG, sr_data_request, flags, NUMBER),
    REQUEST(DATA_ENCRYPT, ULONG, sr_data_request, count, NUMBER),
    REQUEST(DATA_ENCRYPT, BYTES, sr_data_request, items, DATA),
    REPLY(DATA_ENCRYPT, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(DATA_DECRYPT, BYTES, sr_data_request, family, TEXT),
    REQUEST(DATA_DECRYPT, BYTES, sr_data_request, key, DATA),
    REQUEST(DATA_DECRYPT, ULONG, sr_data_request, min_version, NUMBER),
    REQUEST(DATA_DECRYPT, ULONG, sr_data_request, flags, NUMBER),
    REQUEST(DATA_DECRYPT, ULONG, sr_data_request, count, NUMBER),
    REQUEST(DATA_DECRYPT, BYTES, sr_data_request, items, DATA),
    REPLY(DATA_DECRYPT, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(DATA_REWRAP, BYTES, sr_data_request, family, TEXT),
    REQUEST(DATA_REWRAP, BYTES, sr_data_request, key, DATA),
    REQUEST(DATA_REWRAP, ULONG, sr_data_request, min_version, NUMBER),
    REQUEST(DATA_REWRAP, ULONG, sr_data_request, flags, NUMBER),
    REQUEST(DATA_REWRAP, ULONG, sr_data_request, count, NUMBER),
    REQUEST(DATA_REWRAP, BYTES, sr_data_request, items, DATA),
    REPLY(DATA_REWRAP, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(DATA_LIST, BYTES, sr_family_request, family, TEXT),
    REPLY(DATA_LIST, BYTES, sr_bytes_reply, data, DATA),
    /* A backup's header has its key, wrapped by one that does not leave the token: the client keeps it with
     * its file. */
    REPLY(BUFFER, ULONG, sr_buffer_reply, half, NUMBER),
    REQUEST(BACKUP_ENCRYPT, BYTES, sr_backup_begin_request, family, TEXT),
    REQUEST(BACKUP_ENCRYPT, ULONG, sr_backup_begin_request, chunk_size, NUMBER),
    REPLY(BACKUP_ENCRYPT, BYTES, sr_backup_begin_reply, header, DATA),
    REQUEST(BACKUP_DECRYPT, BYTES, sr_backup_header_request, header, DATA),
    REPLY(BACKUP_DECRYPT, ULONG, sr_backup_open_reply, chunk_size, NUMBER),
    REQUEST(BACKUP_VERIFY, BYTES, sr_backup_header_request, header, DATA),
    REPLY(BACKUP_VERIFY, ULONG, sr_backup_open_reply, chunk_size, NUMBER),
    REQUEST(BACKUP_CHUNK, ULONG, sr_backup_chunk_request, number, NUMBER),
    REQUEST(BACKUP_CHUNK, ULONG, sr_backup_chunk_request, half, NUMBER),
    REQUEST(BACKUP_CHUNK, ULONG, sr_backup_chunk_request, length, NUMBER),
    REQUEST(BACKUP_CHUNK, ULONG, sr_backup_chunk_request, last, NUMBER),
    REPLY(BACKUP_CHUNK, ULONG, sr_backup_chunk_reply, length, NUMBER),
    REQUEST(BACKUP_END, ULONG, sr_backup_end_request, complete, NUMBER),
    REQUEST(BACKUP_INFO, BYTES, sr_backup_header_request, header, DATA),
    REPLY(BACKUP_INFO, BYTES, sr_backup_info_reply, family, TEXT),
    REPLY(BACKUP_INFO, ULONG, sr_backup_info_reply, version, NUMBER),
    REPLY(BACKUP_INFO, ULONG, sr_backup_info_reply, slot, NUMBER),
    REQUEST(BACKUP_REWRAP, BYTES, sr_backup_header_request, header, DATA),
    REPLY(BACKUP_REWRAP, ULONG, sr_backup_rewrap_reply, slot, NUMBER),
    REPLY(BACKUP_REWRAP, BYTES, sr_backup_rewrap_reply, list, DATA),
    REQUEST(BACKUP_RECORD, BYTES, sr_backup_header_request, header, DATA),
    REQUEST(BACKUP_LIST, BYTES, sr_family_request, family, TEXT),
    REPLY(BACKUP_LIST, BYTES, sr_bytes_reply, data, DATA),
    REQUEST(BACKUP_FORGET, BYTES, sr_backup_forget_request, family, TEXT),
    REQUEST(BACKUP_FORGET, BYTES, sr_backup_forget_request, file, TEXT),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* The calls that are no job's: those of Cryptoki, whose handles are its business, and the connection's own.
 */
static const enum sr_call no_jobs[] = {
    SR_CALL_HELLO,
    SR_CALL_STATUS,
    SR_CALL_SLOTS,
    SR_CALL_SLOT_INFO,
    SR_CALL_TOKEN_INFO,
    SR_CALL_MECHANISMS,
    SR_CALL_OPEN_SESSION,
    SR_CALL_CLOSE_SESSION,
    SR_CALL_SESSION_INFO,
    SR_CALL_LOGIN,
    SR_CALL_LOGOUT,
    SR_CALL_FIND,
    SR_CALL_FIND_MORE,
    SR_CALL_RESTORE,
    SR_CALL_READ_ATTRIBUTES,
    SR_CALL_GENERATE_KEY_PAIR,
    SR_CALL_DESTROY,
    SR_CALL_GENERATE_KEY,
    SR_CALL_CREATE,
    SR_CALL_COPY,
    SR_CALL_CHANGE,
    SR_CALL_SIZE,
    SR_CALL_WRAP,
    SR_CALL_UNWRAP,
    SR_CALL_DERIVE,
    SR_CALL_OPERATE,
    SR_CALL_OPERATE_INIT,
    SR_CALL_OPERATE_UPDATE,
    SR_CALL_OPERATE_FINAL,
    SR_CALL_DIGEST_KEY,
    SR_CALL_GET_STATE,
    SR_CALL_SET_STATE,
    SR_CALL_MESSAGE_INIT,
    SR_CALL_MESSAGE,
    SR_CALL_MESSAGE_FINAL,
    SR_CALL_SEED,
    SR_CALL_SLOT_EVENT,
    SR_CALL_INIT_TOKEN,
    SR_CALL_INIT_PIN,
    SR_CALL_SET_PIN,
    SR_CALL_POLICY_TEST,
    SR_CALL_AUDIT_TIP,
    SR_CALL_RANDOM,
    SR_CALL_PAGE,
};

static bool is_job(enum sr_call call)
{
    for (size_t i = 0; i < sizeof(no_jobs) / sizeof(no_jobs[0]); i++)
        if (no_jobs[i] == call)
            return false;
    return true;
}

/* Jobs' calls whose permission another call of theirs had, or their handler looks for: it is one of several.
 */
static bool permitted_otherwise(enum sr_call call)
{
    return call == SR_CALL_BUFFER || call == SR_CALL_BACKUP_CHUNK || call == SR_CALL_BACKUP_END;
}

static const struct known *find(enum sr_call call, const char *side, const struct sr_field *field)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].call == call && strcmp(fields[i].side, side) == 0 && fields[i].kind == field->kind &&
            fields[i].offset == field->offset)
            return &fields[i];
    return NULL;
}

/* What is wrong with the field, or NULL. The kinds that Cryptoki's calls have besides carry attributes and
 * pointers to parameters: no job takes or gives those. */
static const char *wrong(const struct sr_call_row *row, const struct sr_field *field,
                         const struct known *known)
{
    if (field->kind != SR_FIELD_ULONG && field->kind != SR_FIELD_BYTES)
        return "is a template or a mechanism";
    if (known == NULL)
        return "is not known here: say what it is in the list above";
    if (known->meaning == SEED && strcmp(row->permission, "totp.enrol") != 0 &&
        strcmp(row->permission, "totp.import") != 0)
        return "is key bytes";
    if ((field->kind == SR_FIELD_ULONG) != (known->meaning == NUMBER))
        return "is no number where a number is meant, or the other way round";
    return NULL;
}

/* Counts the fields of one side, less those that are wrong. */
static size_t good_fields(enum sr_call call, const struct sr_call_row *row, const char *side,
                          const struct sr_field *field)
{
    size_t good = 0;
    for (; field->kind != SR_FIELD_END; field++) {
        const char *what = wrong(row, field, find(call, side, field));
        if (what != NULL)
            printf("\n    %s, %s, the field at %zu %s", row->name, side, field->offset, what);
        CU_ASSERT_PTR_NULL(what);
        good += what == NULL;
    }
    return good;
}

static void jobs_carry_no_keys_and_no_handles(void)
{
    size_t jobs = 0;
    size_t good = 0;
    for (uint32_t call = 0; call < SR_CALLS; call++) {
        const struct sr_call_row *row = sr_call_row(call);
        if (row == NULL || !is_job(call))
            continue;
        jobs++;
        good += good_fields(call, row, "request", row->request);
        good += good_fields(call, row, "reply", row->reply);
    }
    CU_ASSERT_TRUE(jobs >= 11);
    CU_ASSERT_EQUAL(good, FIELDS); /* and the list says nothing of fields that are not there */
}

static void what_is_no_job_is_named(void)
{
    for (uint32_t call = 0; call < SR_CALLS; call++) {
        const struct sr_call_row *row = sr_call_row(call);
        if (row == NULL)
            continue;
        CU_ASSERT_EQUAL(is_job(call), row->permission != NULL || permitted_otherwise(call));
        if (row->permission != NULL)
            CU_ASSERT_EQUAL(row->right, SR_RIGHT_NONE); /* the permission alone decides */
    }
}

/* The control: each thing that is looked for is found. */
static void what_is_wrong_is_found(void)
{
    static const struct sr_call_row row = {"a job", "session.sign", SR_RIGHT_NONE, true, false, NULL, NULL};
    static const struct sr_call_row enrol = {"enrol", "totp.enrol", SR_RIGHT_NONE, true, false, NULL, NULL};
    static const struct sr_field text = {SR_FIELD_BYTES, 0};
    static const struct sr_field number = {SR_FIELD_ULONG, 0};
    static const enum sr_field_kind forbidden[] = {SR_FIELD_TEMPLATE, SR_FIELD_VALUES, SR_FIELD_MECHANISM};
    struct known known = {.meaning = DATA};

    CU_ASSERT_PTR_NULL(wrong(&row, &text, &known));
    CU_ASSERT_PTR_NOT_NULL(wrong(&row, &number, &known));
    CU_ASSERT_PTR_NOT_NULL(wrong(&row, &text, NULL));
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
        CU_ASSERT_PTR_NOT_NULL(wrong(&row, &(struct sr_field){forbidden[i], 0}, &known));
    known.meaning = SEED;
    CU_ASSERT_PTR_NOT_NULL(wrong(&row, &text, &known));
    CU_ASSERT_PTR_NULL(wrong(&enrol, &text, &known));
    known.meaning = NUMBER;
    CU_ASSERT_PTR_NULL(wrong(&row, &number, &known));
    CU_ASSERT_PTR_NOT_NULL(wrong(&row, &text, &known));
    static const struct sr_field there = {SR_FIELD_BYTES, offsetof(struct sr_version_request, family)};
    static const struct sr_field elsewhere = {SR_FIELD_BYTES, sizeof(struct sr_version_request)};
    CU_ASSERT_PTR_NOT_NULL(find(SR_CALL_FAMILY_DESTROY, "request", &there));
    CU_ASSERT_PTR_NULL(find(SR_CALL_FAMILY_DESTROY, "request", &elsewhere));
    CU_ASSERT_PTR_NULL(find(SR_CALL_FAMILY_DESTROY, "reply", &there));
    CU_ASSERT_PTR_NULL(find(SR_CALL_FAMILY_LIST, "request", &there));
}

CU_TestInfo calls_tests[] = {
    {"jobs' calls carry no key bytes and no handles", jobs_carry_no_keys_and_no_handles},
    {"what is no job's call is named, and decided by rights", what_is_no_job_is_named},
    {"control: what is wrong is found", what_is_wrong_is_found},
    CU_TEST_INFO_NULL,
};
