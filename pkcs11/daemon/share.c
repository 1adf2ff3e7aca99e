/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/share.h"

#include <pthread.h>
#include <stdlib.h>

struct user {
    uid_t uid;
    size_t connections; /* more than 0 */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for what follows */
static struct user *users;                               /* who has connections, in no order */
static size_t user_count;
static size_t user_room;
static size_t ordinary;       /* connections */
static size_t administration; /* connections */

/* UID's entry; a new one with no connections where there is none. NULL when out of memory. */
static struct user *user_of(uid_t uid)
{
    for (size_t i = 0; i < user_count; i++)
        if (users[i].uid == uid)
            return &users[i];
    if (user_count == user_room) {
        struct user *more = reallocarray(users, user_room + 16, sizeof(*more));
        if (more == NULL)
            return NULL;
        users = more;
        user_room += 16;
    }
    users[user_count] = (struct user){.uid = uid};
    return &users[user_count++];
}

static bool take_administration(struct sr_why *why)
{
    if (administration == SR_SHARE_ADMINISTRATION) {
        sr_why_set(why, "%d connections for administration are open, and there are no more",
                   SR_SHARE_ADMINISTRATION);
        return false;
    }
    administration++;
    return true;
}

static bool take_ordinary(const struct sr_config *config, uid_t uid, struct sr_why *why)
{
    if (ordinary >= config->max_connections) {
        sr_why_set(why, "%zu connections are open, and no more are allowed (max-connections)", ordinary);
        return false;
    }
    struct user *user = user_of(uid);
    if (user == NULL) {
        sr_why_set(why, "out of memory");
        return false;
    }
    if (user->connections >= config->max_connections_per_user) {
        sr_why_set(why, "uid %u has %zu connections open, and no more are allowed (max-connections-per-user)",
                   (unsigned)uid, user->connections);
        return false;
    }
    user->connections++;
    ordinary++;
    return true;
}

bool sr_share_take(const struct sr_config *config, const struct sr_socket_config *socket, uid_t uid,
                   struct sr_why *why)
{
    (void)pthread_mutex_lock(&lock);
    bool ok = socket->administration ? take_administration(why) : take_ordinary(config, uid, why);
    (void)pthread_mutex_unlock(&lock);
    return ok;
}

void sr_share_give(const struct sr_socket_config *socket, uid_t uid)
{
    (void)pthread_mutex_lock(&lock);
    if (socket->administration) {
        administration--;
    } else {
        struct user *user = user_of(uid);
        ordinary--;
        if (user != NULL && --user->connections == 0)
            *user = users[--user_count];
    }
    (void)pthread_mutex_unlock(&lock);
}
