/* Reading attributes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"
#include "daemon/custody_switch.h"
#include "daemon/make.h"
#include "daemon/permit.h"
#include "daemon/recover.h"

#include <string.h>

#define VALUE_MAX ((CK_ULONG)256 << 10) /* of one attribute, bytes */

/* PKCS#11 v3.0 §5.7.5: with these, the other attributes are answered all the same. */
static bool partly_read(CK_RV rv)
{
    return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID;
}

/* The lengths of the N attributes, then the values into scratch memory. */
static CK_RV read_some(struct sr_work *work, const struct sr_token_object *object, CK_SESSION_HANDLE real,
                       CK_ATTRIBUTE *a, size_t n)
{
    CK_FUNCTION_LIST *f = object->token->module.f;
    CK_RV rv = f->C_GetAttributeValue(real, object->real, a, n);
    for (size_t i = 0; partly_read(rv) && i < n; i++) {
        if (a[i].ulValueLen == CK_UNAVAILABLE_INFORMATION || a[i].ulValueLen == 0)
            continue;
        a[i].pValue = a[i].ulValueLen <= VALUE_MAX ? sr_scratch_get(&work->scratch, a[i].ulValueLen) : NULL;
        if (a[i].pValue == NULL)
            return CKR_HOST_MEMORY;
    }
    return partly_read(rv) ? f->C_GetAttributeValue(real, object->real, a, n) : rv;
}

/* An attribute that is a template (PKCS#11 v3.0 §5.7.5): how many are in it, their types and lengths, then
 * their values. INNER has room for the templates of the whole reply, *USED are taken. */
static CK_RV read_template(struct sr_work *work, const struct sr_token_object *object, CK_SESSION_HANDLE real,
                           CK_ATTRIBUTE *a, CK_ATTRIBUTE *inner, size_t *used)
{
    CK_FUNCTION_LIST *f = object->token->module.f;
    CK_RV rv = f->C_GetAttributeValue(real, object->real, a, 1);
    if (!partly_read(rv) || a->ulValueLen == CK_UNAVAILABLE_INFORMATION || a->ulValueLen == 0)
        return rv;
    size_t n = a->ulValueLen / sizeof(*inner);
    if (n > SR_NESTED_MAX - *used)
        return CKR_GENERAL_ERROR;
    inner += *used;
    *used += n;
    memset(inner, 0, n * sizeof(*inner));
    a->pValue = inner;
    rv = f->C_GetAttributeValue(real, object->real, a, 1);
    for (size_t i = 0; rv == CKR_OK && i < n; i++) {
        if (inner[i].ulValueLen == CK_UNAVAILABLE_INFORMATION || inner[i].ulValueLen == 0)
            continue;
        inner[i].pValue = inner[i].ulValueLen <= VALUE_MAX && !sr_attribute_nests(inner[i].type)
                              ? sr_scratch_get(&work->scratch, inner[i].ulValueLen)
                              : NULL;
        if (inner[i].pValue == NULL)
            return CKR_HOST_MEMORY;
    }
    if (rv == CKR_OK)
        rv = f->C_GetAttributeValue(real, object->real, a, 1);
    if (rv != CKR_OK) /* all of it, or nothing */
        *a = (CK_ATTRIBUTE){a->type, NULL, CK_UNAVAILABLE_INFORMATION};
    return rv;
}

CK_RV sr_read_template(struct sr_work *work, const struct sr_token_object *object, CK_SESSION_HANDLE real,
                       CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE *inner, size_t *n)
{
    CK_ATTRIBUTE a = {type, NULL, 0};
    *n = 0;
    CK_RV rv = read_template(work, object, real, &a, inner, n);
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID) {
        *n = 0;
        rv = CKR_OK; /* the key has none */
    }
    return rv;
}

/* Asks the token for plain attributes: all at once, or one by one where that fails. */
static CK_RV read_plain(struct sr_work *work, const struct sr_token_object *object, CK_SESSION_HANDLE real,
                        CK_ATTRIBUTE *asked, size_t count)
{
    CK_RV rv = count > 0 ? read_some(work, object, real, asked, count) : CKR_OK;
    if (partly_read(rv) || rv == CKR_HOST_MEMORY)
        return rv;
    /* SoftHSM fails the whole call for the dates of private keys. */
    rv = CKR_OK;
    for (size_t i = 0; i < count; i++) {
        asked[i] = (CK_ATTRIBUTE){asked[i].type, NULL, 0};
        CK_RV one = read_some(work, object, real, &asked[i], 1);
        if (sr_recover_suspects(one) || one == CKR_OBJECT_HANDLE_INVALID)
            return one;
        if (!partly_read(one)) {
            asked[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
            rv = CKR_ATTRIBUTE_TYPE_INVALID;
        }
    }
    return rv;
}

/* Does rule 3 let the client have it? */
static bool readable(const struct sr_work *work, const struct sr_token_object *object, CK_ATTRIBUTE_TYPE type)
{
    return !sr_custody_on(work->config, SR_CUSTODY_READING) || sr_custody_readable(object->card.class, type);
}

/* Asks the token for what is readable, and puts the answers in the order of TYPES. */
static CK_RV read_values(struct sr_work *work, const struct sr_token_object *object, CK_SESSION_HANDLE real,
                         const CK_ATTRIBUTE_TYPE *types, size_t n, struct sr_read_reply *answer)
{
    CK_ATTRIBUTE asked[SR_TEMPLATE_MAX];
    CK_ATTRIBUTE *values = answer->values.a;
    size_t count = 0;
    size_t used = 0;
    bool withheld = false;

    for (size_t i = 0; i < n; i++)
        if (readable(work, object, types[i]) && !sr_attribute_nests(types[i]))
            asked[count++] = (CK_ATTRIBUTE){types[i], NULL, 0};
    CK_RV rv = read_plain(work, object, real, asked, count);
    if (!partly_read(rv))
        return rv;
    answer->status = rv;
    answer->values.n = n;
    for (size_t i = 0, k = 0; i < n; i++) {
        values[i] = (CK_ATTRIBUTE){types[i], NULL, CK_UNAVAILABLE_INFORMATION};
        if (!readable(work, object, types[i])) {
            withheld = true;
        } else if (!sr_attribute_nests(types[i])) {
            values[i] = asked[k++];
        } else {
            values[i].ulValueLen = 0;
            rv = read_template(work, object, real, &values[i], answer->values.nested, &used);
            if (!partly_read(rv))
                return rv;
            answer->status = rv != CKR_OK ? rv : answer->status;
        }
    }
    if (withheld)
        answer->status = CKR_ATTRIBUTE_SENSITIVE;
    return CKR_OK;
}

CK_RV sr_handle_read_attributes(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_read_request *r = request;
    struct sr_read_reply *answer = reply;
    size_t n = r->types.length / sizeof(CK_ATTRIBUTE_TYPE);
    struct sr_session_view view;
    struct sr_token *token;
    CK_SESSION_HANDLE real;

    if (n > SR_TEMPLATE_MAX || r->types.length % sizeof(CK_ATTRIBUTE_TYPE) != 0)
        return CKR_ARGUMENTS_BAD;
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
        rv = read_values(work, object, real, (const CK_ATTRIBUTE_TYPE *)r->types.data, n, answer);
        sr_token_return(token, real, rv);
    }
    sr_object_release(object);
    return rv;
}
