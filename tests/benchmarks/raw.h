/* The raw token in the program's own process: what strongroomd is measured against.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_BENCHMARKS_RAW_H
#define STRONGROOM_BENCHMARKS_RAW_H

#include "cryptoki/module.h"

struct bench_raw {
    struct sr_module module;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; /* read/write, logged in */
};

/* False after a message, which names WHAT, where RV is not CKR_OK. */
bool bench_fine(CK_RV rv, const char *what);

/* The token of TOKEN_MODULE, TOKEN_LABEL and TOKEN_PIN_FILE (empty: it wants no login). False after a
 * message. */
bool bench_raw_open(struct bench_raw *raw);

/* Generates a key of SIZE bytes that may do two things (CKA_SIGN, ...): a token object of that LABEL, or
 * (NULL) a session object. False after a message. */
bool bench_raw_key(const struct bench_raw *raw, CK_MECHANISM_TYPE generate, CK_ULONG size, const char *label,
                   CK_ATTRIBUTE_TYPE one, CK_ATTRIBUTE_TYPE other, CK_OBJECT_HANDLE *key);

/* One more session. False after a message. */
bool bench_raw_session(const struct bench_raw *raw, CK_SESSION_HANDLE *session);

#endif
