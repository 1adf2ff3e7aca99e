/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/attributes.h"

#include <stdlib.h>
#include <string.h>

/* The most one attribute may take: a bound on what a broken module can make us allocate. */
#define VALUE_MAX ((CK_ULONG)1 << 20)

/* PKCS#11 v3.0 §5.7.5: with these, the other attributes are valid all the same. */
static bool partly_read(CK_RV rv)
{
    return rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID;
}

CK_RV sr_attributes_read(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        a[i].pValue = NULL;
        a[i].ulValueLen = 0;
    }
    CK_RV rv = f->C_GetAttributeValue(session, object, a, n);
    if (!partly_read(rv))
        return rv;
    for (size_t i = 0; i < n; i++) {
        if (a[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
            a[i].ulValueLen = 0;
        if (a[i].ulValueLen > VALUE_MAX)
            return CKR_GENERAL_ERROR;
        if (a[i].ulValueLen == 0)
            continue;
        a[i].pValue = calloc(1, a[i].ulValueLen);
        if (a[i].pValue == NULL)
            return CKR_HOST_MEMORY;
    }
    rv = f->C_GetAttributeValue(session, object, a, n);
    for (size_t i = 0; i < n; i++)
        if (a[i].ulValueLen == CK_UNAVAILABLE_INFORMATION || a[i].pValue == NULL)
            a[i].ulValueLen = 0;
    return partly_read(rv) ? CKR_OK : rv;
}

void sr_attributes_free(CK_ATTRIBUTE *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i].pValue != NULL)
            explicit_bzero(a[i].pValue, a[i].ulValueLen);
        free(a[i].pValue);
        a[i].pValue = NULL;
        a[i].ulValueLen = 0;
    }
}

CK_ATTRIBUTE *sr_attribute_find(const CK_ATTRIBUTE *a, size_t n, CK_ATTRIBUTE_TYPE type)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].type == type)
            return (CK_ATTRIBUTE *)(a + i);
    return NULL;
}

CK_ULONG sr_attribute_ulong(const CK_ATTRIBUTE *a, CK_ULONG fallback)
{
    CK_ULONG value = fallback;
    if (a != NULL && a->pValue != NULL && a->ulValueLen == sizeof(value))
        memcpy(&value, a->pValue, sizeof(value));
    return value;
}

bool sr_attribute_bool(const CK_ATTRIBUTE *a, bool fallback)
{
    CK_BBOOL value = fallback;
    if (a != NULL && a->pValue != NULL && a->ulValueLen == sizeof(value))
        memcpy(&value, a->pValue, sizeof(value));
    return value != CK_FALSE;
}
