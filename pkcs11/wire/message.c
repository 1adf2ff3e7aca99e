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

/* §6.3.8: p11-kit's header has the mechanism, and not its parameter. */
struct eddsa_parameter {
    CK_BBOOL prehash;
    CK_ULONG context_length;
    CK_BYTE *context;
};

enum shape {
    SHAPE_NONE,  /* no parameter */
    SHAPE_PSS,   /* CK_RSA_PKCS_PSS_PARAMS: three integers */
    SHAPE_EDDSA, /* CK_EDDSA_PARAMS, or none */
    SHAPE_BYTES, /* whatever a vendor's mechanism takes, as it lies in memory */
};

static enum shape shape_of(CK_MECHANISM_TYPE type)
{
    switch (type) {
    case CKM_RSA_PKCS_PSS:
    case CKM_SHA1_RSA_PKCS_PSS:
    case CKM_SHA224_RSA_PKCS_PSS:
    case CKM_SHA256_RSA_PKCS_PSS:
    case CKM_SHA384_RSA_PKCS_PSS:
    case CKM_SHA512_RSA_PKCS_PSS:
        return SHAPE_PSS;
    case CKM_EDDSA:
        return SHAPE_EDDSA;
    default:
        return type & CKM_VENDOR_DEFINED ? SHAPE_BYTES : SHAPE_NONE;
    }
}

static bool fits(const CK_MECHANISM *m)
{
    if (m->ulParameterLen > 0 && m->pParameter == NULL)
        return false;
    switch (shape_of(m->mechanism)) {
    case SHAPE_NONE:
        return m->ulParameterLen == 0;
    case SHAPE_PSS:
        return m->ulParameterLen == sizeof(CK_RSA_PKCS_PSS_PARAMS);
    case SHAPE_EDDSA:
        return m->ulParameterLen == 0 || m->ulParameterLen == sizeof(struct eddsa_parameter);
    case SHAPE_BYTES:
        return true;
    }
    return false;
}

CK_RV sr_mechanism_set(struct sr_mechanism *to, const CK_MECHANISM *from)
{
    if (!fits(from))
        return CKR_MECHANISM_PARAM_INVALID;
    to->m = *from;
    if (from->ulParameterLen == 0)
        to->m.pParameter = NULL;
    return CKR_OK;
}

CK_RV sr_template_set(struct sr_template *to, const CK_ATTRIBUTE *from, CK_ULONG n)
{
    if (n > SR_TEMPLATE_MAX)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (n > 0 && from == NULL)
        return CKR_ARGUMENTS_BAD;
    for (CK_ULONG i = 0; i < n; i++) {
        if (sr_attribute_nests(from[i].type))
            return CKR_ATTRIBUTE_TYPE_INVALID;
        if (from[i].ulValueLen > 0 && from[i].pValue == NULL)
            return CKR_ARGUMENTS_BAD;
        to->a[i] = from[i];
    }
    to->n = n;
    return CKR_OK;
}

static void encode_template(struct sr_buf *b, const struct sr_template *t)
{
    sr_buf_put_u64(b, t->n);
    for (size_t i = 0; i < t->n; i++) {
        bool available = t->a[i].ulValueLen != CK_UNAVAILABLE_INFORMATION;
        sr_buf_put_u64(b, t->a[i].type);
        sr_buf_put_u64(b, available);
        sr_buf_put_bytes(b, t->a[i].pValue, available ? t->a[i].ulValueLen : 0);
    }
}

/* MISSING: may values be missing? In what was read they may; a token that is given one would read from
 * nowhere. */
static bool decode_template(struct sr_buf *b, struct sr_template *t, bool missing)
{
    uint64_t n = sr_buf_get_u64(b);
    if (n > SR_TEMPLATE_MAX)
        return false;
    t->n = (size_t)n;
    for (size_t i = 0; i < t->n; i++) {
        t->a[i].type = sr_buf_get_u64(b);
        bool there = sr_buf_get_u64(b) != 0;
        struct sr_bytes value = sr_buf_get_bytes(b);
        t->a[i].pValue = value.data;
        t->a[i].ulValueLen = there ? value.length : CK_UNAVAILABLE_INFORMATION;
        if (there ? sr_attribute_nests(t->a[i].type) : !missing)
            return false;
    }
    return sr_buf_ok(b);
}

static void encode_mechanism(struct sr_buf *b, const struct sr_mechanism *mechanism)
{
    const CK_MECHANISM *m = &mechanism->m;
    sr_buf_put_u64(b, m->mechanism);
    if (shape_of(m->mechanism) == SHAPE_EDDSA && m->ulParameterLen == sizeof(struct eddsa_parameter)) {
        struct eddsa_parameter p;
        memcpy(&p, m->pParameter, sizeof(p));
        sr_buf_put_u64(b, 1);
        sr_buf_put_u64(b, p.prehash);
        sr_buf_put_bytes(b, p.context, p.context != NULL ? p.context_length : 0);
        return;
    }
    sr_buf_put_u64(b, 0);
    sr_buf_put_bytes(b, m->pParameter, m->ulParameterLen);
}

static bool decode_mechanism(struct sr_buf *b, struct sr_mechanism *mechanism)
{
    CK_MECHANISM *m = &mechanism->m;
    m->mechanism = sr_buf_get_u64(b);
    bool structured = sr_buf_get_u64(b) != 0;
    if (structured) {
        struct eddsa_parameter p = {.prehash = sr_buf_get_u64(b) != 0};
        struct sr_bytes context = sr_buf_get_bytes(b);
        p.context = context.data;
        p.context_length = context.length;
        _Static_assert(sizeof(p) <= sizeof(mechanism->parameter), "room for the parameter");
        memcpy(mechanism->parameter, &p, sizeof(p));
        m->pParameter = mechanism->parameter;
        m->ulParameterLen = sizeof(p);
        return sr_buf_ok(b) && shape_of(m->mechanism) == SHAPE_EDDSA;
    }
    struct sr_bytes parameter = sr_buf_get_bytes(b);
    m->pParameter = parameter.data;
    m->ulParameterLen = parameter.length;
    /* Bytes that are no pointers may cross as they are; a peer that sends pointers is not believed. */
    return sr_buf_ok(b) && fits(m) && !(shape_of(m->mechanism) == SHAPE_EDDSA && m->ulParameterLen > 0);
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
            encode_mechanism(b, field);
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
            ok = decode_mechanism(b, field);
            break;
        case SR_FIELD_END:
            break;
        }
    }
    return ok && sr_buf_ok(b);
}
