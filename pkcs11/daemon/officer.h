/* What a token's security officer does, done by a process of its own: strongroomd runs itself again, as
 * `strongroomd --officer`, which loads the token's module, does one thing, says how it went, and ends.
 *
 * A login as security officer would throw every client's keys out of the daemon's own sessions (PKCS#11 v3.0
 * §5.6.8: it is the whole application's), and C_InitToken needs that there are none (§5.5.7).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_OFFICER_H
#define STRONGROOM_DAEMON_OFFICER_H

#include "daemon/config.h"

enum sr_order_kind {
    SR_ORDER_CHECK = 1,  /* is PIN the security officer's? */
    SR_ORDER_INIT_TOKEN, /* with the security officer's PIN */
    SR_ORDER_INIT_PIN,   /* with the security officer's PIN, and the user's NEW one */
    SR_ORDER_SET_PIN,    /* the user's from PIN to NEW */
    SR_ORDER_SET_SO_PIN, /* the security officer's from PIN to NEW */
};

struct sr_order {
    enum sr_order_kind kind;
    struct sr_bytes pin; /* borrowed, as NEW */
    struct sr_bytes new;
    int hold; /* a descriptor that the process has open for as long as it is at work, or -1 */
};

/* Does ORDER with the token that CONFIG names. True with *RV (and WHY, perhaps, where that is not CKR_OK)
 * when it is known how that went. False, with WHY, where the process ended or was ended without an answer,
 * after half a minute at most: then the token may have done it or not. Thread-safe; one process at a time is
 * best. */
bool sr_officer_do(const struct sr_token_config *config, const struct sr_order *order, CK_RV *rv,
                   struct sr_why *why);

/* The process itself: does the order that it reads from standard input, which is a socket, and answers there.
 * Returns its exit status. */
int sr_officer_main(void);

#endif
