/* Refusing a connection before a thread was started for it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_TURN_AWAY_H
#define STRONGROOM_DAEMON_TURN_AWAY_H

#include "daemon/config.h"

/* Answers the hello that UID is about to send on FD, which was accepted on SOCKET, with the reason WHY, and
 * logs it: a line for each of the first, one per second of many. Takes FD over and never waits. Called by the
 * thread that accepts. */
void sr_turn_away(int fd, const struct sr_socket_config *socket, uid_t uid, const struct sr_why *why);

#endif
