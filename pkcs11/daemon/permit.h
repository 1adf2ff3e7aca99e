/* What a client may do to which key: one question, asked by every handler before the token is.
 *
 * It is answered from the right that the socket's lists give, the rules of the policy, and the custody rules
 * 3 (import), 4 (mechanisms that leak) and 5 (jobs' objects). The answer is noted for the audit log.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_PERMIT_H
#define STRONGROOM_DAEMON_PERMIT_H

#include "daemon/work.h"

/* Before each call: the configuration that is in force now, and what it gives the client at the door. */
void sr_permit_begin(struct sr_work *work);

/* OPERATION on OBJECT, with the mechanism of that type (CK_UNAVAILABLE_INFORMATION: there is none). CKR_OK,
 * or a refusal that was logged and explained (sr_refuse). Where the client may not even find the object, the
 * handle means nothing: CKR_OBJECT_HANDLE_INVALID or CKR_KEY_HANDLE_INVALID. */
CK_RV sr_permit(struct sr_work *work, enum sr_operation operation, struct sr_token_object *object,
                CK_MECHANISM_TYPE mechanism);

/* OPERATION on what does not exist yet and will have TEMPLATE, or (TEMPLATE NULL) on no object at all:
 * SR_OPERATION_DIGEST, _RANDOM, _SEED. A token object's rule is found by the label, id and class that
 * TEMPLATE says (of a copy or a change: all those that the object will have). Secret and private keys that
 * are created of plain bytes are refused by custody rule 3, unless a rule says "import = yes". */
CK_RV sr_permit_new(struct sr_work *work, enum sr_operation operation, struct sr_token *token,
                    const struct sr_template *template, CK_MECHANISM_TYPE mechanism);

/* Does the client see the object at all (SR_OPERATION_FIND)? Says nothing, logs nothing. */
bool sr_permit_find(struct sr_work *work, const struct sr_token_object *object);

/* The flags of the object's card as the client is told them: without what it may not do with the key. */
CK_FLAGS sr_permit_flags(struct sr_work *work, const struct sr_token_object *object);

/* Is the client told of the mechanism? Not of one that is off for all that it is for; *FLAGS (of a
 * CK_MECHANISM_INFO) loses the operations for which it is off. */
bool sr_permit_listed(const struct sr_work *work, CK_MECHANISM_TYPE mechanism, CK_FLAGS *flags);

#endif
