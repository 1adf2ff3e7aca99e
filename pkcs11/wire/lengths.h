/* What is known beforehand of the length of an operation's output, by mechanism.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_LENGTHS_H
#define STRONGROOM_WIRE_LENGTHS_H

#include "wire/calls.h"

enum sr_length_kind {
    SR_LENGTH_UNKNOWN,
    SR_LENGTH_MOST,  /* there may be fewer bytes */
    SR_LENGTH_EXACT, /* what the specification has; a token that gives more is served all the same */
};

struct sr_length {
    enum sr_length_kind kind;
    CK_ULONG bytes;
};

/* Of a whole operation on N bytes. KEY is the longest signature or RSA block of the key, 0: not known. */
struct sr_length sr_length_whole(CK_ULONG operation, const CK_MECHANISM *mechanism, CK_ULONG key, CK_ULONG n);

/* Of a part of N bytes, and of the end, when BEFORE bytes went in already. */
struct sr_length sr_length_part(CK_ULONG operation, const CK_MECHANISM *mechanism, CK_ULONG before,
                                CK_ULONG n);
struct sr_length sr_length_end(CK_ULONG operation, const CK_MECHANISM *mechanism, CK_ULONG key,
                               CK_ULONG before);

/* Does decryption find out only at its end whether the data were tampered with? */
bool sr_mechanism_seals(CK_MECHANISM_TYPE type);

/* CKR_MECHANISM_PARAM_INVALID where a cipher's parameter cannot be one by its size. */
CK_RV sr_cipher_parameter(const CK_MECHANISM *mechanism);

#endif
