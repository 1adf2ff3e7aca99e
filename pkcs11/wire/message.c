/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include <string.h>

/* PKCS#11 v3.0 Annex A: this bit says that a value is an array of attributes, CKA_ALLOWED_MECHANISMS
 * excepted. */
#define ARRAY_BIT 0x40000000UL
#define ALLOWED_MECHANISMS (ARRAY_BIT | 0x600UL)

bool sr_attribute_nests(CK_ATTRIBUTE_TYPE type)
{
    return (type & ARRAY_BIT) && type != ALLOWED_MECHANISMS;
}

/* May value A be followed? Inner templates (DEPTH 1) have no further ones in them. */
static CK_RV check_value(const CK_ATTRIBUTE *a, int depth)
{
    if (a->ulValueLen > 0 && a->pValue == NULL)
        return CKR_ARGUMENTS_BAD;
    if (!sr_attribute_nests(a->type))
        return CKR_OK;
    size_t n = a->ulValueLen / sizeof(CK_ATTRIBUTE);
    if (depth > 0 || n > SR_NESTED_MAX || a->ulValueLen % sizeof(CK_ATTRIBUTE) != 0)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    const CK_ATTRIBUTE *inner = a->pValue;
    CK_RV rv = CKR_OK;
    for (size_t i = 0; rv == CKR_OK && i < n; i++)
        rv = check_value(&inner[i], depth + 1);
    return rv;
}

CK_RV sr_template_set(struct sr_template *to, const CK_ATTRIBUTE *from, CK_ULONG n)
{
    size_t nested = 0;
    if (n > SR_TEMPLATE_MAX)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (n > 0 && from == NULL)
        return CKR_ARGUMENTS_BAD;
    for (CK_ULONG i = 0; i < n; i++) {
        CK_RV rv = check_value(&from[i], 0);
        if (rv != CKR_OK)
            return rv;
        nested += sr_attribute_nests(from[i].type) ? from[i].ulValueLen / sizeof(CK_ATTRIBUTE) : 0;
        to->a[i] = from[i];
    }
    to->n = n;
    return nested <= SR_NESTED_MAX ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* What an attribute's value is on the wire. */
enum value_kind { VALUE_MISSING, VALUE_BYTES, VALUE_TEMPLATE };

static void encode_attribute(struct sr_buf *b, const CK_ATTRIBUTE *a)
{
    sr_buf_put_u64(b, a->type);
    if (a->ulValueLen == CK_UNAVAILABLE_INFORMATION) {
        sr_buf_put_u64(b, VALUE_MISSING);
    } else if (sr_attribute_nests(a->type)) {
        const CK_ATTRIBUTE *inner = a->pValue;
        size_t n = a->ulValueLen / sizeof(*inner);
        sr_buf_put_u64(b, VALUE_TEMPLATE);
        sr_buf_put_u64(b, n);
        for (size_t i = 0; i < n; i++)
            encode_attribute(b, &inner[i]);
    } else {
        sr_buf_put_u64(b, VALUE_BYTES);
        sr_buf_put_bytes(b, a->pValue, a->ulValueLen);
    }
}

static void encode_template(struct sr_buf *b, const struct sr_template *t)
{
    sr_buf_put_u64(b, t->n);
    for (size_t i = 0; i < t->n; i++)
        encode_attribute(b, &t->a[i]);
}

/* An attribute whose value is not a template; its type and kind were read. MISSING: may the value be missing?
 * In what was read it may; a token that is given none would read from nowhere. */
static bool decode_value(struct sr_buf *b, CK_ATTRIBUTE *a, uint64_t kind, bool missing)
{
    a->pValue = NULL;
    a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    if (kind == VALUE_MISSING)
        return missing;
    struct sr_bytes value = sr_buf_get_bytes(b);
    a->pValue = value.data;
    a->ulValueLen = value.length;
    return kind == VALUE_BYTES && !sr_attribute_nests(a->type);
}

static bool decode_inner(struct sr_buf *b, struct sr_template *t, CK_ATTRIBUTE *a, size_t *used, bool missing)
{
    uint64_t n = sr_buf_get_u64(b);
    bool ok = sr_attribute_nests(a->type) && n <= SR_NESTED_MAX - *used;
    a->pValue = t->nested + *used;
    a->ulValueLen = ok ? (CK_ULONG)n * sizeof(CK_ATTRIBUTE) : 0;
    for (uint64_t i = 0; ok && i < n; i++) {
        CK_ATTRIBUTE *inner = &t->nested[(*used)++];
        inner->type = sr_buf_get_u64(b);
        uint64_t kind = sr_buf_get_u64(b);
        ok = decode_value(b, inner, kind, missing);
    }
    return ok;
}

static bool decode_template(struct sr_buf *b, struct sr_template *t, bool missing)
{
    uint64_t n = sr_buf_get_u64(b);
    size_t used = 0;
    bool ok = n <= SR_TEMPLATE_MAX;
    t->n = ok ? (size_t)n : 0;
    for (size_t i = 0; ok && i < t->n; i++) {
        CK_ATTRIBUTE *a = &t->a[i];
        a->type = sr_buf_get_u64(b);
        uint64_t kind = sr_buf_get_u64(b);
        ok = kind == VALUE_TEMPLATE ? decode_inner(b, t, a, &used, missing)
                                    : decode_value(b, a, kind, missing);
    }
    return ok && sr_buf_ok(b);
}

void sr_encode(struct sr_buf *b, const struct sr_field *fields, const void *message)
{
    for (; fields->kind != SR_FIELD_END; fields++) {
        const void *field = (const char *)message + fields->offset;
        switch (fields->kind) {
        case SR_FIELD_ULONG:
            sr_buf_put_u64(b, *(const CK_ULONG *)field);
            break;
        case SR_FIELD_BYTES: {
            const struct sr_bytes *bytes = field;
            sr_buf_put_bytes(b, bytes->data, bytes->length);
            break;
        }
        case SR_FIELD_TEMPLATE:
        case SR_FIELD_VALUES:
            encode_template(b, field);
            break;
        case SR_FIELD_MECHANISM:
            sr_mechanism_encode(b, field);
            break;
        case SR_FIELD_END:
            break;
        }
    }
}

bool sr_decode(struct sr_buf *b, const struct sr_field *fields, void *message)
{
    bool ok = true;
    for (; ok && fields->kind != SR_FIELD_END; fields++) {
        void *field = (char *)message + fields->offset;
        switch (fields->kind) {
        case SR_FIELD_ULONG:
            *(CK_ULONG *)field = sr_buf_get_u64(b);
            break;
        case SR_FIELD_BYTES:
            *(struct sr_bytes *)field = sr_buf_get_bytes(b);
            break;
        case SR_FIELD_TEMPLATE:
        case SR_FIELD_VALUES:
            ok = decode_template(b, field, fields->kind == SR_FIELD_VALUES);
            break;
        case SR_FIELD_MECHANISM:
            ok = sr_mechanism_decode(b, field);
            break;
        case SR_FIELD_END:
            break;
        }
    }
    return ok && sr_buf_ok(b);
}
