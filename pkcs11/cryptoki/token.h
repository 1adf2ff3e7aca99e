/* Finding a token by what it is. Slot numbers are never kept: SoftHSM gives a token a new one when it
 * re-reads its folder.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_TOKEN_H
#define STRONGROOM_CRYPTOKI_TOKEN_H

#include "cryptoki/cryptoki.h"

#include <stdbool.h>
#include <stddef.h>

/* The slots with a token present. *SLOTS is allocated, the caller frees it; NULL where there is none. */
CK_RV sr_slots(CK_FUNCTION_LIST *f, CK_SLOT_ID **slots, size_t *count);

/* Called with each present token; returns true to choose it. */
typedef bool (*sr_token_match)(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg);

/* The first token that MATCH chooses: CKR_OK with *SLOT and *INFO, or CKR_TOKEN_NOT_PRESENT. With RETRY,
 * looks again for up to a second: while another process logs in, SoftHSM's token files are empty for a
 * moment. */
CK_RV sr_token_find(CK_FUNCTION_LIST *f, sr_token_match match, const void *arg, bool retry, CK_SLOT_ID *slot,
                    CK_TOKEN_INFO *info);

/* A match: the token whose label is the string ARG. */
bool sr_token_labelled(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg);

/* A blank-padded field of a CK_*_INFO as a string: OUT holds SIZE bytes, which is more than LENGTH. */
void sr_unpad(const CK_UTF8CHAR *field, size_t length, char *out, size_t size);

#endif
