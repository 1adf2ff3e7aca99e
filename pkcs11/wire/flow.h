/* Bulk data that flow through a connection's buffer while the call is under way: the client fills the first
 * half and empties the second while the daemon works on what lies between.
 *
 * The counters lie at the end of the first half, behind SR_BULK_MAX. Each end only goes on when the other's
 * counter says so; a counter that lies costs nobody but the client anything.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_FLOW_H
#define STRONGROOM_WIRE_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define SR_FLOW_MIN ((size_t)64 << 10) /* fewer bytes are not worth it */

/* Bytes that the daemon works on at a time: each chunk is a call of the token's. */
#define SR_FLOW_CHUNK ((size_t)16 << 10)

struct sr_flow {
    atomic_size_t filled; /* bytes of input, the client's */
    atomic_size_t done;   /* bytes of output, the daemon's */
    atomic_bool over;     /* no more of it */
};

/* The counters in a buffer with halves of that size. */
struct sr_flow *sr_flow_in(unsigned char *buffer, size_t half);

/* The client's, before it sends the request: so many bytes are there already. */
void sr_flow_begin(struct sr_flow *flow, size_t filled);

/* The daemon's: waits until BYTES of input are there. False where they do not come within a second. */
bool sr_flow_await(struct sr_flow *flow, size_t bytes);

/* The client's: waits, for a moment only, for more output than it has TAKEN. False where none came, or it is
 * over: the answer will tell. */
bool sr_flow_more(struct sr_flow *flow, size_t taken);

#endif
