/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/object_again.h"
#include "cryptoki/find.h"
#include "daemon/recover.h"

#include <stdlib.h>

/* Session objects, the daemon's own copies among them, went with the sessions. */
static void lose(struct sr_token *token, struct sr_token_object *object)
{
    object->real = CK_INVALID_HANDLE;
    object->copy = CK_INVALID_HANDLE;
    object->copy_tried = false;
    object->changing = false;
    if (object->card.flags & SR_CARD_TOKEN) {
        object->next = token->stale;
        token->stale = object;
        return;
    }
    object->gone = true;
    object->lost = true;
    sr_object_release(object);
}

void sr_objects_lose(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    for (size_t i = 0; i < SR_OBJECT_BUCKETS; i++) {
        struct sr_token_object *next = token->objects[i];
        token->objects[i] = NULL;
        while (next != NULL) {
            struct sr_token_object *object = next;
            next = object->next;
            lose(token, object);
        }
    }
    (void)pthread_mutex_unlock(&token->lock);
}

/* The one object of the token that is what CARD says, as handle. CKR_OBJECT_HANDLE_INVALID where a token that
 * is well has none, or more than one. */
static CK_RV identify(struct sr_token *token, CK_SESSION_HANDLE session, const struct sr_card *card,
                      CK_OBJECT_HANDLE *handle)
{
    CK_OBJECT_CLASS class = card->class;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_ID, card->id.data, card->id.length},
        {CKA_LABEL, card->label.data, card->label.length},
    };
    CK_OBJECT_HANDLE *found;
    size_t count;
    size_t same = 0;

    CK_RV rv =
        sr_find(token->module.f, session, template, sizeof(template) / sizeof(template[0]), &found, &count);
    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        struct sr_token_object *candidate;
        if (sr_object_describe(token, session, found[i], &candidate) != CKR_OK)
            continue;
        if ((candidate->card.flags & SR_CARD_TOKEN) && sr_card_same(&candidate->card, card)) {
            same++;
            *handle = found[i];
        }
        sr_object_release(candidate);
    }
    free(found);
    if (rv == CKR_OK && same != 1)
        rv = sr_recover_probe(token) ? CKR_OBJECT_HANDLE_INVALID : CKR_DEVICE_ERROR;
    return rv;
}

/* Takes the object out of the stale ones, under the token's lock. False where it is none. */
static bool take_stale(struct sr_token_object *object)
{
    struct sr_token_object **at = &object->token->stale;
    while (*at != NULL && *at != object)
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    *at = object->next;
    return true;
}

/* The object is known by REAL from now on; where another one is so already, it is lost. */
static void settle(struct sr_token_object *object, CK_OBJECT_HANDLE real)
{
    struct sr_token *token = object->token;

    (void)pthread_mutex_lock(&token->lock);
    bool mine = take_stale(object); /* no other thread was quicker */
    if (mine && real != CK_INVALID_HANDLE && sr_object_known(token, real) == NULL) {
        object->copy_tried = false;
        object->real = real;
        sr_object_link(object);
        mine = false;
    } else if (mine) {
        object->gone = true;
        object->lost = true;
    }
    (void)pthread_mutex_unlock(&token->lock);
    if (mine)
        sr_object_release(object);
}

CK_RV sr_object_again(struct sr_token_object *object)
{
    struct sr_token *token = object->token;
    CK_OBJECT_HANDLE real = CK_INVALID_HANDLE;
    CK_SESSION_HANDLE session;

    if (object->real == CK_INVALID_HANDLE || atomic_load(&token->recovery.away))
        sr_recover_settle(token);
    if (object->lost)
        return CKR_OBJECT_HANDLE_INVALID;
    if (object->real != CK_INVALID_HANDLE || sr_token_borrow(token, &session) != CKR_OK)
        return CKR_OK;
    CK_RV rv = identify(token, session, &object->card, &real);
    if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
        settle(object, rv == CKR_OK ? real : CK_INVALID_HANDLE);
    sr_token_return(token, session, rv == CKR_OBJECT_HANDLE_INVALID ? CKR_OK : rv);
    return object->lost ? CKR_OBJECT_HANDLE_INVALID : CKR_OK;
}

void sr_object_meet(const struct sr_token_object *made, CK_SESSION_HANDLE session)
{
    struct sr_token *token = made->token;
    CK_OBJECT_HANDLE real;

    if (!(made->card.flags & SR_CARD_TOKEN))
        return;
    (void)pthread_mutex_lock(&token->lock);
    struct sr_token_object *before = token->stale;
    while (before != NULL && !sr_card_same(&before->card, &made->card))
        before = before->next;
    if (before != NULL)
        atomic_fetch_add(&before->refs, 1);
    (void)pthread_mutex_unlock(&token->lock);
    if (before == NULL)
        return;
    if (identify(token, session, &made->card, &real) == CKR_OK && real == made->real)
        settle(before, real);
    sr_object_release(before);
}
