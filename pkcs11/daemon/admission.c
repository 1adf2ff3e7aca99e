/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/admission.h"

#include <string.h>
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

bool sr_admitted_is(const struct sr_admitted *line, const struct sr_peer *peer)
{
    return line->group ? is_member(peer, line->id) : peer->uid == line->id;
}

enum sr_right sr_admission(const struct sr_socket_config *socket, const struct sr_peer *peer)
{
    enum sr_right right = SR_RIGHT_NONE;
    for (size_t i = 0; i < socket->admitted_count; i++) {
        const struct sr_admitted *line = &socket->admitted[i];
        if (line->right > right && sr_admitted_is(line, peer))
            right = line->right;
    }
    return right;
}

bool sr_admission_admits(const struct sr_socket_config *socket, const struct sr_peer *peer)
{
    for (size_t i = 0; i < socket->admitted_count; i++)
        if (sr_admitted_is(&socket->admitted[i], peer))
            return true;
    return false;
}

/* Is PERMISSION the one that GIVEN names, or one of the group GIVEN? */
static bool covers(const char *given, const char *permission)
{
    size_t n = strlen(given);
    return strncmp(given, permission, n) == 0 && (permission[n] == '\0' || permission[n] == '.');
}

bool sr_admission_permits(const struct sr_socket_config *socket, const struct sr_peer *peer,
                          const char *permission)
{
    for (size_t i = 0; i < socket->admitted_count; i++) {
        const struct sr_admitted *line = &socket->admitted[i];
        const char *given = line->right == SR_RIGHT_MANAGE ? "family" : line->permission;
        if (given != NULL && covers(given, permission) && sr_admitted_is(line, peer))
            return true;
    }
    return false;
}

const char *sr_right_name(enum sr_right right)
{
    static const char *const names[] = {"none", "use", "manage"};
    return names[right];
}
