/* SPDX-License-Identifier: Apache-2.0 */
/* Making keys. */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/make.h"
#include "shim/objects.h"

static CK_RV generate(struct sr_app_session *s, struct sr_generate_request *request, CK_OBJECT_HANDLE made[2])
{
    struct sr_find_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_GENERATE_KEY_PAIR,
                            .request = request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request->session};
    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    if (reply.count == 2) {
        s->made_objects = true;
        rv = sr_objects_note(reply.cards, 2, s->slot, x.connection->generation, atomic_load(&s->entry.handle),
                             made);
    } else {
        sr_say("strongroomd answered with %lu keys instead of two: is it of another version?", reply.count);
        rv = CKR_DEVICE_ERROR;
    }
    sr_exchange_end(&x);
    return rv;
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
                        CK_ULONG n_public, CK_ATTRIBUTE *private, CK_ULONG n_private,
                        CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    struct sr_app_session *s;
    struct sr_generate_request request;
    CK_OBJECT_HANDLE made[2];
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && (mechanism == NULL || public_key == NULL || private_key == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_mechanism_set(&request.mechanism, mechanism);
    if (rv == CKR_OK)
        rv = sr_template_set(&request.public, public, n_public);
    if (rv == CKR_OK)
        rv = sr_template_set(&request.private, private, n_private);
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = generate(s, &request, made);
    sr_session_release(s);
    if (rv == CKR_OK) {
        *public_key = made[0];
        *private_key = made[1];
    }
    return rv;
}

CK_RV C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template, CK_ULONG n,
                    CK_OBJECT_HANDLE *key)
{
    struct sr_making making = {.call = SR_CALL_GENERATE_KEY};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && (mechanism == NULL || key == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_mechanism_set(&making.request.mechanism, mechanism);
    if (rv == CKR_OK)
        rv = sr_template_set(&making.request.template, template, n);
    return rv == CKR_OK ? sr_make(session, &making, key) : rv;
}
