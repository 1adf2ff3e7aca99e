/* The link to strongroomd: this process's connections, and what becomes of them when it or the daemon forks,
 * hangs or dies.
 *
 * The process is one client. A connection is used by one thread at a time; a thread takes the one that it
 * used last, or another idle one, and where none is idle another one joins the client.
 *
 * Generations: when the daemon gives us a new client, because it restarted or because we forked, it knows
 * none of the handles it gave before. The generation counts that; a daemon's handle is kept with the
 * generation it is good for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_LINK_H
#define STRONGROOM_SHIM_LINK_H

#include "shim/options.h"
#include "wire/channel.h"

#include <stdatomic.h>

struct sr_connection {
    struct sr_channel channel;
    unsigned long generation;
    atomic_bool busy;             /* some thread's; what it holds must not be touched by a forked child */
    struct sr_connection *before; /* in the list of all */
};

/* How to reach the daemon. *O is copied; call it before the first connection is made, or between calls. */
void sr_link_configure(const struct sr_options *o);

/* The generation, for comparing with what was kept. It may grow at any time. */
unsigned long sr_link_generation(void);

/* A connection for the calling thread, which ends with sr_link_give or sr_link_drop. It waits for a daemon
 * that was reached before until the reconnection time is over, or not at all where WAIT is false. With ALIVE,
 * an idle connection is first looked at: one that the daemon closed meanwhile is not handed out, so a request
 * that must not be sent twice is not sent in vain. CKR_OK, or with the explanation set: CKR_TOKEN_NOT_PRESENT
 * no daemon was ever reached, or it does not admit this process: there is no token here CKR_DEVICE_ERROR the
 * daemon went away, or does not answer CKR_HOST_MEMORY */
CK_RV sr_link_take(struct sr_connection **connection, bool wait, bool alive);

/* One call, see sr_channel_call, with the deadline that the call deserves. */
enum sr_channel_status sr_link_call(struct sr_connection *c, enum sr_call call, const void *request,
                                    void *reply, CK_RV *rv);

/* The same in two steps, see sr_channel_send. */
enum sr_channel_status sr_link_send(struct sr_connection *c, enum sr_call call, const void *request,
                                    CK_RV *rv);
enum sr_channel_status sr_link_receive(struct sr_connection *c, enum sr_call call, void *reply, CK_RV *rv);

/* The connection's buffer for bulk data, see sr_channel_buffer. */
enum sr_channel_status sr_link_buffer(struct sr_connection *c, CK_RV *rv);

/* Puts a connection back; what its last reply decoded to is gone. */
void sr_link_give(struct sr_connection *c);

/* Gives up a connection whose call failed, and the idle ones that are dead as well. */
void sr_link_drop(struct sr_connection *c);

/* Closes what is idle and forgets the client: the daemon forgets it with its last connection. */
void sr_link_end(void);

/* In a forked child, before anything else, one thread: closes what was inherited (the parent's connections go
 * on working) and forgets the client, which is the parent's. */
void sr_link_after_fork(void);

#endif
