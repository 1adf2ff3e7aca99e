/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/permit.h"
#include "cryptoki/attributes.h"
#include "cryptoki/names.h"
#include "cryptoki/uri.h"
#include "daemon/custody.h"
#include "daemon/custody_switch.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN SR_OPERATION_BIT(SR_OPERATION_NONE)

/* What is done to an object as a whole, and not by a key. */
#define TO_OBJECTS                                                                                           \
    (SR_OPERATION_BIT(SR_OPERATION_COPY) | SR_OPERATION_BIT(SR_OPERATION_CHANGE) |                           \
     SR_OPERATION_BIT(SR_OPERATION_DESTROY) | SR_OPERATION_BIT(SR_OPERATION_FIND) |                          \
     SR_OPERATION_BIT(SR_OPERATION_READ))

/* What a maker may do to its session objects, whatever else it may. */
#define OF_MAKERS                                                                                            \
    (SR_OPERATION_BIT(SR_OPERATION_FIND) | SR_OPERATION_BIT(SR_OPERATION_READ) |                             \
     SR_OPERATION_BIT(SR_OPERATION_DESTROY))

/* A question, and the URI that its answer names. */
struct asked {
    enum sr_operation operation;
    struct sr_question question;
    const char *uri; /* NULL: no key */
};

static struct sr_asker asker_of(const struct sr_work *work)
{
    return (struct sr_asker){.config = work->config, .socket = work->place, .peer = &work->peer};
}

void sr_permit_begin(struct sr_work *work)
{
    sr_current_follow(&work->daemon->current, &work->config);
    work->socket = &work->config->sockets[work->place];
    if (work->decisions.generation == work->config->generation)
        return;
    struct sr_asker asker = asker_of(work);
    memset(&work->decisions, 0, sizeof(work->decisions));
    work->decisions.generation = work->config->generation;
    work->right = sr_admission(work->socket, &work->peer);
    work->door = work->right == SR_RIGHT_NONE && sr_policy_admits(&asker) ? SR_RIGHT_USE : work->right;
}

/* What a client may do to an object that belongs to a job (custody rule 5). */
static bool looks_only(enum sr_operation operation)
{
    return operation == SR_OPERATION_FIND || operation == SR_OPERATION_READ;
}

static void note(struct sr_work *work, enum sr_operation operation, struct sr_token_object *object,
                 CK_MECHANISM_TYPE mechanism)
{
    work->used.operation = operation;
    work->used.mechanism = mechanism;
    sr_work_used(work, object);
}

static struct sr_subject subject_of(const struct sr_token_object *object)
{
    const char *token = object->token->config->label;
    return (struct sr_subject){.token = {.length = strlen(token), .data = (unsigned char *)token},
                               .label = object->card.label,
                               .id = object->card.id,
                               .class = object->card.class};
}

static bool is_own(const struct sr_work *work, const struct sr_token_object *object)
{
    return object->owner != NULL && object->owner == work->client;
}

/* What the policy allows of an object (NULL: of none), decided once for a connection. */
static uint32_t allowed(struct sr_work *work, const struct sr_token_object *object,
                        CK_MECHANISM_TYPE mechanism)
{
    struct sr_decisions *d = &work->decisions;
    bool own = object == NULL || is_own(work, object);
    unsigned long long serial = own ? 0 : object->serial;
    size_t place = (size_t)(serial + mechanism) % SR_DECISIONS;

    if (d->at[place].operations != 0 && d->at[place].object == serial && d->at[place].mechanism == mechanism)
        return d->at[place].operations | (own && object != NULL ? OF_MAKERS : 0);

    struct sr_asker asker = asker_of(work);
    struct sr_subject subject;
    struct sr_question question = {.mechanism = mechanism};
    if (!own) {
        subject = subject_of(object);
        question.subject = &subject;
        question.on_token = (object->card.flags & SR_CARD_TOKEN) != 0;
    }
    d->at[place].object = serial;
    d->at[place].mechanism = mechanism;
    d->at[place].operations = sr_policy_operations(&asker, &question) | KNOWN;
    return d->at[place].operations | (own && object != NULL ? OF_MAKERS : 0);
}

/* No rule gives the client the operation. */
static CK_RV deny_operation(struct sr_work *work, const struct asked *a)
{
    uint32_t bit = SR_OPERATION_BIT(a->operation);
    bool used = (sr_policy_of_right(SR_RIGHT_USE, &a->question) & bit) != 0;
    bool by_key = a->uri != NULL && used && !(TO_OBJECTS & bit);
    unsigned uid = (unsigned)work->peer.uid;

    return sr_refuse(work, by_key ? CKR_KEY_FUNCTION_NOT_PERMITTED : CKR_ACTION_PROHIBITED, "policy",
                     "%s%s%.160s by uid %u on [%s]: add \"%s\" to the operations of a rule with \"clients = "
                     "user:%u\" whose keys match, or user:%u to \"%s = ...\" of [%s]",
                     sr_operation_name(a->operation), a->uri != NULL ? " " : "", a->uri != NULL ? a->uri : "",
                     uid, work->socket->name, sr_operation_name(a->operation), uid, uid,
                     used ? "use" : "manage", work->socket->name);
}

static CK_RV deny_mechanism(struct sr_work *work, const struct asked *a)
{
    CK_MECHANISM_TYPE type = a->question.mechanism;
    bool off = sr_policy_off(work->config, a->operation, type);

    return sr_refuse(work, CKR_MECHANISM_INVALID, off ? "custody rule 4" : "policy",
                     "%s%s%.160s by uid %u on [%s] with the mechanism %s (0x%lx), which %s; add it to the "
                     "mechanisms of a rule for that key",
                     sr_operation_name(a->operation), a->uri != NULL ? " " : "", a->uri != NULL ? a->uri : "",
                     (unsigned)work->peer.uid, work->socket->name, sr_mechanism_name(type), type,
                     off ? "is off unless a rule names it" : "no rule that allows the operation names");
}

/* What the client may not find is not there: the log knows better, the client is told no more than that. */
static CK_RV deny_existence(struct sr_work *work, const struct asked *a)
{
    CK_RV rv =
        SR_OPERATION_BIT(a->operation) & TO_OBJECTS ? CKR_OBJECT_HANDLE_INVALID : CKR_KEY_HANDLE_INVALID;

    (void)sr_refuse(work, rv, "policy", "%s %.160s by uid %u on [%s], to whom no line gives \"find\" of it",
                    sr_operation_name(a->operation), a->uri != NULL ? a->uri : "", (unsigned)work->peer.uid,
                    work->socket->name);
    return sr_explain(work, rv, "there is no object with that handle");
}

CK_RV sr_permit(struct sr_work *work, enum sr_operation operation, struct sr_token_object *object,
                CK_MECHANISM_TYPE mechanism)
{
    note(work, operation, object, mechanism);
    uint32_t may = allowed(work, object, mechanism);
    bool any_way = mechanism == CK_UNAVAILABLE_INFORMATION ||
                   (may & SR_OPERATION_BIT(operation) && may & SR_OPERATION_BIT(SR_OPERATION_FIND));
    uint32_t otherwise = any_way ? may : allowed(work, object, CK_UNAVAILABLE_INFORMATION);
    struct asked asked = {
        .operation = operation,
        .uri = object->uri != NULL ? object->uri : "",
        .question = {.on_token = !is_own(work, object) && object->card.flags & SR_CARD_TOKEN,
                     .mechanism = mechanism}};

    if (!(otherwise & SR_OPERATION_BIT(SR_OPERATION_FIND)))
        return deny_existence(work, &asked);
    if (object->reserved && !looks_only(operation))
        return sr_refuse(work,
                         operation == SR_OPERATION_DESTROY || operation == SR_OPERATION_CHANGE ||
                                 operation == SR_OPERATION_COPY
                             ? CKR_ACTION_PROHIBITED
                             : CKR_KEY_FUNCTION_NOT_PERMITTED,
                         "custody rule 5", "%s of \"%.*s\", which belongs to a job; use strongroom",
                         sr_operation_name(operation),
                         (int)(object->card.label.length < 64 ? object->card.label.length : 64),
                         (const char *)object->card.label.data);
    if (may & SR_OPERATION_BIT(operation))
        return CKR_OK;
    return otherwise & SR_OPERATION_BIT(operation) ? deny_mechanism(work, &asked)
                                                   : deny_operation(work, &asked);
}

static struct sr_bytes bytes_of(const CK_ATTRIBUTE *a)
{
    bool there = a != NULL && a->pValue != NULL && a->ulValueLen != CK_UNAVAILABLE_INFORMATION;
    return (struct sr_bytes){.length = there ? a->ulValueLen : 0, .data = there ? a->pValue : NULL};
}

/* What TEMPLATE will be called, as far as it says. */
static struct sr_subject subject_in(const struct sr_token *token, const struct sr_template *template)
{
    const char *name = token->config->label;
    const CK_ATTRIBUTE *class = sr_attribute_find(template->a, template->n, CKA_CLASS);
    CK_OBJECT_CLASS value =
        class != NULL ? sr_attribute_ulong(class, CK_UNAVAILABLE_INFORMATION) : CK_UNAVAILABLE_INFORMATION;

    /* The mechanism implies the class of keys that are generated, unwrapped or derived: templates need not.
     */
    return (struct sr_subject){.token = {.length = strlen(name), .data = (unsigned char *)name},
                               .label = bytes_of(sr_attribute_find(template->a, template->n, CKA_LABEL)),
                               .id = bytes_of(sr_attribute_find(template->a, template->n, CKA_ID)),
                               .class = value,
                               .any_class = class == NULL};
}

/* Custody rule 3: keys of plain bytes are not made, unless a rule says that these clients may. */
static CK_RV check_import(struct sr_work *work, const struct asked *a, const struct sr_template *template)
{
    struct sr_asker asker = asker_of(work);
    struct sr_grant grant;
    CK_OBJECT_CLASS class = sr_attribute_ulong(sr_attribute_find(template->a, template->n, CKA_CLASS),
                                               CK_UNAVAILABLE_INFORMATION);

    if (a->operation != SR_OPERATION_CREATE || (class != CKO_PRIVATE_KEY && class != CKO_SECRET_KEY) ||
        !sr_custody_on(work->config, SR_CUSTODY_IMPORT) || sr_policy_imports(&asker, &a->question, &grant))
        return CKR_OK;
    return sr_refuse(
        work, CKR_ATTRIBUTE_VALUE_INVALID, "custody rule 3",
        "create %.160s by uid %u on [%s]: a key of plain bytes; generate it in the token, unwrap it, or "
        "add \"import = yes\" to a rule with \"clients = user:%u\" whose keys match",
        a->uri, (unsigned)work->peer.uid, work->socket->name, (unsigned)work->peer.uid);
}

static CK_RV check_new(struct sr_work *work, struct asked *a, const struct sr_template *template)
{
    struct sr_asker asker = asker_of(work);
    uint32_t bit = SR_OPERATION_BIT(a->operation);

    if (sr_policy_operations(&asker, &a->question) & bit)
        return template != NULL ? check_import(work, a, template) : CKR_OK;
    struct sr_question otherwise = a->question;
    otherwise.mechanism = CK_UNAVAILABLE_INFORMATION;
    return sr_policy_operations(&asker, &otherwise) & bit ? deny_mechanism(work, a) : deny_operation(work, a);
}

CK_RV sr_permit_new(struct sr_work *work, enum sr_operation operation, struct sr_token *token,
                    const struct sr_template *template, CK_MECHANISM_TYPE mechanism)
{
    struct asked asked = {.operation = operation, .question = {.mechanism = mechanism}};
    struct sr_subject subject;
    char *uri = NULL;

    note(work, operation, NULL, mechanism);
    if (template == NULL)
        return allowed(work, NULL, mechanism) & SR_OPERATION_BIT(operation) ? CKR_OK
                                                                            : check_new(work, &asked, NULL);
    const CK_ATTRIBUTE *label = sr_attribute_find(template->a, template->n, CKA_LABEL);
    asked.question.made = true;
    asked.question.on_token =
        sr_attribute_bool(sr_attribute_find(template->a, template->n, CKA_TOKEN), false);
    if (label != NULL && sr_custody_reserved(label->pValue, label->ulValueLen))
        return sr_refuse(
            work, CKR_ATTRIBUTE_VALUE_INVALID, "custody rule 5",
            "a label that starts with session:, data:, totp: or backup:; those belong to the jobs");
    subject = subject_in(token, template);
    if (asked.question.on_token || operation == SR_OPERATION_CREATE)
        asked.question.subject = &subject;
    uri = sr_uri_of_object(token->config->label, template->a, template->n);
    asked.uri = uri != NULL ? uri : "";
    CK_RV rv = check_new(work, &asked, template);
    free(uri);
    return rv;
}

bool sr_permit_find(struct sr_work *work, const struct sr_token_object *object)
{
    return allowed(work, object, CK_UNAVAILABLE_INFORMATION) & SR_OPERATION_BIT(SR_OPERATION_FIND);
}

CK_FLAGS sr_permit_flags(struct sr_work *work, const struct sr_token_object *object)
{
    uint32_t may = allowed(work, object, CK_UNAVAILABLE_INFORMATION);
    CK_FLAGS flags = object->card.flags;

    for (unsigned i = SR_OPERATION_ENCRYPT; i <= SR_OPERATION_DERIVE; i++)
        if (!(may & SR_OPERATION_BIT(i)))
            flags &= ~SR_CARD_MAY(i);
    return flags;
}

bool sr_permit_listed(const struct sr_work *work, CK_MECHANISM_TYPE mechanism, CK_FLAGS *flags)
{
    struct sr_asker asker = asker_of(work);
    bool useless;

    if (!sr_custody_on(work->config, SR_CUSTODY_MECHANISMS) || sr_policy_names(&asker, mechanism))
        return true;
    *flags = sr_custody_flags(mechanism, *flags, &useless);
    return !useless && mechanism < CKM_VENDOR_DEFINED;
}
