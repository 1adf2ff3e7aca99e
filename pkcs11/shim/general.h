/* What every entry point starts with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_GENERAL_H
#define STRONGROOM_SHIM_GENERAL_H

#include "cryptoki/cryptoki.h"

/* Forgets the last explanation, notices a fork, and says CKR_CRYPTOKI_NOT_INITIALIZED before C_Initialize. */
CK_RV sr_enter(void);

/* How often the module was initialised: one who waits must notice an end and a new beginning. */
unsigned long sr_initialised_times(void);

/* event.c's, in a forked child. */
void sr_events_after_fork(void);

/* Copies TEXT into a blank-padded field of a CK_*_INFO. */
void sr_pad(CK_UTF8CHAR *field, size_t size, const char *text);

#endif
