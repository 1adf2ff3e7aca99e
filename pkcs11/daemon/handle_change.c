/* Copying objects and changing their attributes: never to what protects less (custody rule 3).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/attributes.h"
#include "daemon/custody_switch.h"
#include "daemon/make.h"
#include "daemon/permit.h"

static bool is_key(const struct sr_token_object *object)
{
    return object->card.class == CKO_SECRET_KEY || object->card.class == CKO_PRIVATE_KEY ||
           object->card.class == CKO_PUBLIC_KEY;
}

static bool is_secret(const struct sr_token_object *object)
{
    return object->card.class == CKO_SECRET_KEY || object->card.class == CKO_PRIVATE_KEY;
}

/* The object's boolean attribute as the token has it. */
static bool has(const struct sr_token_object *object, CK_SESSION_HANDLE real, CK_ATTRIBUTE_TYPE type,
                bool fallback)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    CK_RV rv = object->token->module.f->C_GetAttributeValue(real, object->real, &a, 1);
    return rv == CKR_OK && a.ulValueLen == sizeof(value) ? value != CK_FALSE : fallback;
}

/* Is it one of the usages, which rule 2 is about? */
static bool is_role(CK_ATTRIBUTE_TYPE type)
{
    static const CK_ATTRIBUTE_TYPE roles[] = {CKA_ENCRYPT,      CKA_DECRYPT, CKA_SIGN,
                                              CKA_SIGN_RECOVER, CKA_VERIFY,  CKA_VERIFY_RECOVER,
                                              CKA_WRAP,         CKA_UNWRAP,  CKA_DERIVE};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (roles[i] == type)
            return true;
    return false;
}

/* Is what DRAFT says of the object no less than what it has? */
static CK_RV check_change(struct sr_work *work, const struct sr_token_object *object, CK_SESSION_HANDLE real,
                          const struct sr_draft *draft)
{
    for (size_t i = 0; i < draft->n; i++) {
        CK_ATTRIBUTE_TYPE type = draft->a[i].type;
        bool to = sr_draft_bool(draft, type, false);
        if (is_role(type) ? !sr_custody_on(work->config, SR_CUSTODY_ROLES)
                          : !sr_custody_on(work->config, SR_CUSTODY_IMPORT))
            continue;
        if (is_key(object) && sr_custody_fixed(type))
            return sr_refuse(work, CKR_ATTRIBUTE_READ_ONLY, "custody rule 3",
                             "another value of attribute 0x%lx, which limits what the key may do", type);
        if ((sr_custody_weakens(type, false, true) || sr_custody_weakens(type, true, false)) &&
            sr_custody_weakens(type, has(object, real, type, !to), to))
            return sr_refuse(work, CKR_ATTRIBUTE_READ_ONLY, "custody rule 3",
                             "attribute 0x%lx set to %s, which would protect the object less", type,
                             to ? "true" : "false");
    }
    return CKR_OK;
}

/* Sets in the copy what the original (made behind our back) has and no key of ours may have. */
static void strengthen_copy(const struct sr_work *work, const struct sr_token_object *object,
                            CK_SESSION_HANDLE real, struct sr_draft *draft)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        enum sr_operation operation;
    } roles[] = {
        {CKA_WRAP, SR_OPERATION_WRAP}, {CKA_UNWRAP, SR_OPERATION_UNWRAP}, {CKA_DERIVE, SR_OPERATION_DERIVE}};

    for (size_t i = 0; sr_custody_on(work->config, SR_CUSTODY_ROLES) && i < sizeof(roles) / sizeof(roles[0]);
         i++)
        if ((object->card.flags & SR_CARD_MAY(roles[i].operation)) &&
            !sr_custody_has_role(roles[i].operation, object->card.class, object->card.flags))
            sr_draft_set(draft, roles[i].type, false);
    if (!is_secret(object) || !sr_custody_on(work->config, SR_CUSTODY_SECRECY))
        return;
    bool sensitive = has(object, real, CKA_SENSITIVE, true);
    if (!sensitive) {
        sr_draft_set(draft, CKA_SENSITIVE, true);
        if (has(object, real, CKA_EXTRACTABLE, false))
            sr_draft_set(draft, CKA_EXTRACTABLE, false);
    }
    if (!has(object, real, CKA_PRIVATE, true))
        sr_draft_set(draft, CKA_PRIVATE, true);
}

/* The client's template, and what a copy or a changed object keeps of the attributes that a name consists of.
 */
static void inherit(const struct sr_token_object *object, const struct sr_template *template,
                    struct sr_template *all)
{
    static CK_BBOOL yes = CK_TRUE;
    const struct sr_card *card = &object->card;
    const CK_ATTRIBUTE named[] = {
        {CKA_CLASS, (void *)&card->class, sizeof(card->class)},
        {CKA_LABEL, card->label.data, card->label.length},
        {CKA_ID, card->id.data, card->id.length},
        {CKA_TOKEN, &yes, sizeof(yes)},
    };
    size_t count = sizeof(named) / sizeof(named[0]) - ((card->flags & SR_CARD_TOKEN) ? 0 : 1);

    all->n = template->n;
    for (size_t i = 0; i < template->n; i++)
        all->a[i] = template->a[i];
    for (size_t i = 0; i < count && all->n < SR_TEMPLATE_MAX; i++)
        if (sr_attribute_find(template->a, template->n, named[i].type) == NULL)
            all->a[all->n++] = named[i];
}

/* May the client copy or change the object, under the name that it has then? */
static CK_RV permit(struct sr_work *work, enum sr_operation operation, struct sr_token_object *object,
                    const struct sr_template *template, struct sr_draft *draft)
{
    struct sr_template all;

    inherit(object, template, &all);
    CK_RV rv = sr_permit(work, operation, object, CK_UNAVAILABLE_INFORMATION);
    if (rv == CKR_OK)
        rv = sr_permit_new(work, operation, object->token, &all, CK_UNAVAILABLE_INFORMATION);
    sr_work_used(work, object);
    return rv == CKR_OK ? sr_make_draft(work, template, draft) : rv;
}

static CK_RV may_copy(struct sr_work *work, struct sr_making *making, struct sr_token_object *object,
                      const struct sr_template *template, struct sr_draft *draft)
{
    CK_RV rv = permit(work, SR_OPERATION_COPY, object, template, draft);
    if (rv == CKR_OK && (object->card.flags & SR_CARD_TOKEN) && !sr_draft_names(draft, CKA_TOKEN))
        making->on_token = true;
    return rv;
}

CK_RV sr_handle_copy(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_make_request *r = request;
    struct sr_making making;
    struct sr_draft draft;
    struct sr_draft asked;
    struct sr_draft *const drafts[] = {&asked};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;

    CK_RV rv = sr_make_begin(work, r->session, &making);
    if (rv != CKR_OK)
        return rv;
    struct sr_token_object *object = sr_client_object(work->client, making.token, r->object);
    if (object == NULL)
        return CKR_OBJECT_HANDLE_INVALID;
    rv = may_copy(work, &making, object, &r->template, &draft);
    if (rv != CKR_OK)
        goto out;
    asked = draft;
    rv = sr_make_open(&making, drafts, 1);
    if (rv != CKR_OK)
        goto out;
    rv = check_change(work, object, making.real, &draft);
    if (rv == CKR_OK) {
        strengthen_copy(work, object, making.real, &draft);
        sr_make_say(work, &draft, &r->template);
        rv = making.token->module.f->C_CopyObject(making.real, object->real, draft.a, draft.n, &handle);
    }
    rv = sr_make_end(work, &making, rv, "copied", &handle, 1, reply);
out:
    sr_object_release(object);
    return rv;
}

static CK_RV change(struct sr_work *work, struct sr_token_object *object, const struct sr_draft *draft,
                    CK_SESSION_HANDLE real, struct sr_token_object **renewed)
{
    CK_ATTRIBUTE a[SR_DRAFT_MAX];
    for (size_t i = 0; i < draft->n; i++)
        a[i] = draft->a[i];
    CK_RV rv = check_change(work, object, real, draft);
    if (rv != CKR_OK)
        return rv;
    rv = object->token->module.f->C_SetAttributeValue(real, object->real, a, draft->n);
    /* A token may stop half way: what it did is to be seen then too. */
    CK_RV seen = sr_object_renew(object, real, renewed);
    return rv != CKR_OK ? rv : seen;
}

CK_RV sr_handle_change(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_make_request *r = request;
    struct sr_making making;
    struct sr_draft draft;
    struct sr_token_object *renewed = NULL;
    CK_SESSION_HANDLE real;

    CK_RV rv = sr_make_begin(work, r->session, &making);
    if (rv != CKR_OK)
        return rv;
    struct sr_token_object *object = sr_client_object(work->client, making.token, r->object);
    if (object == NULL)
        return CKR_OBJECT_HANDLE_INVALID;
    rv = permit(work, SR_OPERATION_CHANGE, object, &r->template, &draft);
    if (rv == CKR_OK && (object->card.flags & SR_CARD_TOKEN) && !(making.view.flags & CKF_RW_SESSION))
        rv = CKR_SESSION_READ_ONLY;
    if (rv == CKR_OK)
        rv = sr_token_borrow(making.token, &real);
    if (rv != CKR_OK)
        goto out;
    (void)pthread_mutex_lock(&making.token->changes);
    sr_object_changing(object, true);
    rv = change(work, object, &draft, real, &renewed);
    sr_object_changing(object, false);
    (void)pthread_mutex_unlock(&making.token->changes);
    sr_token_return(making.token, real, rv);
    if (rv == CKR_OK) {
        sr_work_used(work, renewed);
        rv = sr_work_cards(work, &renewed, 1, reply);
        renewed = NULL;
    }
out:
    sr_object_release(renewed);
    sr_object_release(object);
    return rv;
}

CK_RV sr_handle_size(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_object *r = request;
    struct sr_size_reply *answer = reply;
    struct sr_session_view view;
    struct sr_token *token;
    CK_SESSION_HANDLE real;

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    struct sr_token_object *object = sr_client_object(work->client, token, r->object);
    if (object == NULL)
        return CKR_OBJECT_HANDLE_INVALID;
    rv = sr_permit(work, SR_OPERATION_READ, object, CK_UNAVAILABLE_INFORMATION);
    if (rv == CKR_OK)
        rv = sr_token_borrow(token, &real);
    if (rv == CKR_OK) {
        rv = token->module.f->C_GetObjectSize(real, object->real, &answer->size);
        sr_token_return(token, real, rv);
    }
    sr_object_release(object);
    return rv;
}
