/* An object's card: what the daemon tells of it when it is found, so that C_SignInit needs no round trip and
 * the object can be found again after a reconnection by what it is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_CARD_H
#define STRONGROOM_WIRE_CARD_H

#include "wire/calls.h"

#define SR_CARD_TOKEN 1UL   /* a token object: outlives sessions and the daemon */
#define SR_CARD_PRIVATE 2UL /* seen by logged-in clients only */
/* A key whose attributes allow it that operation (up to SR_OPERATION_DERIVE), which this client may do. */
#define SR_CARD_MAY(operation) (0x100UL << (operation))

struct sr_card {
    CK_OBJECT_HANDLE handle; /* the daemon's, good for this client until the daemon goes */
    CK_ULONG flags;
    CK_OBJECT_CLASS class;
    CK_KEY_TYPE type;       /* keys only */
    CK_ULONG signature_max; /* bytes, an RSA block as well; 0 where it is not known */
    struct sr_bytes id;
    struct sr_bytes label;
    struct sr_bytes digest; /* SHA-256 of the public key or check value; none where the object has neither */
    struct sr_bytes mechanisms; /* CKA_ALLOWED_MECHANISMS, CK_MECHANISM_TYPE[]; none: any */
};

/* The fields of a card, for sr_encode and sr_decode. */
extern const struct sr_field sr_card_fields[];

/* The same object: everything but the handle and the flags agrees. */
bool sr_card_same(const struct sr_card *a, const struct sr_card *b);

#endif
