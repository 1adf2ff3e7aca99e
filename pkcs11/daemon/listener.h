/* The listening sockets: made here, or passed by systemd.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_LISTENER_H
#define STRONGROOM_DAEMON_LISTENER_H

#include "daemon/work.h"

/* A listening socket for the configured one: one that systemd passed with the same path, or a new one at its
 * path, with its mode. A stale socket of a daemon that is gone is replaced; a living daemon's is an error. -1
 * on failure, with WHY. */
int sr_listen(const struct sr_socket_config *socket, struct sr_why *why);

/* Accepts connections on the LISTENERS (one per configured socket) until STOP_FD, a signalfd, has another
 * signal than SIGHUP, which has the configuration read again. */
void sr_accept_loop(struct sr_daemon *daemon, const int *listeners, int stop_fd);

#endif
