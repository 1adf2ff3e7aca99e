/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ahead.h"

#include <string.h>

static bool same_mechanism(const CK_MECHANISM *a, const CK_MECHANISM *b)
{
    return a->mechanism == b->mechanism && a->ulParameterLen == b->ulParameterLen &&
           (a->ulParameterLen == 0 || memcmp(a->pParameter, b->pParameter, a->ulParameterLen) == 0);
}

void sr_ahead_expect(struct sr_ahead *ahead, struct sr_token_object *object, const CK_MECHANISM *mechanism,
                     CK_OBJECT_HANDLE key)
{
    struct sr_mechanism *m = &ahead->mechanism;

    if (!sr_mechanism_flat(mechanism) || mechanism->ulParameterLen > sizeof(m->parameter)) {
        sr_ahead_forget(ahead);
        return;
    }
    if (ahead->object != object) {
        sr_ahead_forget(ahead);
        atomic_fetch_add(&object->refs, 1);
        ahead->object = object;
    }
    m->m = (CK_MECHANISM){mechanism->mechanism, NULL, mechanism->ulParameterLen};
    if (mechanism->ulParameterLen > 0) {
        memcpy(m->parameter, mechanism->pParameter, mechanism->ulParameterLen);
        m->m.pParameter = m->parameter;
    }
    ahead->key = key;
}

void sr_ahead_begin(struct sr_ahead *ahead)
{
    if (ahead->object == NULL || ahead->begun)
        return;
    struct sr_token *token = ahead->object->token;
    CK_MECHANISM mechanism = ahead->mechanism.m;
    if (!sr_token_borrow_idle(token, &ahead->real))
        return;
    CK_RV rv = token->module.f->C_SignInit(ahead->real, &mechanism, ahead->key);
    if (rv == CKR_OK) {
        ahead->begun = true;
    } else {
        sr_token_return(token, ahead->real, rv);
        sr_ahead_forget(ahead);
    }
}

bool sr_ahead_take(struct sr_ahead *ahead, struct sr_token_object *object, const CK_MECHANISM *mechanism,
                   CK_SESSION_HANDLE *real)
{
    CK_OBJECT_HANDLE key;

    if (!ahead->begun)
        return false;
    if (ahead->object != object || !same_mechanism(&ahead->mechanism.m, mechanism) ||
        sr_object_key(object, ahead->real, &key) != CKR_OK || key != ahead->key) {
        sr_ahead_forget(ahead);
        return false;
    }
    *real = ahead->real;
    ahead->begun = false;
    return true;
}

void sr_ahead_undo(struct sr_ahead *ahead)
{
    if (!ahead->begun)
        return;
    ahead->begun = false;
    /* A session with an operation in it is not lent again: 2.40 has no call that ends one unused. */
    sr_token_return(ahead->object->token, ahead->real, CKR_FUNCTION_CANCELED);
}

void sr_ahead_undo_lost(struct sr_ahead *ahead)
{
    if (ahead->begun && atomic_load(&ahead->object->token->recovery.away))
        sr_ahead_undo(ahead);
}

void sr_ahead_forget(struct sr_ahead *ahead)
{
    sr_ahead_undo(ahead);
    sr_object_release(ahead->object);
    ahead->object = NULL;
}
