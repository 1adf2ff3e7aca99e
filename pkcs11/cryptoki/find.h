/* Searching a session's objects.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_FIND_H
#define STRONGROOM_CRYPTOKI_FIND_H

#include "cryptoki/cryptoki.h"

#include <stddef.h>

/* One whole search (C_FindObjectsInit, C_FindObjects until there is no more, C_FindObjectsFinal) for what
 * matches the N attributes of TEMPLATE. *FOUND is allocated, the caller frees it; NULL where nothing was
 * found. */
CK_RV sr_find(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, size_t n,
              CK_OBJECT_HANDLE **found, size_t *count);

#endif
