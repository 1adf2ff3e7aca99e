/* Slots, tokens and their mechanisms. A slot's number is the token's place in the configuration: it does not
 * change. No call here asks the token: one that hangs must not keep clients from finding the others.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/events.h"
#include "daemon/permit.h"
#include "daemon/recover.h"

static struct sr_token *token_of(struct sr_work *work, const struct sr_slot_request *r)
{
    return r->slot < work->daemon->config->token_count ? &work->daemon->tokens[r->slot] : NULL;
}

/* What the calls about one token begin with. */
static CK_RV present(struct sr_work *work, const struct sr_slot_request *r, struct sr_token **token)
{
    struct sr_why why;

    *token = token_of(work, r);
    if (*token == NULL)
        return CKR_SLOT_ID_INVALID;
    return sr_recover_gone(*token, &why)
               ? sr_explain(work, CKR_TOKEN_NOT_PRESENT, "the token \"%s\" is away: %s",
                            (*token)->config->label, why.text)
               : CKR_OK;
}

CK_RV sr_handle_slots(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    size_t count = work->daemon->config->token_count;
    struct sr_slot_entry *slots = sr_scratch_get(&work->scratch, count * sizeof(*slots));
    (void)request;
    if (slots == NULL)
        return CKR_HOST_MEMORY;
    for (size_t i = 0; i < count; i++) {
        slots[i].slot = i;
        slots[i].present = !sr_recover_gone(&work->daemon->tokens[i], NULL);
    }
    answer->data = (struct sr_bytes){.length = count * sizeof(*slots), .data = (unsigned char *)slots};
    return CKR_OK;
}

CK_RV sr_handle_slot_info(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    struct sr_token *token = token_of(work, request);
    CK_SLOT_INFO info;

    if (token == NULL)
        return CKR_SLOT_ID_INVALID;
    sr_facts_slot(&token->facts, &info);
    if (sr_recover_gone(token, NULL))
        info.flags &= ~CKF_TOKEN_PRESENT;
    else
        info.flags |= CKF_TOKEN_PRESENT;
    return sr_work_bytes(work, &info, sizeof(info), &answer->data);
}

CK_RV sr_handle_token_info(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    struct sr_token *token;
    CK_TOKEN_INFO info;

    CK_RV rv = present(work, request, &token);
    if (rv != CKR_OK)
        return rv;
    sr_facts_token(&token->facts, &info);
    /* An admitted client is logged in from the start. The PINs' states are the daemon's business. */
    info.flags &=
        ~(CKF_LOGIN_REQUIRED | CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED |
          CKF_USER_PIN_TO_BE_CHANGED | CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED |
          CKF_SO_PIN_TO_BE_CHANGED | CKF_PROTECTED_AUTHENTICATION_PATH);
    info.flags |= CKF_DUAL_CRYPTO_OPERATIONS; /* by way of two sessions */
    info.ulMaxSessionCount = info.ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
    info.ulSessionCount = info.ulRwSessionCount = CK_UNAVAILABLE_INFORMATION;
    return sr_work_bytes(work, &info, sizeof(info), &answer->data);
}

/* NSS has message-based functions for these, and does not say so in the flags (PKCS#11 v3.0 §3.2). */
static CK_FLAGS flags_of(const struct sr_token *token, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
    bool sealing = type == CKM_AES_GCM || type == CKM_AES_CCM || type == CKM_CHACHA20_POLY1305;
    if (token->module.f3 == NULL || !sealing)
        return flags;
    if ((flags & CKF_ENCRYPT) != 0)
        flags |= CKF_MESSAGE_ENCRYPT;
    if ((flags & CKF_DECRYPT) != 0)
        flags |= CKF_MESSAGE_DECRYPT;
    return flags;
}

CK_RV sr_handle_mechanisms(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    struct sr_token *token;
    size_t kept = 0;

    CK_RV rv = present(work, request, &token);
    if (rv != CKR_OK)
        return rv;
    size_t room = sr_facts_mechanisms(&token->facts, NULL, 0);
    struct sr_mechanism_entry *entries = sr_scratch_get(&work->scratch, room * sizeof(*entries));
    if (entries == NULL)
        return CKR_HOST_MEMORY;
    size_t count = sr_facts_mechanisms(&token->facts, entries, room);
    for (size_t i = 0; i < count && i < room; i++) {
        struct sr_mechanism_entry entry = entries[i];
        entry.info.flags = flags_of(token, entry.type, entry.info.flags);
        if (sr_permit_listed(work, entry.type, &entry.info.flags))
            entries[kept++] = entry;
    }
    answer->data = (struct sr_bytes){.length = kept * sizeof(*entries), .data = (unsigned char *)entries};
    return CKR_OK;
}

CK_RV sr_handle_slot_event(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_event_request *r = request;
    struct sr_event_reply *answer = reply;
    CK_ULONG seen = r->seen != CK_UNAVAILABLE_INFORMATION ? r->seen : work->client->events;
    answer->last = sr_event_after(seen, &answer->slot);
    return CKR_OK;
}
