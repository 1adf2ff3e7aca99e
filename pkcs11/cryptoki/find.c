/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/find.h"

#include <stdint.h>
#include <stdlib.h>

#define BATCH 256

CK_RV sr_find(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, size_t n,
              CK_OBJECT_HANDLE **found, size_t *count)
{
    CK_OBJECT_HANDLE *all = NULL;
    size_t have = 0;

    *found = NULL;
    *count = 0;
    CK_RV rv = f->C_FindObjectsInit(session, (CK_ATTRIBUTE *)template, n);
    if (rv != CKR_OK)
        return rv;
    for (;;) {
        CK_OBJECT_HANDLE *more = reallocarray(all, have + BATCH, sizeof(*all));
        if (more == NULL) {
            rv = CKR_HOST_MEMORY;
            break;
        }
        all = more;
        CK_ULONG got = 0;
        rv = f->C_FindObjects(session, all + have, BATCH, &got);
        if (rv != CKR_OK || got == 0)
            break;
        if (got > BATCH) {
            rv = CKR_GENERAL_ERROR;
            break;
        }
        have += got;
    }
    CK_RV final = f->C_FindObjectsFinal(session);
    if (rv == CKR_OK)
        rv = final;
    if (rv != CKR_OK || have == 0) {
        free(all);
        return rv;
    }
    *found = all;
    *count = have;
    return CKR_OK;
}
