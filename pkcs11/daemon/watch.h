/* Looks once a second after each token: is it still there, is it back? One thread for each, so that a token
 * that hangs keeps nobody from the others.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_WATCH_H
#define STRONGROOM_DAEMON_WATCH_H

#include "daemon/token.h"

struct sr_watch;

/* NULL, and WHY says so, where there can be no thread. */
struct sr_watch *sr_watch_start(struct sr_token *tokens, size_t count, struct sr_why *why);

/* Ends the threads and frees all. False where one does not end in WAIT_MS: it hangs in its token, which is
 * not to be closed then. WATCH may be NULL. */
bool sr_watch_stop(struct sr_watch *watch, long long wait_ms);

#endif
