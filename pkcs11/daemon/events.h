/* Tokens that came and went, for C_WaitForSlotEvent. Events are numbered; of several for one slot, only the
 * last is kept, as PKCS#11 v3.0 §5.5.8 has one flag for each slot.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_EVENTS_H
#define STRONGROOM_DAEMON_EVENTS_H

#include "cryptoki/cryptoki.h"

#include <stddef.h>

/* The token of the slot came or went. Thread-safe, as all here. */
void sr_event_note(size_t slot);

/* The number of the last event so far. */
CK_ULONG sr_event_last(void);

/* The first event after number SEEN: its number and *SLOT. Without one, sr_event_last and
 * CK_UNAVAILABLE_INFORMATION. */
CK_ULONG sr_event_after(CK_ULONG seen, CK_SLOT_ID *slot);

#endif
