/* SIGHUP: the configuration is read again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_RELOAD_H
#define STRONGROOM_DAEMON_RELOAD_H

#include "daemon/work.h"

/* Reads the daemon's file. A good one takes force at once, also for clients that are connected: rules,
 * sockets' lists, custody-off, log-level, limits. What takes a restart is said in the log. With a broken one
 * all stays as it is, and the log says what is wrong. Called by the thread that accepts connections. */
void sr_reload(struct sr_daemon *daemon);

#endif
