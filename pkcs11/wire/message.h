/* Messages: structures on both sides, byte strings in between. How a structure is laid out on the wire is a
 * list of fields; one encoder and one decoder serve them all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_MESSAGE_H
#define STRONGROOM_WIRE_MESSAGE_H

#include "wire/parameters.h"

#define SR_TEMPLATE_MAX 64
#define SR_NESTED_MAX 32 /* attributes in all templates that are values */

/* A template. Decoded, the values point into the frame, or into NESTED: not to be moved then. ulValueLen is
 * CK_UNAVAILABLE_INFORMATION and pValue NULL for an attribute that could not be read (PKCS#11 v3.0 §5.7.5).
 */
struct sr_template {
    size_t n;
    CK_ATTRIBUTE a[SR_TEMPLATE_MAX];
    CK_ATTRIBUTE nested[SR_NESTED_MAX];
};

enum sr_field_kind {
    SR_FIELD_END,
    SR_FIELD_ULONG, /* CK_ULONG */
    SR_FIELD_BYTES, /* struct sr_bytes; arrays of CK_ULONG and CK_*_INFO as well: both sides have one ABI */
    SR_FIELD_TEMPLATE,  /* struct sr_template, every attribute with its value */
    SR_FIELD_VALUES,    /* struct sr_template, as C_GetAttributeValue filled it in: values may be missing */
    SR_FIELD_MECHANISM, /* struct sr_mechanism */
};

struct sr_field {
    enum sr_field_kind kind;
    size_t offset;
};

/* Appends the structure at MESSAGE to B, field by field. Failure is B's. */
void sr_encode(struct sr_buf *b, const struct sr_field *fields, const void *message);

/* Fills the structure at MESSAGE from B. Byte strings point into B's memory. True if all fields were there;
 * what follows them is left in B. */
bool sr_decode(struct sr_buf *b, const struct sr_field *fields, void *message);

/* Is the attribute's value a template itself (CKA_WRAP_TEMPLATE and its kind)? */
bool sr_attribute_nests(CK_ATTRIBUTE_TYPE type);

/* Takes over a caller's template, without copying values. CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_TYPE_INVALID for
 * more than SR_TEMPLATE_MAX attributes, or CKR_ATTRIBUTE_VALUE_INVALID for templates in templates in
 * templates, or more than SR_NESTED_MAX attributes in inner ones. */
CK_RV sr_template_set(struct sr_template *to, const CK_ATTRIBUTE *from, CK_ULONG n);

#endif
