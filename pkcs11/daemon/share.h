/* Everybody's share of the connections: how many there may be at once, and how many of one user.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_SHARE_H
#define STRONGROOM_DAEMON_SHARE_H

#include "daemon/config.h"

/* Sockets for administration have connections of their own: a crowd on the others keeps no administrator out.
 */
#define SR_SHARE_ADMINISTRATION 16

/* Counts one more connection of UID's on SOCKET. False, with WHY, where there are as many as CONFIG allows.
 * Thread-safe, as the other. */
bool sr_share_take(const struct sr_config *config, const struct sr_socket_config *socket, uid_t uid,
                   struct sr_why *why);

/* One less. */
void sr_share_give(const struct sr_socket_config *socket, uid_t uid);

#endif
