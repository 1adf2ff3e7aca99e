/* What the handlers of operations share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_HANDLE_OPERATE_H
#define STRONGROOM_DAEMON_HANDLE_OPERATE_H

#include "daemon/bulk.h"
#include "daemon/permit.h"

/* The key of an operation that is to begin, with a reference, if the rules let the client use it; NULL for a
 * digest, which has none. */
CK_RV sr_operate_key(struct sr_work *work, struct sr_token *token, CK_ULONG operation, CK_OBJECT_HANDLE key,
                     CK_MECHANISM_TYPE mechanism, struct sr_token_object **object);

/* The operation's session of the token, for another call: CKR_FUNCTION_CANCELED, explained, where it was
 * taken back. */
CK_RV sr_operate_use(struct sr_work *work, struct sr_parts *parts);

/* The rules once more, of an operation of the client's SESSION that goes on. */
CK_RV sr_operate_again(struct sr_work *work, CK_SESSION_HANDLE session, const struct sr_parts *parts);

#endif
