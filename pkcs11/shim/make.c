/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/make.h"
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/objects.h"

static CK_RV note(struct sr_app_session *s, const struct sr_making *making, const struct sr_find_reply *reply,
                  unsigned long generation, CK_OBJECT_HANDLE *made)
{
    if (reply->count != 1) {
        sr_say("strongroomd answered with %lu objects instead of one: is it of another version?",
               reply->count);
        return CKR_DEVICE_ERROR;
    }
    if (making->call == SR_CALL_CHANGE)
        return sr_objects_renew(making->from, reply->cards, generation);
    s->made_objects = true;
    return sr_objects_note(reply->cards, 1, s->slot, generation, atomic_load(&s->entry.handle), made);
}

CK_RV sr_make(CK_SESSION_HANDLE session, struct sr_making *making, CK_OBJECT_HANDLE *made)
{
    struct sr_find_reply reply = {0};
    struct sr_exchange x = {.call = making->call,
                            .request = &making->request,
                            .reply = &reply,
                            .session_at = &making->request.session};
    CK_RV rv = sr_session_take(session, &x.session);

    if (rv != CKR_OK)
        return rv;
    making->request.object = 0;
    if (making->from != 0) {
        x.objects[0] = making->from;
        x.objects_at[0] = &making->request.object;
    }
    if (making->other != NULL) {
        x.objects[1] = *making->other;
        x.objects_at[1] = making->other;
    }
    rv = sr_exchange(&x);
    if (rv == CKR_OK) {
        rv = note(x.session, making, &reply, x.connection->generation, made);
        sr_exchange_end(&x);
    }
    sr_session_release(x.session);
    return rv;
}

CK_RV sr_make_check(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_RV invalid)
{
    struct sr_app_session *s;
    struct sr_key key;
    CK_RV rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = sr_objects_key(handle, s->slot, CK_UNAVAILABLE_INFORMATION, &key);
    sr_session_release(s);
    return rv == CKR_OK ? CKR_OK : invalid;
}
