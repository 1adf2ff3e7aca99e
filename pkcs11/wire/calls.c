/* The table of calls, and how their structures are laid out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "wire/calls.h"

#include <string.h>

#define FIELD(kind, type, member)                                                                            \
    {                                                                                                        \
        SR_FIELD_##kind, offsetof(struct type, member)                                                       \
    }
#define END                                                                                                  \
    {                                                                                                        \
        SR_FIELD_END, 0                                                                                      \
    }

typedef const struct sr_field layout[];

static layout nothing = {END};

static layout hello_request = {
    FIELD(ULONG, sr_hello_request, version_min), FIELD(ULONG, sr_hello_request, version_max),
    FIELD(ULONG, sr_hello_request, abi), FIELD(BYTES, sr_hello_request, client), END};
static layout hello_reply = {FIELD(ULONG, sr_hello_reply, version), FIELD(ULONG, sr_hello_reply, joined),
                             FIELD(BYTES, sr_hello_reply, client), END};
static layout status_reply = {FIELD(BYTES, sr_status_reply, text), END};
static layout slot = {FIELD(ULONG, sr_slot_request, slot), END};
static layout bytes = {FIELD(BYTES, sr_bytes_reply, data), END};
static layout open_session = {FIELD(ULONG, sr_open_session_request, slot),
                              FIELD(ULONG, sr_open_session_request, flags), END};
static layout session = {FIELD(ULONG, sr_session, session), END};
static layout login = {FIELD(ULONG, sr_login_request, session), FIELD(ULONG, sr_login_request, user),
                       FIELD(BYTES, sr_login_request, pin), END};
static layout find_request = {FIELD(ULONG, sr_find_request, session),
                              FIELD(TEMPLATE, sr_find_request, template), END};
static layout find_reply = {FIELD(ULONG, sr_find_reply, count), FIELD(ULONG, sr_find_reply, more),
                            FIELD(BYTES, sr_find_reply, cards), END};
static layout restore = {FIELD(ULONG, sr_restore_request, slot), FIELD(BYTES, sr_restore_request, card), END};
static layout object = {FIELD(ULONG, sr_object, session), FIELD(ULONG, sr_object, object), END};
static layout read_request = {FIELD(ULONG, sr_read_request, session), FIELD(ULONG, sr_read_request, object),
                              FIELD(BYTES, sr_read_request, types), END};
static layout read_reply = {FIELD(ULONG, sr_read_reply, status), FIELD(VALUES, sr_read_reply, values), END};
static layout generate = {
    FIELD(ULONG, sr_generate_request, session), FIELD(MECHANISM, sr_generate_request, mechanism),
    FIELD(TEMPLATE, sr_generate_request, public), FIELD(TEMPLATE, sr_generate_request, private), END};
static layout make = {
    FIELD(ULONG, sr_make_request, session),       FIELD(ULONG, sr_make_request, object),
    FIELD(MECHANISM, sr_make_request, mechanism), FIELD(TEMPLATE, sr_make_request, template),
    FIELD(BYTES, sr_make_request, data),          END};
static layout create_object = {FIELD(ULONG, sr_make_request, session),
                               FIELD(TEMPLATE, sr_make_request, template), END};
static layout change_object = {FIELD(ULONG, sr_make_request, session), FIELD(ULONG, sr_make_request, object),
                               FIELD(TEMPLATE, sr_make_request, template), END};
static layout wrap = {FIELD(ULONG, sr_wrap_request, session), FIELD(ULONG, sr_wrap_request, object),
                      FIELD(ULONG, sr_wrap_request, key), FIELD(MECHANISM, sr_wrap_request, mechanism), END};
static layout size_reply = {FIELD(ULONG, sr_size_reply, size), END};
static layout operate = {FIELD(ULONG, sr_operate_request, session),
                         FIELD(ULONG, sr_operate_request, operation),
                         FIELD(ULONG, sr_operate_request, key),
                         FIELD(MECHANISM, sr_operate_request, mechanism),
                         FIELD(BYTES, sr_operate_request, data),
                         FIELD(BYTES, sr_operate_request, signature),
                         FIELD(ULONG, sr_operate_request, bulk),
                         FIELD(ULONG, sr_operate_request, flows),
                         END};
static layout part = {FIELD(ULONG, sr_part_request, session), FIELD(ULONG, sr_part_request, operation),
                      FIELD(BYTES, sr_part_request, data),    FIELD(BYTES, sr_part_request, signature),
                      FIELD(ULONG, sr_part_request, bulk),    FIELD(ULONG, sr_part_request, flows),
                      FIELD(ULONG, sr_part_request, cancel),  END};
static layout operate_reply = {FIELD(BYTES, sr_operate_reply, data), FIELD(ULONG, sr_operate_reply, bulk),
                               FIELD(ULONG, sr_operate_reply, more), END};
static layout message_init = {
    FIELD(ULONG, sr_message_init_request, session), FIELD(ULONG, sr_message_init_request, operation),
    FIELD(ULONG, sr_message_init_request, key), FIELD(MECHANISM, sr_message_init_request, mechanism), END};
static layout message = {
    FIELD(ULONG, sr_message_request, session),     FIELD(ULONG, sr_message_request, operation),
    FIELD(ULONG, sr_message_request, stage),       FIELD(ULONG, sr_message_request, has_parameter),
    FIELD(ULONG, sr_message_request, data_length), FIELD(BYTES, sr_message_request, iv),
    FIELD(ULONG, sr_message_request, fixed_bits),  FIELD(ULONG, sr_message_request, generator),
    FIELD(BYTES, sr_message_request, tag),         FIELD(ULONG, sr_message_request, tag_length),
    FIELD(BYTES, sr_message_request, aad),         FIELD(BYTES, sr_message_request, data),
    FIELD(BYTES, sr_message_request, signature),   END};
static layout message_reply = {FIELD(BYTES, sr_message_reply, data), FIELD(BYTES, sr_message_reply, iv),
                               FIELD(BYTES, sr_message_reply, tag), END};
static layout message_final = {FIELD(ULONG, sr_message_final_request, session),
                               FIELD(ULONG, sr_message_final_request, operation), END};
static layout state = {
    FIELD(ULONG, sr_state_request, session), FIELD(ULONG, sr_state_request, encryption_key),
    FIELD(ULONG, sr_state_request, authentication_key), FIELD(BYTES, sr_state_request, state), END};
static layout seed = {FIELD(ULONG, sr_part_request, session), FIELD(BYTES, sr_part_request, data), END};
static layout event = {FIELD(ULONG, sr_event_request, seen), END};
static layout event_reply = {FIELD(ULONG, sr_event_reply, last), FIELD(ULONG, sr_event_reply, slot), END};
static layout init_token = {FIELD(ULONG, sr_init_token_request, slot),
                            FIELD(BYTES, sr_init_token_request, pin),
                            FIELD(BYTES, sr_init_token_request, label), END};
static layout init_pin = {FIELD(ULONG, sr_pin_request, session), FIELD(BYTES, sr_pin_request, new), END};
static layout set_pin = {FIELD(ULONG, sr_pin_request, session), FIELD(BYTES, sr_pin_request, old),
                         FIELD(BYTES, sr_pin_request, new), END};
static layout policy_test = {
    FIELD(BYTES, sr_policy_test_request, user),      FIELD(BYTES, sr_policy_test_request, operation),
    FIELD(BYTES, sr_policy_test_request, uri),       FIELD(BYTES, sr_policy_test_request, socket),
    FIELD(BYTES, sr_policy_test_request, mechanism), END};
static layout policy_answer = {FIELD(ULONG, sr_policy_test_reply, allowed),
                               FIELD(BYTES, sr_policy_test_reply, text), END};
static layout length = {FIELD(ULONG, sr_random_request, session), FIELD(ULONG, sr_random_request, length),
                        END};
static layout create = {FIELD(BYTES, sr_create_request, family), FIELD(ULONG, sr_create_request, rotate),
                        FIELD(ULONG, sr_create_request, grace), END};
static layout rotate = {FIELD(BYTES, sr_rotate_request, family), FIELD(ULONG, sr_rotate_request, seen),
                        FIELD(ULONG, sr_rotate_request, flags), END};
static layout version = {FIELD(ULONG, sr_version_reply, version), END};
static layout family = {FIELD(BYTES, sr_family_request, family), END};
static layout old_version = {FIELD(BYTES, sr_version_request, family),
                             FIELD(ULONG, sr_version_request, version),
                             FIELD(ULONG, sr_version_request, flags), END};
static layout session_sign = {FIELD(BYTES, sr_session_request, family),
                              FIELD(BYTES, sr_session_request, purpose),
                              FIELD(BYTES, sr_session_request, data), END};
static layout session_verify = {
    FIELD(BYTES, sr_session_request, family), FIELD(BYTES, sr_session_request, purpose),
    FIELD(BYTES, sr_session_request, data), FIELD(BYTES, sr_session_request, signature), END};
static layout jwt_sign = {FIELD(BYTES, sr_jwt_sign_request, family), FIELD(BYTES, sr_jwt_sign_request, alg),
                          FIELD(BYTES, sr_jwt_sign_request, claims), END};
static layout jwt_verify = {FIELD(BYTES, sr_jwt_verify_request, family),
                            FIELD(BYTES, sr_jwt_verify_request, jwt), END};
static layout backup_reply = {FIELD(ULONG, sr_backup_reply, id), FIELD(ULONG, sr_backup_reply, size), END};
static layout piece_id = {FIELD(ULONG, sr_backup_reply, id), END};
static layout piece_read = {FIELD(ULONG, sr_piece_request, id), FIELD(ULONG, sr_piece_request, offset), END};
static layout piece_put = {FIELD(ULONG, sr_piece_request, id), FIELD(ULONG, sr_piece_request, offset),
                           FIELD(BYTES, sr_piece_request, data), END};
static layout registry_restore = {FIELD(ULONG, sr_registry_restore_request, id),
                                  FIELD(ULONG, sr_registry_restore_request, flags), END};
static layout data = {FIELD(BYTES, sr_data_request, family),
                      FIELD(BYTES, sr_data_request, key),
                      FIELD(ULONG, sr_data_request, min_version),
                      FIELD(ULONG, sr_data_request, flags),
                      FIELD(ULONG, sr_data_request, count),
                      FIELD(BYTES, sr_data_request, items),
                      END};
static layout buffer_reply = {FIELD(ULONG, sr_buffer_reply, half), END};
static layout backup_begin = {FIELD(BYTES, sr_backup_begin_request, family),
                              FIELD(ULONG, sr_backup_begin_request, chunk_size), END};
static layout backup_begun = {FIELD(BYTES, sr_backup_begin_reply, header), END};
static layout backup_header = {FIELD(BYTES, sr_backup_header_request, header), END};
static layout backup_open = {FIELD(ULONG, sr_backup_open_reply, chunk_size), END};
static layout backup_chunk = {
    FIELD(ULONG, sr_backup_chunk_request, number), FIELD(ULONG, sr_backup_chunk_request, half),
    FIELD(ULONG, sr_backup_chunk_request, length), FIELD(ULONG, sr_backup_chunk_request, last), END};
static layout backup_chunk_done = {FIELD(ULONG, sr_backup_chunk_reply, length), END};
static layout backup_end = {FIELD(ULONG, sr_backup_end_request, complete), END};
static layout backup_info = {FIELD(BYTES, sr_backup_info_reply, family),
                             FIELD(ULONG, sr_backup_info_reply, version),
                             FIELD(ULONG, sr_backup_info_reply, slot), END};
static layout backup_rewrap = {FIELD(ULONG, sr_backup_rewrap_reply, slot),
                               FIELD(BYTES, sr_backup_rewrap_reply, list), END};
static layout backup_forget = {FIELD(BYTES, sr_backup_forget_request, family),
                               FIELD(BYTES, sr_backup_forget_request, file), END};

static layout totp_enrol = {FIELD(BYTES, sr_totp_enrol_request, family),
                            FIELD(BYTES, sr_totp_enrol_request, user),
                            FIELD(BYTES, sr_totp_enrol_request, issuer),
                            FIELD(BYTES, sr_totp_enrol_request, account),
                            FIELD(BYTES, sr_totp_enrol_request, algorithm),
                            FIELD(ULONG, sr_totp_enrol_request, digits),
                            FIELD(ULONG, sr_totp_enrol_request, period),
                            FIELD(ULONG, sr_totp_enrol_request, flags),
                            END};
static layout totp_import = {FIELD(BYTES, sr_totp_import_request, family),
                             FIELD(BYTES, sr_totp_import_request, rows),
                             FIELD(ULONG, sr_totp_import_request, flags), END};
static layout totp_verify = {FIELD(BYTES, sr_totp_request, family), FIELD(BYTES, sr_totp_request, user),
                             FIELD(BYTES, sr_totp_request, first), END};
static layout totp_resync = {FIELD(BYTES, sr_totp_request, family), FIELD(BYTES, sr_totp_request, user),
                             FIELD(BYTES, sr_totp_request, first), FIELD(BYTES, sr_totp_request, second),
                             END};
static layout totp_remove = {FIELD(BYTES, sr_totp_request, family), FIELD(BYTES, sr_totp_request, user), END};
static layout totp_list = {FIELD(BYTES, sr_totp_list_request, family),
                           FIELD(BYTES, sr_totp_list_request, after),
                           FIELD(ULONG, sr_totp_list_request, limit), END};
static layout totp_rewrap = {FIELD(BYTES, sr_totp_rewrap_request, family),
                             FIELD(ULONG, sr_totp_rewrap_request, limit), END};
static layout totp_moved = {FIELD(ULONG, sr_totp_moved_reply, moved), FIELD(ULONG, sr_totp_moved_reply, left),
                            END};

#define NONE SR_RIGHT_NONE
#define USE SR_RIGHT_USE
#define MANAGE SR_RIGHT_MANAGE

static const struct sr_call_row rows[SR_CALLS] = {
    /* name, permission, right, repeatable, slow, request, reply */
    [SR_CALL_HELLO] = {"hello", NULL, NONE, true, false, hello_request, hello_reply},
    [SR_CALL_STATUS] = {"status", NULL, NONE, true, false, nothing, status_reply},
    [SR_CALL_SLOTS] = {"slots", NULL, USE, true, false, nothing, bytes},
    [SR_CALL_SLOT_INFO] = {"slot-info", NULL, USE, true, false, slot, bytes},
    [SR_CALL_TOKEN_INFO] = {"token-info", NULL, USE, true, false, slot, bytes},
    [SR_CALL_MECHANISMS] = {"mechanisms", NULL, USE, true, false, slot, bytes},
    [SR_CALL_OPEN_SESSION] = {"open-session", NULL, USE, true, false, open_session, session},
    [SR_CALL_CLOSE_SESSION] = {"close-session", NULL, USE, false, false, session, nothing},
    [SR_CALL_SESSION_INFO] = {"session-info", NULL, USE, true, false, session, bytes},
    [SR_CALL_LOGIN] = {"login", NULL, USE, false, false, login, nothing},
    [SR_CALL_LOGOUT] = {"logout", NULL, USE, true, false, session, nothing},
    [SR_CALL_FIND] = {"find", NULL, USE, true, false, find_request, find_reply},
    [SR_CALL_FIND_MORE] = {"find-more", NULL, USE, false, false, session, find_reply},
    [SR_CALL_RESTORE] = {"restore", NULL, USE, true, false, restore, object},
    [SR_CALL_READ_ATTRIBUTES] = {"read-attributes", NULL, USE, true, false, read_request, read_reply},
    /* What needs the right to manage depends on the object: see the daemon's permit.h. */
    [SR_CALL_GENERATE_KEY_PAIR] = {"generate-key-pair", NULL, USE, false, true, generate, find_reply},
    [SR_CALL_DESTROY] = {"destroy", NULL, USE, false, false, object, nothing},
    [SR_CALL_GENERATE_KEY] = {"generate-key", NULL, USE, false, true, make, find_reply},
    [SR_CALL_CREATE] = {"create", NULL, USE, false, false, create_object, find_reply},
    [SR_CALL_COPY] = {"copy", NULL, USE, false, false, change_object, find_reply},
    [SR_CALL_CHANGE] = {"change", NULL, USE, false, false, change_object, find_reply},
    [SR_CALL_SIZE] = {"size", NULL, USE, true, false, object, size_reply},
    [SR_CALL_WRAP] = {"wrap", NULL, USE, true, false, wrap, bytes},
    [SR_CALL_UNWRAP] = {"unwrap", NULL, USE, false, false, make, find_reply},
    [SR_CALL_DERIVE] = {"derive", NULL, USE, false, false, make, find_reply},
    [SR_CALL_OPERATE] = {"operate", NULL, USE, true, false, operate, operate_reply},
    [SR_CALL_OPERATE_INIT] = {"operate-init", NULL, USE, false, false, operate, operate_reply},
    [SR_CALL_OPERATE_UPDATE] = {"operate-update", NULL, USE, false, false, part, operate_reply},
    [SR_CALL_OPERATE_FINAL] = {"operate-final", NULL, USE, false, false, part, operate_reply},
    [SR_CALL_DIGEST_KEY] = {"digest-key", NULL, USE, false, false, object, nothing},
    [SR_CALL_GET_STATE] = {"get-state", NULL, USE, true, false, session, bytes},
    [SR_CALL_SET_STATE] = {"set-state", NULL, USE, false, false, state, nothing},
    [SR_CALL_MESSAGE_INIT] = {"message-init", NULL, USE, false, false, message_init, nothing},
    [SR_CALL_MESSAGE] = {"message", NULL, USE, false, false, message, message_reply},
    [SR_CALL_MESSAGE_FINAL] = {"message-final", NULL, USE, false, false, message_final, nothing},
    [SR_CALL_SEED] = {"seed", NULL, USE, true, false, seed, nothing},
    [SR_CALL_SLOT_EVENT] = {"slot-event", NULL, USE, true, false, event, event_reply},
    [SR_CALL_INIT_TOKEN] = {"init-token", NULL, MANAGE, false, true, init_token, nothing},
    [SR_CALL_INIT_PIN] = {"init-pin", NULL, MANAGE, false, true, init_pin, nothing},
    [SR_CALL_SET_PIN] = {"set-pin", NULL, MANAGE, false, true, set_pin, nothing},
    [SR_CALL_POLICY_TEST] = {"policy-test", NULL, MANAGE, true, false, policy_test, policy_answer},
    [SR_CALL_AUDIT_TIP] = {"audit-tip", NULL, MANAGE, true, false, nothing, bytes},
    [SR_CALL_RANDOM] = {"random", NULL, USE, true, false, length, bytes},
    [SR_CALL_FAMILY_CREATE] = {"family-create", "family.manage", NONE, false, true, create, nothing},
    [SR_CALL_FAMILY_ROTATE] = {"family-rotate", "family.manage", NONE, false, true, rotate, version},
    [SR_CALL_FAMILY_REVOKE] = {"family-revoke", "family.manage", NONE, false, true, family, version},
    [SR_CALL_FAMILY_DESTROY] = {"family-destroy", "family.manage", NONE, false, true, old_version, nothing},
    [SR_CALL_FAMILY_LIST] = {"family-list", "family.list", NONE, true, false, nothing, bytes},
    [SR_CALL_FAMILY_SHOW] = {"family-show", "family.list", NONE, true, false, family, bytes},
    [SR_CALL_FAMILY_HISTORY] = {"family-history", "family.list", NONE, true, false, family, bytes},
    [SR_CALL_SESSION_SIGN] = {"session-sign", "session.sign", NONE, true, false, session_sign, bytes},
    [SR_CALL_SESSION_VERIFY] = {"session-verify", "session.verify", NONE, true, false, session_verify,
                                nothing},
    [SR_CALL_JWT_SIGN] = {"jwt-sign", "jwt.sign", NONE, true, false, jwt_sign, bytes},
    [SR_CALL_JWT_VERIFY] = {"jwt-verify", "jwt.verify", NONE, true, false, jwt_verify, bytes},
    [SR_CALL_REGISTRY_BACKUP] = {"registry-backup", "registry.manage", NONE, false, true, nothing,
                                 backup_reply},
    [SR_CALL_REGISTRY_READ] = {"registry-read", "registry.manage", NONE, false, true, piece_read, bytes},
    [SR_CALL_REGISTRY_PUT] = {"registry-put", "registry.manage", NONE, false, true, piece_put, piece_id},
    [SR_CALL_REGISTRY_RESTORE] = {"registry-restore", "registry.manage", NONE, false, true, registry_restore,
                                  bytes},
    [SR_CALL_REGISTRY_REBUILD] = {"registry-rebuild", "registry.manage", NONE, false, true, nothing, bytes},
    [SR_CALL_TOKEN_CHECK] = {"token-check", "family.list", NONE, true, false, nothing, bytes},
    [SR_CALL_TOTP_ENROL] = {"totp-enrol", "totp.enrol", NONE, false, false, totp_enrol, bytes},
    [SR_CALL_TOTP_IMPORT] = {"totp-import", "totp.import", NONE, false, true, totp_import, bytes},
    [SR_CALL_TOTP_VERIFY] = {"totp-verify", "totp.verify", NONE, true, false, totp_verify, nothing},
    [SR_CALL_TOTP_RESYNC] = {"totp-resync", "totp.resync", NONE, true, false, totp_resync, nothing},
    [SR_CALL_TOTP_LIST] = {"totp-list", "totp.list", NONE, true, false, totp_list, bytes},
    [SR_CALL_TOTP_REMOVE] = {"totp-remove", "totp.remove", NONE, false, false, totp_remove, nothing},
    [SR_CALL_TOTP_REWRAP] = {"totp-rewrap", "totp.rewrap", NONE, true, true, totp_rewrap, totp_moved},
    [SR_CALL_DATA_NEW_KEY] = {"data-new-key", "data.new-key", NONE, true, false, data, bytes},
    [SR_CALL_DATA_ENCRYPT] = {"data-encrypt", "data.encrypt", NONE, true, false, data, bytes},
    [SR_CALL_DATA_DECRYPT] = {"data-decrypt", "data.decrypt", NONE, true, false, data, bytes},
    [SR_CALL_DATA_REWRAP] = {"data-rewrap", "data.rewrap", NONE, true, false, data, bytes},
    [SR_CALL_DATA_LIST] = {"data-list", "family.list", NONE, true, false, family, bytes},
    [SR_CALL_BUFFER] = {"buffer", NULL, NONE, true, false, nothing, buffer_reply},
    [SR_CALL_BACKUP_ENCRYPT] = {"backup-encrypt", "backup.encrypt", NONE, false, false, backup_begin,
                                backup_begun},
    [SR_CALL_BACKUP_DECRYPT] = {"backup-decrypt", "backup.decrypt", NONE, false, false, backup_header,
                                backup_open},
    [SR_CALL_BACKUP_VERIFY] = {"backup-verify", "backup.verify", NONE, false, false, backup_header,
                               backup_open},
    /* These two only go on with a stream, which was begun with the permission that it needs. */
    [SR_CALL_BACKUP_CHUNK] = {"backup-chunk", NULL, NONE, false, false, backup_chunk, backup_chunk_done},
    [SR_CALL_BACKUP_END] = {"backup-end", NULL, NONE, false, false, backup_end, nothing},
    [SR_CALL_BACKUP_INFO] = {"backup-info", "backup.verify", NONE, true, false, backup_header, backup_info},
    [SR_CALL_BACKUP_REWRAP] = {"backup-rewrap", "backup.rewrap", NONE, true, false, backup_header,
                               backup_rewrap},
    [SR_CALL_BACKUP_RECORD] = {"backup-record", "backup.rewrap", NONE, true, false, backup_header, nothing},
    [SR_CALL_BACKUP_LIST] = {"backup-list", "backup.list", NONE, true, false, family, bytes},
    [SR_CALL_BACKUP_FORGET] = {"backup-forget", "backup.forget", NONE, false, false, backup_forget, nothing},
    /* Answers through shared memory from the next one on, see page.h. */
    [SR_CALL_PAGE] = {"page", NULL, NONE, true, false, nothing, nothing},
};

static const char *const operations[SR_OPERATIONS] = {
    [SR_OPERATION_ENCRYPT] = "encrypt",
    [SR_OPERATION_DECRYPT] = "decrypt",
    [SR_OPERATION_DIGEST] = "digest",
    [SR_OPERATION_SIGN] = "sign",
    [SR_OPERATION_SIGN_RECOVER] = "sign-recover",
    [SR_OPERATION_VERIFY] = "verify",
    [SR_OPERATION_VERIFY_RECOVER] = "verify-recover",
    [SR_OPERATION_WRAP] = "wrap",
    [SR_OPERATION_UNWRAP] = "unwrap",
    [SR_OPERATION_DERIVE] = "derive",
    [SR_OPERATION_GENERATE] = "generate",
    [SR_OPERATION_CREATE] = "create",
    [SR_OPERATION_COPY] = "copy",
    [SR_OPERATION_CHANGE] = "change",
    [SR_OPERATION_DESTROY] = "destroy",
    [SR_OPERATION_FIND] = "find",
    [SR_OPERATION_READ] = "read",
    [SR_OPERATION_RANDOM] = "random",
    [SR_OPERATION_SEED] = "seed",
};

const char *sr_operation_name(CK_ULONG operation)
{
    return operation < SR_OPERATIONS ? operations[operation] : NULL;
}

enum sr_operation sr_operation_named(const char *name)
{
    for (size_t i = SR_OPERATION_ENCRYPT; i < SR_OPERATIONS; i++)
        if (strcmp(operations[i], name) == 0)
            return (enum sr_operation)i;
    return SR_OPERATION_NONE;
}

const struct sr_call_row *sr_call_row(uint32_t call)
{
    return call < SR_CALLS && rows[call].name != NULL ? &rows[call] : NULL;
}
