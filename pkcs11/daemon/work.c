/* What the handlers share, and the table of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/permit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sr_handler handlers[SR_CALLS] = {
    [SR_CALL_HELLO] = sr_handle_hello,
    [SR_CALL_STATUS] = sr_handle_status,
    [SR_CALL_POLICY_TEST] = sr_handle_policy_test,
    [SR_CALL_PAGE] = sr_handle_page,
    [SR_CALL_SLOTS] = sr_handle_slots,
    [SR_CALL_SLOT_INFO] = sr_handle_slot_info,
    [SR_CALL_TOKEN_INFO] = sr_handle_token_info,
    [SR_CALL_MECHANISMS] = sr_handle_mechanisms,
    [SR_CALL_SLOT_EVENT] = sr_handle_slot_event,
    [SR_CALL_OPEN_SESSION] = sr_handle_open_session,
    [SR_CALL_CLOSE_SESSION] = sr_handle_close_session,
    [SR_CALL_SESSION_INFO] = sr_handle_session_info,
    [SR_CALL_LOGIN] = sr_handle_login,
    [SR_CALL_LOGOUT] = sr_handle_logout,
    [SR_CALL_FIND] = sr_handle_find,
    [SR_CALL_FIND_MORE] = sr_handle_find_more,
    [SR_CALL_RESTORE] = sr_handle_restore,
    [SR_CALL_READ_ATTRIBUTES] = sr_handle_read_attributes,
    [SR_CALL_GENERATE_KEY_PAIR] = sr_handle_generate_key_pair,
    [SR_CALL_DESTROY] = sr_handle_destroy,
    [SR_CALL_GENERATE_KEY] = sr_handle_generate_key,
    [SR_CALL_CREATE] = sr_handle_create,
    [SR_CALL_COPY] = sr_handle_copy,
    [SR_CALL_CHANGE] = sr_handle_change,
    [SR_CALL_SIZE] = sr_handle_size,
    [SR_CALL_WRAP] = sr_handle_wrap,
    [SR_CALL_UNWRAP] = sr_handle_unwrap,
    [SR_CALL_DERIVE] = sr_handle_derive,
    [SR_CALL_OPERATE] = sr_handle_operate,
    [SR_CALL_OPERATE_INIT] = sr_handle_operate_init,
    [SR_CALL_OPERATE_UPDATE] = sr_handle_operate_update,
    [SR_CALL_OPERATE_FINAL] = sr_handle_operate_final,
    [SR_CALL_MESSAGE_INIT] = sr_handle_message_init,
    [SR_CALL_MESSAGE] = sr_handle_message,
    [SR_CALL_MESSAGE_FINAL] = sr_handle_message_final,
    [SR_CALL_INIT_TOKEN] = sr_handle_init_token,
    [SR_CALL_INIT_PIN] = sr_handle_init_pin,
    [SR_CALL_SET_PIN] = sr_handle_set_pin,
    [SR_CALL_DIGEST_KEY] = sr_handle_digest_key,
    [SR_CALL_GET_STATE] = sr_handle_get_state,
    [SR_CALL_SET_STATE] = sr_handle_set_state,
    [SR_CALL_SEED] = sr_handle_seed,
    [SR_CALL_AUDIT_TIP] = sr_handle_audit_tip,
    [SR_CALL_RANDOM] = sr_handle_random,
    [SR_CALL_FAMILY_CREATE] = sr_handle_family_create,
    [SR_CALL_FAMILY_ROTATE] = sr_handle_family_rotate,
    [SR_CALL_FAMILY_REVOKE] = sr_handle_family_revoke,
    [SR_CALL_FAMILY_DESTROY] = sr_handle_family_destroy,
    [SR_CALL_FAMILY_LIST] = sr_handle_family_list,
    [SR_CALL_FAMILY_SHOW] = sr_handle_family_show,
    [SR_CALL_FAMILY_HISTORY] = sr_handle_family_history,
    [SR_CALL_SESSION_SIGN] = sr_handle_session_sign,
    [SR_CALL_SESSION_VERIFY] = sr_handle_session_verify,
    [SR_CALL_JWT_SIGN] = sr_handle_jwt_sign,
    [SR_CALL_JWT_VERIFY] = sr_handle_jwt_verify,
    [SR_CALL_REGISTRY_BACKUP] = sr_handle_registry_backup,
    [SR_CALL_REGISTRY_READ] = sr_handle_registry_read,
    [SR_CALL_REGISTRY_PUT] = sr_handle_registry_put,
    [SR_CALL_REGISTRY_RESTORE] = sr_handle_registry_restore,
    [SR_CALL_REGISTRY_REBUILD] = sr_handle_registry_rebuild,
    [SR_CALL_TOKEN_CHECK] = sr_handle_token_check,
    [SR_CALL_TOTP_ENROL] = sr_handle_totp_enrol,
    [SR_CALL_TOTP_IMPORT] = sr_handle_totp_import,
    [SR_CALL_TOTP_VERIFY] = sr_handle_totp_verify,
    [SR_CALL_TOTP_RESYNC] = sr_handle_totp_resync,
    [SR_CALL_TOTP_LIST] = sr_handle_totp_list,
    [SR_CALL_TOTP_REMOVE] = sr_handle_totp_remove,
    [SR_CALL_TOTP_REWRAP] = sr_handle_totp_rewrap,
    [SR_CALL_DATA_NEW_KEY] = sr_handle_data_new_key,
    [SR_CALL_DATA_ENCRYPT] = sr_handle_data_encrypt,
    [SR_CALL_DATA_DECRYPT] = sr_handle_data_decrypt,
    [SR_CALL_DATA_REWRAP] = sr_handle_data_rewrap,
    [SR_CALL_DATA_LIST] = sr_handle_data_list,
    [SR_CALL_BUFFER] = sr_handle_buffer,
    [SR_CALL_BACKUP_ENCRYPT] = sr_handle_backup_encrypt,
    [SR_CALL_BACKUP_DECRYPT] = sr_handle_backup_decrypt,
    [SR_CALL_BACKUP_VERIFY] = sr_handle_backup_verify,
    [SR_CALL_BACKUP_CHUNK] = sr_handle_backup_chunk,
    [SR_CALL_BACKUP_END] = sr_handle_backup_end,
    [SR_CALL_BACKUP_INFO] = sr_handle_backup_info,
    [SR_CALL_BACKUP_REWRAP] = sr_handle_backup_rewrap,
    [SR_CALL_BACKUP_RECORD] = sr_handle_backup_record,
    [SR_CALL_BACKUP_LIST] = sr_handle_backup_list,
    [SR_CALL_BACKUP_FORGET] = sr_handle_backup_forget,
};

sr_handler sr_handler_of(enum sr_call call)
{
    return call < SR_CALLS ? handlers[call] : NULL;
}

struct sr_scratch_block {
    struct sr_scratch_block *next;
    size_t size;
    _Alignas(16) unsigned char data[];
};

void *sr_scratch_get(struct sr_scratch *scratch, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct sr_scratch_block) - 15)
        return NULL;
    size = (size + 15) & ~(size_t)15;
    if (size <= sizeof(scratch->first) - scratch->used) {
        void *here = scratch->first + scratch->used;
        scratch->used += size;
        return here;
    }
    struct sr_scratch_block *block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->next = scratch->more;
    block->size = size;
    scratch->more = block;
    return block->data;
}

void sr_scratch_reset(struct sr_scratch *scratch)
{
    while (scratch->more != NULL) {
        struct sr_scratch_block *block = scratch->more;
        scratch->more = block->next;
        explicit_bzero(block->data, block->size);
        free(block);
    }
    explicit_bzero(scratch->first, scratch->used);
    scratch->used = 0;
}

CK_RV sr_refuse(struct sr_work *work, CK_RV rv, const char *rule, const char *format, ...)
{
    char what[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    (void)snprintf(work->why, sizeof(work->why), "strongroomd refuses: %s (%s)", what, rule);
    (void)snprintf(work->used.rule, sizeof(work->used.rule), "%s", rule);
    sr_log(SR_LOG_WARNING, "refused: uid %u, pid %d, socket %s, call %s: %s (%s)", (unsigned)work->peer.uid,
           (int)work->peer.pid, work->socket->path, work->call, what, rule);
    return rv;
}

CK_RV sr_explain(struct sr_work *work, CK_RV rv, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(work->why, sizeof(work->why), format, args);
    va_end(args);
    return rv;
}

CK_RV sr_work_session(struct sr_work *work, CK_SESSION_HANDLE handle, struct sr_session_view *view,
                      struct sr_token **token)
{
    CK_RV rv = sr_client_view(work->client, handle, view);
    if (rv == CKR_OK)
        *token = &work->daemon->tokens[view->token];
    return rv;
}

void sr_work_used(struct sr_work *work, struct sr_token_object *object)
{
    if (object != NULL)
        atomic_fetch_add(&object->refs, 1);
    sr_object_release(work->used.object);
    work->used.object = object;
}

CK_RV sr_work_bytes(struct sr_work *work, const void *data, size_t length, struct sr_bytes *bytes)
{
    bytes->data = sr_scratch_get(&work->scratch, length);
    if (bytes->data == NULL)
        return CKR_HOST_MEMORY;
    memcpy(bytes->data, data, length);
    bytes->length = length;
    return CKR_OK;
}

CK_RV sr_work_cards(struct sr_work *work, struct sr_token_object **objects, size_t count,
                    struct sr_find_reply *reply)
{
    struct sr_buf cards = SR_BUF_EMPTY;
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < count; i++) {
        /* Another connection of the client may destroy the object meanwhile: hold it until its card is
         * written. */
        atomic_fetch_add(&objects[i]->refs, 1);
        struct sr_card card = objects[i]->card;
        card.flags = sr_permit_flags(work, objects[i]);
        card.handle = sr_client_handle(work->client, objects[i]);
        sr_encode(&cards, sr_card_fields, &card);
        sr_object_release(objects[i]);
        if (card.handle == 0 || !sr_buf_ok(&cards))
            rv = CKR_HOST_MEMORY;
    }
    if (rv == CKR_OK)
        rv = cards.length > 0 ? sr_work_bytes(work, cards.data, cards.length, &reply->cards) : CKR_OK;
    reply->count = count;
    sr_buf_free(&cards);
    return rv;
}
