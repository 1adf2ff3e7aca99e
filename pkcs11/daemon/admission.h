/* Who is at the other end of a socket, and what the configuration lets them do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_ADMISSION_H
#define STRONGROOM_DAEMON_ADMISSION_H

#include "daemon/config.h"

#define SR_GROUPS_MAX 256

struct sr_peer {
    pid_t pid; /* 0 where it lives in a namespace that we do not see into */
    uid_t uid;
    gid_t gid;
    gid_t groups[SR_GROUPS_MAX]; /* supplementary */
    size_t group_count;
};

/* Completes *PEER, whose pid, uid and gid came with a message (SCM_CREDENTIALS), with the supplementary
 * groups of the process that connected FD. They count only if that is the same process and user: a descriptor
 * may have been handed on. False if another process than the sender connected it. */
bool sr_peer_complete(int fd, struct sr_peer *peer);

/* Does the line of a list name PEER, by its user, its group or a supplementary one? */
bool sr_admitted_is(const struct sr_admitted *line, const struct sr_peer *peer);

/* The strongest right that a line of the socket's lists gives to PEER; SR_RIGHT_NONE where no line does. */
enum sr_right sr_admission(const struct sr_socket_config *socket, const struct sr_peer *peer);

/* Does a line of the lists name PEER at all, with a right or a permission? */
bool sr_admission_admits(const struct sr_socket_config *socket, const struct sr_peer *peer);

/* Does one give PERMISSION ("session.sign") to PEER, by itself or by its group ("session")? The right to
 * manage is also the permission to manage and list families, and none to use their keys. */
bool sr_admission_permits(const struct sr_socket_config *socket, const struct sr_peer *peer,
                          const char *permission);

/* "use", "manage" or "none". */
const char *sr_right_name(enum sr_right right);

#endif
