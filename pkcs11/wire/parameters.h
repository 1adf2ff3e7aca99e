/* Mechanism parameters on the wire: a table says which shape each mechanism's has, and of what parts a shape
 * is made. What has no pointers in it crosses as it lies in memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_PARAMETERS_H
#define STRONGROOM_WIRE_PARAMETERS_H

#include "cryptoki/cryptoki.h"
#include "wire/buffer.h"

#define SR_PARAMETER_MAX ((size_t)256 << 10) /* of a parameter's byte string */

/* A mechanism and room for its decoded parameter, which may point into itself: not to be moved. */
struct sr_mechanism {
    CK_MECHANISM m;
    CK_ULONG parameter[10]; /* the structure */
    CK_ULONG more[24];      /* what it points to, other than bytes */
};

/* Takes over a caller's mechanism, without copying what its parameter points to.
 * CKR_MECHANISM_PARAM_INVALID where the parameter does not have the mechanism's shape, or the shape is not
 * known: its pointers would mean nothing in another process. */
CK_RV sr_mechanism_set(struct sr_mechanism *to, const CK_MECHANISM *from);

/* The object handle in the parameter, in place; NULL where there is none (CK_INVALID_HANDLE included). Only
 * of a decoded mechanism: the caller's own memory is not to be changed. */
CK_OBJECT_HANDLE *sr_mechanism_handle(struct sr_mechanism *mechanism);

/* Has the parameter no pointers in it, so that its bytes are all of it? */
bool sr_mechanism_flat(const CK_MECHANISM *mechanism);

void sr_mechanism_encode(struct sr_buf *b, const struct sr_mechanism *mechanism);

/* Bytes of the parameter point into B's memory. False for what no peer of ours sends. */
bool sr_mechanism_decode(struct sr_buf *b, struct sr_mechanism *mechanism);

#endif
