/* Attribute lists: building templates, reading values of any size.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_ATTRIBUTES_H
#define STRONGROOM_CRYPTOKI_ATTRIBUTES_H

#include "cryptoki/cryptoki.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads the N attributes whose types A names: lengths first, then the values into memory that this allocates.
 * An attribute that the object does not have, or does not show, gets pValue NULL and ulValueLen 0, and is no
 * error (PKCS#11 v3.0 §5.7.5 names the three return values that still fill in the rest). The caller frees
 * with sr_attributes_free, on failure too. */
CK_RV sr_attributes_read(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *a, size_t n);

/* Cleanses and frees the values of A that sr_attributes_read allocated. */
void sr_attributes_free(CK_ATTRIBUTE *a, size_t n);

/* The attribute of TYPE among the N of A, or NULL. */
CK_ATTRIBUTE *sr_attribute_find(const CK_ATTRIBUTE *a, size_t n, CK_ATTRIBUTE_TYPE type);

/* The value as a CK_ULONG or CK_BBOOL, or FALLBACK where there is no A or its size is another one. */
CK_ULONG sr_attribute_ulong(const CK_ATTRIBUTE *a, CK_ULONG fallback);
bool sr_attribute_bool(const CK_ATTRIBUTE *a, bool fallback);

#endif
