/* Wrapping and unwrapping keys, after the custody rules.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody_switch.h"
#include "daemon/make.h"
#include "daemon/permit.h"

/* Room for most wrapped keys at the first try: an RSA private key of 4096 bits and its frame. */
#define WRAPPED_ROOM 4096

/* The rules of the custody for the two keys; the token looks at CKA_EXTRACTABLE and the rest. */
static CK_RV may_wrap(struct sr_work *work, struct sr_token_object *with, struct sr_token_object *key,
                      CK_MECHANISM_TYPE mechanism)
{
    CK_RV rv = sr_permit(work, SR_OPERATION_WRAP, with, mechanism);
    if (rv == CKR_OK)
        rv = sr_permit(work, SR_OPERATION_WRAP, key, mechanism);
    if (rv != CKR_OK)
        return rv;
    if (!sr_custody_on(work->config, SR_CUSTODY_ROLES))
        return CKR_OK;
    if (!sr_custody_has_role(SR_OPERATION_WRAP, with->card.class, with->card.flags))
        return sr_refuse(work, CKR_KEY_FUNCTION_NOT_PERMITTED, "custody rule 1",
                         "wrapping with a key that does not wrap, or has another use as well");
    if (!sr_custody_leaves(key->card.class, key->card.flags))
        return sr_refuse(work, CKR_KEY_NOT_WRAPPABLE, "custody rule 1",
                         "wrapping a key that itself wraps, unwraps or derives");
    return CKR_OK;
}

/* Was the public key made in the token, with a private half that is known to stay there? */
static CK_RV made_here(struct sr_work *work, const struct sr_token_object *with, CK_SESSION_HANDLE real)
{
    CK_BBOOL local = CK_FALSE;
    CK_ATTRIBUTE a = {CKA_LOCAL, &local, sizeof(local)};
    if (with->card.class != CKO_PUBLIC_KEY || !sr_custody_on(work->config, SR_CUSTODY_SECRECY))
        return CKR_OK;
    CK_RV rv = with->token->module.f->C_GetAttributeValue(real, with->real, &a, 1);
    if (rv == CKR_OK && local != CK_FALSE)
        return CKR_OK;
    return sr_refuse(work, CKR_KEY_FUNCTION_NOT_PERMITTED, "custody rule 1",
                     "wrapping with a public key that came from outside");
}

/* The token's answer in scratch memory. */
static CK_RV wrap(struct sr_work *work, const struct sr_wrap_request *r, CK_SESSION_HANDLE real,
                  const CK_OBJECT_HANDLE handles[2], CK_FUNCTION_LIST *f, struct sr_bytes *out)
{
    CK_MECHANISM mechanism = r->mechanism.m;
    CK_ULONG length = WRAPPED_ROOM;
    out->data = sr_scratch_get(&work->scratch, length);
    if (out->data == NULL)
        return CKR_HOST_MEMORY;
    CK_RV rv = f->C_WrapKey(real, &mechanism, handles[0], handles[1], out->data, &length);
    if (rv == CKR_BUFFER_TOO_SMALL && length > WRAPPED_ROOM && length <= SR_DATA_MAX) {
        out->data = sr_scratch_get(&work->scratch, length);
        rv = out->data != NULL ? f->C_WrapKey(real, &mechanism, handles[0], handles[1], out->data, &length)
                               : CKR_HOST_MEMORY;
    }
    out->length = rv == CKR_OK ? length : 0;
    return rv;
}

/* With both keys' session copies, or what stands for them where those are lost. */
static CK_RV wrap_with_copies(struct sr_work *work, const struct sr_wrap_request *r,
                              struct sr_token_object *with, struct sr_token_object *key,
                              CK_SESSION_HANDLE real, struct sr_bytes *out)
{
    CK_OBJECT_HANDLE handles[2];
    CK_RV rv = CKR_OK;

    for (int tries = 0; tries < 2; tries++) {
        if (sr_object_key(with, real, &handles[0]) != CKR_OK)
            return CKR_WRAPPING_KEY_HANDLE_INVALID;
        rv = sr_object_key(key, real, &handles[1]);
        if (rv == CKR_OK)
            rv = wrap(work, r, real, handles, with->token->module.f, out);
        if (rv == CKR_WRAPPING_KEY_HANDLE_INVALID)
            sr_object_drop_copy(with);
        else if (rv == CKR_KEY_HANDLE_INVALID || rv == CKR_OBJECT_HANDLE_INVALID)
            sr_object_drop_copy(key);
        else
            break;
    }
    return rv;
}

CK_RV sr_handle_wrap(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_wrap_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_session_view view;
    struct sr_token *token;
    CK_SESSION_HANDLE real;

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    struct sr_token_object *with = sr_client_object(work->client, token, r->object);
    struct sr_token_object *key = sr_client_object(work->client, token, r->key);
    if (with == NULL || key == NULL) {
        rv = with == NULL ? CKR_WRAPPING_KEY_HANDLE_INVALID : CKR_KEY_HANDLE_INVALID;
        goto out;
    }
    rv = may_wrap(work, with, key, r->mechanism.m.mechanism);
    if (rv == CKR_OK)
        rv = sr_token_borrow(token, &real);
    if (rv != CKR_OK)
        goto out;
    rv = made_here(work, with, real);
    if (rv == CKR_OK)
        rv = wrap_with_copies(work, r, with, key, real, &answer->data);
    sr_token_return(token, real, rv);
out:
    sr_object_release(with);
    sr_object_release(key);
    return rv;
}

/* The new key as the token shall see it, or a refusal. */
static CK_RV complete(struct sr_work *work, struct sr_making *making, const struct sr_make_request *r,
                      struct sr_token_object *with, struct sr_draft *draft)
{
    struct sr_demands demands;

    CK_RV rv = sr_permit(work, SR_OPERATION_UNWRAP, with, r->mechanism.m.mechanism);
    if (rv != CKR_OK)
        return rv;
    if (sr_custody_on(work->config, SR_CUSTODY_ROLES) &&
        !sr_custody_has_role(SR_OPERATION_UNWRAP, with->card.class, with->card.flags))
        return sr_refuse(work, CKR_KEY_FUNCTION_NOT_PERMITTED, "custody rule 2",
                         "unwrapping with a key that does not unwrap, or has another use as well");
    rv = sr_make_with(work, making, SR_OPERATION_UNWRAP, with, r, &demands, draft);
    if (rv == CKR_OK)
        rv = sr_make_long(work, draft, CKR_ATTRIBUTE_VALUE_INVALID);
    if (rv != CKR_OK)
        return rv;
    CK_ULONG class = sr_draft_ulong(draft, CKA_CLASS);
    if (class == CK_UNAVAILABLE_INFORMATION)
        return sr_explain(work, CKR_TEMPLATE_INCOMPLETE, "C_UnwrapKey needs CKA_CLASS");
    if (class != CKO_SECRET_KEY && class != CKO_PRIVATE_KEY)
        return sr_explain(work, CKR_TEMPLATE_INCONSISTENT, "only secret and private keys are unwrapped");
    /* Who wrapped it may know its value: it does not wrap. */
    rv = sr_make_key(work, draft, class, sr_draft_ulong(draft, CKA_KEY_TYPE), false);
    if (rv == CKR_OK)
        rv = sr_make_demands_met(work, &demands, draft);
    if (rv == CKR_OK)
        sr_make_say(work, draft, &r->template);
    return rv;
}

static CK_RV unwrap(struct sr_making *making, const struct sr_make_request *r, struct sr_token_object *with,
                    struct sr_draft *draft, CK_OBJECT_HANDLE *handle)
{
    CK_FUNCTION_LIST *f = making->token->module.f;
    CK_MECHANISM mechanism = r->mechanism.m;
    CK_OBJECT_HANDLE key;
    CK_RV rv = CKR_OK;

    for (int tries = 0; tries < 2; tries++) {
        if (sr_object_key(with, making->real, &key) != CKR_OK)
            return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
        rv = f->C_UnwrapKey(making->real, &mechanism, key, r->data.data, r->data.length, draft->a, draft->n,
                            handle);
        if (rv != CKR_UNWRAPPING_KEY_HANDLE_INVALID)
            break;
        sr_object_drop_copy(with);
    }
    /* SoftHSM's word for a blob that is not what it wrapped (PKCS#11 v3.0 §5.18.4 has better ones). */
    return rv == CKR_GENERAL_ERROR ? CKR_WRAPPED_KEY_INVALID : rv;
}

CK_RV sr_handle_unwrap(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_make_request *r = request;
    struct sr_making making;
    struct sr_draft draft;
    struct sr_draft *const drafts[] = {&draft};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;

    CK_RV rv = sr_make_begin(work, r->session, &making);
    if (rv != CKR_OK)
        return rv;
    struct sr_token_object *with = sr_client_object(work->client, making.token, r->object);
    if (with == NULL)
        return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
    rv = complete(work, &making, r, with, &draft);
    if (rv == CKR_OK)
        rv = sr_make_open(&making, drafts, 1);
    if (rv != CKR_OK)
        goto out;
    rv = unwrap(&making, r, with, &draft, &handle);
    rv = sr_make_end(work, &making, rv, "unwrapped", &handle, 1, reply);
out:
    sr_object_release(with);
    return rv;
}
