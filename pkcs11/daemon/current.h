/* The configuration in force. Each connection holds a reference to the one that it works by, and looks before
 * each call whether there is a newer one: a reload reaches clients that are connected, and an old
 * configuration lives for as long as a connection is at work by it, or idle since.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CURRENT_H
#define STRONGROOM_DAEMON_CURRENT_H

#include "daemon/config.h"

#include <pthread.h>

struct sr_current {
    pthread_mutex_t lock;
    struct sr_config *config; /* under the lock */
    atomic_ulong generation;  /* of that one */
};

/* Begins with CONFIG; takes a reference of its own. */
void sr_current_begin(struct sr_current *current, struct sr_config *config);

/* No connection may be left. */
void sr_current_end(struct sr_current *current);

/* The one in force, with a reference for the caller (sr_config_free). Thread-safe, as the next ones. */
struct sr_config *sr_current_take(struct sr_current *current);

/* Replaces *HELD by the one in force, if that is another one. */
void sr_current_follow(struct sr_current *current, struct sr_config **held);

/* Puts CONFIG into force; takes over the caller's reference. */
void sr_current_set(struct sr_current *current, struct sr_config *config);

#endif
