/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/make.h"
#include "daemon/custody_switch.h"
#include "daemon/permit.h"

#define KEY_MIN 16 /* bytes of a key that is made of another one */

CK_RV sr_make_begin(struct sr_work *work, CK_SESSION_HANDLE session, struct sr_making *making)
{
    *making = (struct sr_making){.session = session};
    return sr_work_session(work, session, &making->view, &making->token);
}

CK_RV sr_make_draft(struct sr_work *work, const struct sr_template *template, struct sr_draft *draft)
{
    sr_draft_from(draft, template);
    if (!sr_draft_once(draft))
        return sr_refuse(work, CKR_TEMPLATE_INCONSISTENT, "custody rule 3",
                         "a template with two values of one attribute; name each attribute once");
    if (!sr_draft_sound(draft))
        return sr_explain(work, CKR_ATTRIBUTE_VALUE_INVALID, "a boolean or a number of another size");
    if (sr_draft_bool(draft, CKA_TRUSTED, false))
        return sr_refuse(work, CKR_ATTRIBUTE_READ_ONLY, "custody rule 3",
                         "CKA_TRUSTED, which only the security officer may set");
    return CKR_OK;
}

CK_RV sr_make_key(struct sr_work *work, struct sr_draft *draft, CK_OBJECT_CLASS class, CK_KEY_TYPE type,
                  bool may_wrap)
{
    if (type == CKK_DES && sr_custody_on(work->config, SR_CUSTODY_MECHANISMS))
        return sr_refuse(work, CKR_ATTRIBUTE_VALUE_INVALID, "custody rule 4",
                         "a single DES key: 56 bits can be searched; use AES");
    bool roles = sr_custody_on(work->config, SR_CUSTODY_ROLES);
    if (roles && class == CKO_PRIVATE_KEY)
        sr_custody_private_roles(draft);
    else if (roles)
        sr_custody_secret_roles(draft, type, may_wrap);
    if (sr_custody_on(work->config, SR_CUSTODY_SECRECY))
        sr_custody_secrecy(draft, class);
    return CKR_OK;
}

static CK_RV read_demands(struct sr_work *work, struct sr_making *making, struct sr_token_object *key,
                          CK_ATTRIBUTE_TYPE type, struct sr_demands *demands)
{
    CK_SESSION_HANDLE real;
    demands->n = 0;
    if (atomic_load(&key->undemanding)) /* such an attribute does not change (rule 3) */
        return CKR_OK;
    CK_RV rv = sr_token_borrow(making->token, &real);
    if (rv != CKR_OK)
        return rv;
    rv = sr_read_template(work, key, real, type, demands->a, &demands->n);
    sr_token_return(making->token, real, rv);
    for (size_t i = 0; rv == CKR_OK && i < demands->n; i++)
        if (demands->a[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
            rv = CKR_GENERAL_ERROR; /* a token that does not say what it will do */
    if (rv == CKR_OK && demands->n == 0)
        atomic_store(&key->undemanding, true);
    return rv;
}

CK_RV sr_make_with(struct sr_work *work, struct sr_making *making, enum sr_operation operation,
                   struct sr_token_object *key, const struct sr_make_request *request,
                   struct sr_demands *demands, struct sr_draft *draft)
{
    CK_ATTRIBUTE_TYPE type = operation == SR_OPERATION_UNWRAP ? CKA_UNWRAP_TEMPLATE : CKA_DERIVE_TEMPLATE;
    struct sr_template whole;

    CK_RV rv = sr_make_draft(work, &request->template, draft);
    if (rv == CKR_OK)
        rv = read_demands(work, making, key, type, demands);
    if (rv != CKR_OK)
        return rv;
    if (!sr_draft_demand(draft, demands->a, demands->n) || !sr_draft_template(draft, &whole))
        return sr_explain(
            work, CKR_TEMPLATE_INCONSISTENT,
            "the template contradicts the one that the key itself prescribes for what it makes");
    if (!sr_draft_sound(draft))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return sr_permit_new(work, operation, making->token, &whole, request->mechanism.m.mechanism);
}

CK_RV sr_make_long(struct sr_work *work, const struct sr_draft *draft, CK_RV rv)
{
    if (sr_draft_ulong(draft, CKA_VALUE_LEN) >= KEY_MIN ||
        !sr_custody_on(work->config, SR_CUSTODY_MECHANISMS))
        return CKR_OK;
    return sr_refuse(work, rv, "custody rule 4", "a key of less than %d bytes, which can be searched",
                     KEY_MIN);
}

CK_RV sr_make_demands_met(struct sr_work *work, const struct sr_demands *demands, struct sr_draft *draft)
{
    if (sr_draft_demand(draft, demands->a, demands->n))
        return CKR_OK;
    return sr_refuse(
        work, CKR_TEMPLATE_INCONSISTENT, "custody rule 1 or 2",
        "what the key itself prescribes for what it makes: a key that is less than sensitive and "
        "private, or has several roles");
}

CK_RV sr_make_open(struct sr_making *making, struct sr_draft *const *drafts, size_t n)
{
    bool private = false;
    for (size_t i = 0; i < n; i++) {
        making->on_token = making->on_token || sr_draft_bool(drafts[i], CKA_TOKEN, false);
        private = private || sr_draft_bool(drafts[i], CKA_PRIVATE, false);
        if (making->view.logged_out && !sr_draft_names(drafts[i], CKA_PRIVATE))
            sr_draft_set(drafts[i], CKA_PRIVATE, false);
    }
    if (making->on_token && !(making->view.flags & CKF_RW_SESSION))
        return CKR_SESSION_READ_ONLY;
    if (private && making->view.logged_out)
        return CKR_USER_NOT_LOGGED_IN;
    if (making->on_token)
        return sr_token_borrow(making->token, &making->real);
    CK_RV rv = sr_token_hold(making->token);
    making->real = making->token->keeper;
    return rv;
}

static void log_made(struct sr_work *work, const char *verb, const struct sr_token_object *object)
{
    const struct sr_bytes *label = &object->card.label;
    /* Session objects come and go by the thousand. */
    sr_log(object->card.flags & SR_CARD_TOKEN ? SR_LOG_INFO : SR_LOG_DEBUG, "%s: uid %u, pid %d: \"%.*s\"",
           verb, (unsigned)work->peer.uid, (int)work->peer.pid,
           (int)(label->length < 64 ? label->length : 64), (const char *)label->data);
}

/* References to the new objects, of which there is at least one, marked as the client's where they are
 * session objects. */
static CK_RV take_in(struct sr_work *work, struct sr_making *making, const CK_OBJECT_HANDLE *handles,
                     size_t n, struct sr_token_object **objects)
{
    size_t i = 0;
    do {
        CK_RV rv = sr_object_get(making->token, making->real, handles[i], &objects[i]);
        if (rv != CKR_OK) {
            while (i > 0)
                sr_object_release(objects[--i]);
            return rv;
        }
        if (!(objects[i]->card.flags & SR_CARD_TOKEN))
            sr_object_own(objects[i], work->client, making->session);
    } while (++i < n);
    return CKR_OK;
}

static CK_RV answer(struct sr_work *work, struct sr_making *making, const char *verb,
                    struct sr_token_object **objects, size_t n, struct sr_find_reply *reply)
{
    struct sr_session_view view;

    struct sr_token_object *last = n > 1 ? objects[1] : objects[0]; /* of a pair the private key */
    sr_work_used(work, last);
    log_made(work, verb, last);
    CK_RV rv = sr_work_cards(work, objects, n, reply);
    /* Another connection of the client may have closed the session meanwhile, with the objects in it. */
    if (rv == CKR_OK && !making->on_token)
        rv = sr_client_view(work->client, making->session, &view);
    return rv;
}

CK_RV sr_make_end(struct sr_work *work, struct sr_making *making, CK_RV rv, const char *verb,
                  const CK_OBJECT_HANDLE *handles, size_t n, struct sr_find_reply *reply)
{
    CK_FUNCTION_LIST *f = making->token->module.f;
    struct sr_token_object *objects[2] = {NULL, NULL};

    if (rv == CKR_OK) {
        rv = take_in(work, making, handles, n, objects);
        if (rv == CKR_OK)
            rv = answer(work, making, verb, objects, n, reply);
        for (size_t i = 0; rv != CKR_OK && i < n; i++)
            (void)f->C_DestroyObject(making->real, handles[i]);
    }
    if (making->on_token)
        sr_token_return(making->token, making->real, rv);
    else
        sr_token_let_go(making->token, rv);
    return rv;
}

void sr_make_say(struct sr_work *work, const struct sr_draft *draft, const struct sr_template *template)
{
    char text[400];
    sr_draft_changes(draft, template, text, sizeof(text));
    if (text[0] != '\0')
        sr_log(SR_LOG_INFO, "strengthened: uid %u, pid %d, call %s:%s", (unsigned)work->peer.uid,
               (int)work->peer.pid, work->call, text);
}
