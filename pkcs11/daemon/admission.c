/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/admission.h"

#include <sys/socket.h>

bool sr_peer_complete(int fd, struct sr_peer *peer)
{
    struct ucred connector;
    socklen_t size = sizeof(connector);

    peer->group_count = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &connector, &size) != 0 || connector.pid != peer->pid)
        return false;
    if (connector.uid != peer->uid)
        return true;
    size = sizeof(peer->groups);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &size) == 0)
        peer->group_count = size / sizeof(peer->groups[0]);
    return true;
}

static bool is_member(const struct sr_peer *peer, gid_t gid)
{
    if (peer->gid == gid)
        return true;
    for (size_t i = 0; i < peer->group_count; i++)
        if (peer->groups[i] == gid)
            return true;
    return false;
}

enum sr_right sr_admission(const struct sr_socket_config *socket, const struct sr_peer *peer)
{
    enum sr_right right = SR_RIGHT_NONE;
    for (size_t i = 0; i < socket->admitted_count; i++) {
        const struct sr_admitted *line = &socket->admitted[i];
        bool meant = line->group ? is_member(peer, line->id) : peer->uid == line->id;
        if (meant && line->right > right)
            right = line->right;
    }
    return right;
}

const char *sr_right_name(enum sr_right right)
{
    static const char *const names[] = {"none", "use", "manage"};
    return names[right];
}
