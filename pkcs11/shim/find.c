/* SPDX-License-Identifier: Apache-2.0 */
/* Searching. C_FindObjectsInit gets everything from the daemon, C_FindObjects hands it out. */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/objects.h"

#include <stdlib.h>
#include <string.h>

void sr_search_end(struct sr_search *search)
{
    free(search->found);
    memset(search, 0, sizeof(*search));
}

/* Adds the objects of a reply to the search. */
static CK_RV add(struct sr_app_session *s, const struct sr_find_reply *reply, unsigned long generation)
{
    struct sr_search *search = &s->search;
    if (reply->count > SR_TABLE_MAX - search->n) {
        sr_say("the search found more objects than there are handles: narrow it");
        return CKR_HOST_MEMORY;
    }
    if (reply->count == 0)
        return CKR_OK;
    size_t n = search->n + reply->count;
    CK_OBJECT_HANDLE *found = realloc(search->found, n * sizeof(*found));
    if (found == NULL) {
        sr_say("out of memory for the objects that were found");
        return CKR_HOST_MEMORY;
    }
    search->found = found;
    CK_RV rv = sr_objects_note(reply->cards, reply->count, s->slot, generation, 0, found + search->n);
    if (rv == CKR_OK)
        search->n = n;
    return rv;
}

/* One whole search, in the generation that is found in *GENERATION. */
static CK_RV search_all(struct sr_app_session *s, struct sr_find_request *request, unsigned long *generation)
{
    struct sr_session next;
    struct sr_find_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_FIND,
                            .request = request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request->session};
    CK_RV rv;
    do {
        rv = sr_exchange(&x);
        if (rv != CKR_OK)
            return rv;
        *generation = x.connection->generation;
        rv = add(s, &reply, *generation);
        sr_exchange_end(&x);
        x.call = SR_CALL_FIND_MORE;
        x.request = &next;
        x.session_at = &next.session;
        x.pinned = *generation;
    } while (rv == CKR_OK && reply.more != 0);
    return rv;
}

static CK_RV search(struct sr_app_session *s, struct sr_find_request *request)
{
    unsigned long generation = 0;
    CK_RV rv = search_all(s, request, &generation);
    /* Cut in two by the daemon's restart: it is worth a second beginning. */
    if (rv == CKR_DEVICE_ERROR && generation != 0) {
        sr_search_end(&s->search);
        rv = search_all(s, request, &generation);
    }
    if (rv != CKR_OK)
        sr_search_end(&s->search);
    else
        s->search.active = true;
    return rv;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n)
{
    struct sr_app_session *s;
    struct sr_find_request request;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK)
        rv = sr_template_set(&request.template, template, n);
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = s->search.active ? CKR_OPERATION_ACTIVE : search(s, &request);
    sr_session_release(s);
    return rv;
}

CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *n)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && (n == NULL || (objects == NULL && max > 0)))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    struct sr_search *search = &s->search;
    if (search->active) {
        size_t left = search->n - search->taken;
        *n = max < left ? max : left;
        if (*n > 0)
            memcpy(objects, search->found + search->taken, *n * sizeof(*objects));
        search->taken += *n;
    } else {
        rv = CKR_OPERATION_NOT_INITIALIZED;
    }
    sr_session_release(s);
    return rv;
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = s->search.active ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED;
    sr_search_end(&s->search);
    sr_session_release(s);
    return rv;
}
