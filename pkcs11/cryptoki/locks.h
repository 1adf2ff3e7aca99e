/* Mutexes for a module (PKCS#11 v3.0 §3.7, CK_C_INITIALIZE_ARGS): they stay awake for a moment before they
 * sleep. SoftHSM takes a lock for some microseconds for each attribute of a key that it reads; a thread that
 * goes to sleep for that costs two switches of context.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_LOCKS_H
#define STRONGROOM_CRYPTOKI_LOCKS_H

#include "cryptoki/cryptoki.h"

/* Puts them into ARGS. The code that calls this must stay mapped for as long as the module is. */
void sr_locks_offer(CK_C_INITIALIZE_ARGS *args);

#endif
