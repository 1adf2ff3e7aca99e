/* What each slot's token can do: asked once per slot and generation, so that C_SignInit needs no round trip.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_MECHANISMS_H
#define STRONGROOM_SHIM_MECHANISMS_H

#include "cryptoki/cryptoki.h"

#include <stdbool.h>

/* C_GetMechanismInfo: CKR_MECHANISM_INVALID, or what the daemon said of the slot; the explanation is set. */
CK_RV sr_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info);

/* Has the slot's token a mechanism with FLAG at all? */
bool sr_mechanism_any(CK_SLOT_ID slot, CK_FLAGS flag);

/* C_GetMechanismList, with the conventions of PKCS#11 v3.0 §5.2. */
CK_RV sr_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n);

/* In a forked child, before anything else, one thread. */
void sr_mechanisms_after_fork(void);

#endif
