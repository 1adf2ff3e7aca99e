/* Known objects, from one life of their token to the next: they are found again by what they are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_OBJECT_AGAIN_H
#define STRONGROOM_DAEMON_OBJECT_AGAIN_H

#include "daemon/object.h"

/* The token's life is over: handles mean nothing any more, session objects and copies are lost. */
void sr_objects_lose(struct sr_token *token);

/* Finds the object again where its handle is of an earlier life, in a session borrowed for that. CKR_OK:
 * object->real is good, or the token is away and the next call in it says so. CKR_OBJECT_HANDLE_INVALID: it
 * is lost, not there any more, or cannot be told from another one. */
CK_RV sr_object_again(struct sr_token_object *object);

/* MADE was just described and is not known. Where it is one that was known in an earlier life, that one gets
 * its handle and is known by it. The caller has SESSION. */
void sr_object_meet(const struct sr_token_object *made, CK_SESSION_HANDLE session);

#endif
