/* Names of return values and mechanisms, for messages.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_NAMES_H
#define STRONGROOM_CRYPTOKI_NAMES_H

#include "cryptoki/cryptoki.h"

#include <stdbool.h>

/* "CKR_PIN_INCORRECT"; "CKR_VENDOR" and "CKR_UNKNOWN" for values without a name. A static string. */
const char *sr_rv_name(CK_RV rv);

/* "CKM_ECDSA"; "an unnamed mechanism" for the others. A static string. */
const char *sr_mechanism_name(CK_MECHANISM_TYPE type);

/* The other way round, or a number ("0x80000001", "4225"). False where it is neither. */
bool sr_mechanism_named(const char *name, CK_MECHANISM_TYPE *type);

#endif
