/* Message-based functions (PKCS#11 v3.0 §5.9, §5.11, §5.14, §5.16), for the function list of 3.0. One table
 * entry is one of these with the operation and the stage filled in.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_MESSAGE_H
#define STRONGROOM_SHIM_MESSAGE_H

#include "cryptoki/cryptoki.h"
#include "wire/calls.h"

/* A session may have one of each: encryption, decryption, signing, verification. */
#define SR_MESSAGE_CONTEXTS 4

/* What C_Message*Init began. */
struct sr_message_context {
    bool active;
    CK_MECHANISM_TYPE mechanism;
    CK_ULONG max;             /* bytes of a signature; 0: not known */
    unsigned long generation; /* in which the daemon has it */
};

/* Sets the entries of the function list. */
void sr_message_functions(struct sr_functions_3_0 *list);

#endif
