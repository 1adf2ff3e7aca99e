/* The thread that lets time pass for the jobs: versions become due, and their grace ends.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_TICK_H
#define STRONGROOM_DAEMON_TICK_H

#include "daemon/work.h"

struct sr_tick;

/* Starts it; NULL where that fails. DAEMON has jobs. */
struct sr_tick *sr_tick_start(struct sr_daemon *daemon, struct sr_why *why);

/* Ends and frees it. False, and nothing is freed, where it hangs in a call for longer than WAIT_MS. TICK may
 * be NULL. */
bool sr_tick_stop(struct sr_tick *tick, long long wait_ms);

#endif
