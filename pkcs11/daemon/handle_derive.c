/* Deriving keys, after the custody rules.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody_switch.h"
#include "daemon/make.h"
#include "daemon/permit.h"

static CK_RV may_derive(struct sr_work *work, struct sr_token_object *from, CK_MECHANISM_TYPE mechanism)
{
    CK_RV rv = sr_permit(work, SR_OPERATION_DERIVE, from, mechanism);
    if (rv == CKR_OK && sr_custody_on(work->config, SR_CUSTODY_ROLES) &&
        !sr_custody_has_role(SR_OPERATION_DERIVE, from->card.class, from->card.flags))
        rv = sr_refuse(work, CKR_KEY_FUNCTION_NOT_PERMITTED, "custody rule 2",
                       "deriving from a key that does not derive, or has another use as well");
    return rv;
}

/* The new key as the token shall see it, or a refusal. */
static CK_RV complete(struct sr_work *work, struct sr_making *making, const struct sr_make_request *r,
                      struct sr_token_object *from, struct sr_draft *draft)
{
    struct sr_demands demands;

    CK_RV rv = may_derive(work, from, r->mechanism.m.mechanism);
    if (rv == CKR_OK)
        rv = sr_make_with(work, making, SR_OPERATION_DERIVE, from, r, &demands, draft);
    if (rv == CKR_OK)
        rv = sr_make_long(work, draft, CKR_KEY_SIZE_RANGE);
    if (rv != CKR_OK)
        return rv;
    CK_ULONG class = sr_draft_ulong(draft, CKA_CLASS);
    if (class != CK_UNAVAILABLE_INFORMATION && class != CKO_SECRET_KEY)
        return sr_refuse(work, CKR_TEMPLATE_INCONSISTENT, "custody rule 1",
                         "deriving anything but a secret key");
    /* In a key agreement the other side knows the value: it does not wrap. */
    rv = sr_make_key(work, draft, CKO_SECRET_KEY, sr_draft_ulong(draft, CKA_KEY_TYPE), false);
    if (rv == CKR_OK)
        rv = sr_make_demands_met(work, &demands, draft);
    if (rv == CKR_OK)
        sr_make_say(work, draft, &r->template);
    return rv;
}

/* The other key that a parameter may name (a salt). */
static CK_RV place_other(struct sr_work *work, struct sr_making *making, CK_MECHANISM_TYPE mechanism,
                         CK_OBJECT_HANDLE place, struct sr_token_object **other)
{
    *other = sr_client_object(work->client, making->token, place);
    if (*other == NULL)
        return CKR_KEY_HANDLE_INVALID;
    return may_derive(work, *other, mechanism);
}

static CK_RV derive(struct sr_making *making, struct sr_token_object *from, CK_MECHANISM *mechanism,
                    struct sr_draft *draft, CK_OBJECT_HANDLE *handle)
{
    CK_FUNCTION_LIST *f = making->token->module.f;
    CK_OBJECT_HANDLE key;
    CK_RV rv = CKR_OK;

    for (int tries = 0; tries < 2; tries++) {
        rv = sr_object_key(from, making->real, &key);
        if (rv == CKR_OK)
            rv = f->C_DeriveKey(making->real, mechanism, key, draft->a, draft->n, handle);
        if (rv != CKR_KEY_HANDLE_INVALID && rv != CKR_OBJECT_HANDLE_INVALID)
            break;
        sr_object_drop_copy(from);
    }
    return rv;
}

CK_RV sr_handle_derive(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_make_request *r = request;
    struct sr_mechanism *mechanism = (struct sr_mechanism *)&r->mechanism; /* decoded for this call alone */
    CK_OBJECT_HANDLE *place = sr_mechanism_handle(mechanism);
    struct sr_token_object *other = NULL;
    struct sr_making making;
    struct sr_draft draft;
    struct sr_draft *const drafts[] = {&draft};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;

    CK_RV rv = sr_make_begin(work, r->session, &making);
    if (rv != CKR_OK)
        return rv;
    struct sr_token_object *from = sr_client_object(work->client, making.token, r->object);
    if (from == NULL)
        return CKR_KEY_HANDLE_INVALID;
    if (place != NULL)
        rv = place_other(work, &making, mechanism->m.mechanism, *place, &other);
    if (rv == CKR_OK)
        rv = complete(work, &making, r, from, &draft);
    if (rv == CKR_OK)
        rv = sr_make_open(&making, drafts, 1);
    if (rv != CKR_OK)
        goto out;
    if (other != NULL)
        *place = other->real; /* the client's handle becomes the token's, which is good for this session */
    rv = derive(&making, from, &mechanism->m, &draft, &handle);
    rv = sr_make_end(work, &making, rv, "derived", &handle, 1, reply);
out:
    sr_object_release(other);
    sr_object_release(from);
    return rv;
}
