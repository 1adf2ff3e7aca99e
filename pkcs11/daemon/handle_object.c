/* Finding objects, and destroying.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/find.h"
#include "daemon/permit.h"
#include "daemon/recover.h"

#include <stdlib.h>
#include <string.h>

#define CARDS_PER_REPLY 64

/* The cards of up to CARDS_PER_REPLY of the session's found objects that the client may see. */
static CK_RV tell_found(struct sr_work *work, struct sr_client_session *session, bool logged_out,
                        struct sr_token *token, CK_SESSION_HANDLE real, struct sr_find_reply *reply)
{
    struct sr_token_object *objects[CARDS_PER_REPLY];
    size_t count = 0;

    while (count < CARDS_PER_REPLY && session->found_at < session->found_count) {
        struct sr_token_object *object;
        CK_RV rv = sr_object_get(token, real, session->found[session->found_at++], &object);
        /* An object that went between the search and now is no error. */
        if (rv != CKR_OK && !sr_recover_suspects(rv))
            continue;
        if (rv != CKR_OK) {
            while (count > 0)
                sr_object_release(objects[--count]);
            return rv;
        }
        if (sr_client_sees(work->client, logged_out, object) && sr_permit_find(work, object))
            objects[count++] = object;
        else
            sr_object_release(object);
    }
    reply->more = session->found_at < session->found_count;
    if (!reply->more) {
        free(session->found);
        session->found = NULL;
        session->found_count = session->found_at = 0;
    }
    return sr_work_cards(work, objects, count, reply);
}

/* A search, or (TEMPLATE NULL) the continuation of one. */
static CK_RV find(struct sr_work *work, CK_SESSION_HANDLE handle, const struct sr_template *template,
                  struct sr_find_reply *reply)
{
    struct sr_session_view view;
    struct sr_client_session *session;
    struct sr_token *token;
    CK_SESSION_HANDLE real;

    CK_RV rv = sr_work_session(work, handle, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = sr_client_take(work->client, handle, &session);
    if (rv != CKR_OK)
        return rv;
    rv = sr_token_borrow(token, &real);
    if (rv != CKR_OK)
        goto out;
    unsigned long life = sr_recover_life(token);
    if (template != NULL) {
        free(session->found);
        session->found = NULL;
        session->found_at = session->found_count = 0;
        session->found_life = life;
        rv = sr_find(token->module.f, real, template->a, template->n, &session->found, &session->found_count);
    } else if (session->found_life != life) {
        rv = sr_explain(work, CKR_DEVICE_ERROR,
                        "the token \"%s\" lost its sessions in the middle of the search: begin it again",
                        token->config->label);
    }
    if (rv == CKR_OK)
        rv = tell_found(work, session, view.logged_out, token, real, reply);
    if (rv == CKR_OK && !sr_recover_probe(token))
        rv = CKR_DEVICE_ERROR;
    sr_token_return(token, real, rv);
out:
    sr_client_done(work->client, session);
    return rv;
}

CK_RV sr_handle_find(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_find_request *r = request;
    return find(work, r->session, &r->template, reply);
}

CK_RV sr_handle_find_more(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_session *r = request;
    return find(work, r->session, NULL, reply);
}

/* The objects that the client sees and that are what the card says: there must be one. */
static CK_RV find_same(struct sr_work *work, struct sr_token *token, CK_SESSION_HANDLE real,
                       struct sr_card *card, struct sr_token_object **only)
{
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &card->class, sizeof(card->class)},
        {CKA_ID, card->id.data, card->id.length},
        {CKA_LABEL, card->label.data, card->label.length},
    };
    CK_OBJECT_HANDLE *found;
    size_t count;
    size_t same = 0;

    *only = NULL;
    CK_RV rv =
        sr_find(token->module.f, real, template, sizeof(template) / sizeof(template[0]), &found, &count);
    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        struct sr_token_object *object;
        if (sr_object_get(token, real, found[i], &object) != CKR_OK)
            continue;
        if ((object->card.flags & SR_CARD_TOKEN) && sr_card_same(&object->card, card) &&
            sr_permit_find(work, object)) {
            same++;
            sr_object_release(*only);
            *only = object;
        } else {
            sr_object_release(object);
        }
    }
    free(found);
    if (rv == CKR_OK && same != 1 && !sr_recover_probe(token))
        rv = CKR_DEVICE_ERROR;
    if (rv == CKR_OK && same != 1) {
        sr_object_release(*only);
        *only = NULL;
        rv = sr_explain(work, CKR_OBJECT_HANDLE_INVALID,
                        same == 0 ? "the token does not hold the object \"%.*s\" any more"
                                  : "the token holds several objects \"%.*s\" that cannot be told apart",
                        (int)(card->label.length < 64 ? card->label.length : 64),
                        (const char *)card->label.data);
    }
    return rv;
}

CK_RV sr_handle_restore(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_restore_request *r = request;
    struct sr_object *answer = reply;
    struct sr_buf bytes = sr_buf_over(r->card.data, r->card.length);
    struct sr_token_object *object;
    struct sr_card card;
    CK_SESSION_HANDLE real;

    if (r->slot >= work->daemon->config->token_count)
        return CKR_SLOT_ID_INVALID;
    if (!sr_decode(&bytes, sr_card_fields, &card))
        return CKR_ARGUMENTS_BAD;
    struct sr_token *token = &work->daemon->tokens[r->slot];
    CK_RV rv = sr_token_borrow(token, &real);
    if (rv != CKR_OK)
        return rv;
    rv = find_same(work, token, real, &card, &object);
    sr_token_return(token, real, rv == CKR_OBJECT_HANDLE_INVALID ? CKR_OK : rv);
    if (rv != CKR_OK)
        return rv;
    answer->session = 0;
    answer->object = sr_client_handle(work->client, object);
    return answer->object != 0 ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV sr_handle_destroy(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_object *r = request;
    struct sr_session_view view;
    struct sr_token *token;
    CK_SESSION_HANDLE real;
    (void)reply;

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    struct sr_token_object *object = sr_client_object(work->client, token, r->object);
    if (object == NULL)
        return CKR_OBJECT_HANDLE_INVALID;
    rv = sr_permit(work, SR_OPERATION_DESTROY, object, CK_UNAVAILABLE_INFORMATION);
    if (rv != CKR_OK)
        goto out;
    if (!(view.flags & CKF_RW_SESSION) && (object->card.flags & SR_CARD_TOKEN)) {
        rv = CKR_SESSION_READ_ONLY;
        goto out;
    }
    rv = sr_token_borrow(token, &real);
    if (rv != CKR_OK)
        goto out;
    rv = sr_object_destroy(object, real);
    sr_token_return(token, real, rv);
    if (rv == CKR_OK) {
        sr_client_forget(work->client, r->object);
        sr_log(object->card.flags & SR_CARD_TOKEN ? SR_LOG_INFO : SR_LOG_DEBUG,
               "destroyed: uid %u, pid %d: \"%.*s\"", (unsigned)work->peer.uid, (int)work->peer.pid,
               (int)(object->card.label.length < 64 ? object->card.label.length : 64),
               (const char *)object->card.label.data);
    }
out:
    sr_object_release(object);
    return rv;
}
