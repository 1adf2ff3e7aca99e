/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/permit.h"
#include "cryptoki/attributes.h"
#include "cryptoki/names.h"
#include "daemon/custody.h"

/* What needs the right to manage where it makes, changes or ends a token object. */
static bool manages(enum sr_operation operation)
{
    switch (operation) {
    case SR_OPERATION_UNWRAP:
    case SR_OPERATION_DERIVE:
    case SR_OPERATION_GENERATE:
    case SR_OPERATION_CREATE:
    case SR_OPERATION_COPY:
    case SR_OPERATION_CHANGE:
    case SR_OPERATION_DESTROY:
        return true;
    default:
        return false;
    }
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

static CK_RV check(struct sr_work *work, enum sr_operation operation, bool on_token,
                   CK_MECHANISM_TYPE mechanism)
{
    if (mechanism != CK_UNAVAILABLE_INFORMATION && sr_custody_leaks(operation, mechanism))
        return sr_refuse(work, CKR_MECHANISM_INVALID, "custody rule 4", "the mechanism %s",
                         sr_mechanism_name(mechanism));
    if (on_token && manages(operation) && work->right < SR_RIGHT_MANAGE)
        return sr_refuse(work, CKR_ACTION_PROHIBITED, "admission",
                         "%s of a token object needs the right \"manage\", and uid %u has \"%s\" on %s",
                         sr_operation_name(operation), (unsigned)work->peer.uid, sr_right_name(work->right),
                         work->socket->path);
    return CKR_OK;
}

CK_RV sr_permit(struct sr_work *work, enum sr_operation operation, struct sr_token_object *object,
                CK_MECHANISM_TYPE mechanism)
{
    note(work, operation, object, mechanism);
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
    /* Of what an operation makes, sr_permit_new asks. */
    bool alters = operation == SR_OPERATION_CHANGE || operation == SR_OPERATION_DESTROY;
    return check(work, operation, alters && (object->card.flags & SR_CARD_TOKEN) != 0, mechanism);
}

CK_RV sr_permit_new(struct sr_work *work, enum sr_operation operation, struct sr_token *token,
                    const struct sr_template *template, CK_MECHANISM_TYPE mechanism)
{
    bool on_token = false;
    (void)token;

    note(work, operation, NULL, mechanism);
    if (template != NULL) {
        const CK_ATTRIBUTE *label = sr_attribute_find(template->a, template->n, CKA_LABEL);
        on_token = sr_attribute_bool(sr_attribute_find(template->a, template->n, CKA_TOKEN), false);
        if (label != NULL && sr_custody_reserved(label->pValue, label->ulValueLen))
            return sr_refuse(
                work, CKR_ATTRIBUTE_VALUE_INVALID, "custody rule 5",
                "a label that starts with session:, data:, totp: or backup:; those belong to the jobs");
    }
    return check(work, operation, on_token, mechanism);
}

bool sr_permit_find(struct sr_work *work, const struct sr_token_object *object)
{
    (void)work;
    (void)object;
    return true;
}
