/* The parameter of one message (PKCS#11 v3.0: CK_GCM_MESSAGE_PARAMS, CK_CCM_MESSAGE_PARAMS,
 * CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS), which the token reads and writes: it may make the initialisation
 * vector, and gives the tag.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_MESSAGE_PARAMETER_H
#define STRONGROOM_WIRE_MESSAGE_PARAMETER_H

#include "wire/calls.h"

/* Room for any of the structures. */
struct sr_message_room {
    CK_ULONG words[8];
};

/* The bytes that a tag of REQUEST's length takes with the mechanism TYPE. */
size_t sr_message_tag_size(CK_MECHANISM_TYPE type, CK_ULONG tag_length);

/* Takes a caller's parameter apart into REQUEST, without copying: iv and tag point into the caller's memory,
 * to be read and written there. CKR_MECHANISM_PARAM_INVALID where it is not TYPE's. */
CK_RV sr_message_parameter_take(CK_MECHANISM_TYPE type, const void *parameter, CK_ULONG length,
                                struct sr_message_request *request);

/* The other way round: the structure in ROOM, of *LENGTH bytes, which points to what REQUEST's iv and tag do.
 * NULL where there is no parameter. CKR_MECHANISM_PARAM_INVALID where the lengths do not fit together. */
CK_RV sr_message_parameter_make(CK_MECHANISM_TYPE type, const struct sr_message_request *request,
                                struct sr_message_room *room, void **parameter, CK_ULONG *length);

#endif
