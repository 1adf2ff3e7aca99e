/* What strongroomd and the security officer's process say to each other: one byte, with the descriptor to
 * hold if there is one, then one message each way, up to the end of the connection. Both are the same
 * program.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_OFFICER_WIRE_H
#define STRONGROOM_DAEMON_OFFICER_WIRE_H

#include "wire/message.h"

#define SR_OFFICER_MAX 16384 /* bytes of a message: two paths, a label, two PINs */
#define SR_OFFICER_S 30      /* that the process may take */

struct sr_officer_message {
    CK_ULONG kind; /* enum sr_order_kind */
    struct sr_bytes module;
    CK_ULONG has_init_args;
    struct sr_bytes init_args;
    struct sr_bytes label;
    struct sr_bytes pin;
    struct sr_bytes new;
};
extern const struct sr_field sr_officer_message_fields[];

struct sr_officer_answer {
    CK_RV rv;
    struct sr_bytes why;
};
extern const struct sr_field sr_officer_answer_fields[];

#endif
