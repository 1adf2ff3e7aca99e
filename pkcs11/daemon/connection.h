/* One connection: a thread that reads requests, checks their sender, and answers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CONNECTION_H
#define STRONGROOM_DAEMON_CONNECTION_H

#include "daemon/work.h"

/* Serves the accepted socket FD, which the listener of the configuration's socket number PLACE gave and UID
 * connected, on a thread of its own, and closes it at the end. Takes FD over in any case, and UID's share of
 * the connections (share.h); counts in daemon->connections for as long as it lasts. */
void sr_connection_start(struct sr_daemon *daemon, size_t place, int fd, uid_t uid);

/* Ends all connections: each finishes the call at work. Returns when all are gone, or after WAIT_MS. */
void sr_connections_stop(struct sr_daemon *daemon, long long wait_ms);

#endif
