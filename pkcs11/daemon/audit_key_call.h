/* A call of Cryptoki as a line of the audit log.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AUDIT_KEY_CALL_H
#define STRONGROOM_DAEMON_AUDIT_KEY_CALL_H

#include "daemon/audit_call.h"

/* Writes the line where the call gets one, as sr_audit_call does. */
CK_RV sr_audit_key_call(struct sr_work *work, const struct sr_audited *audited);

/* Writes a line for each operation in parts that is under way in the session (0: in any of the client's). */
void sr_audit_abandoned(struct sr_work *work, CK_SESSION_HANDLE session);

#endif
