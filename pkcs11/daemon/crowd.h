/* Are there CPUs to wait awake on? A connection that is at work keeps two threads busy, its client's and the
 * daemon's, which take turns; while one of them waits awake, both hold a CPU. Where more connections are at
 * work than there are pairs of CPUs, that CPU is missing elsewhere: then both ends sleep (pace.h), and are
 * best on one CPU: waking a thread on another busy one interrupts that.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CROWD_H
#define STRONGROOM_DAEMON_CROWD_H

#include <stdbool.h>
#include <stdint.h>

/* A connection's part in it; zeros at first. */
struct sr_crowd {
    long long seen;  /* when it was counted last */
    long long apart; /* since when its requests come from another CPU; 0: they do not */
};

/* A connection has a request, at NOW_NS on the monotonic clock, from the CPU PEER (plus one, 0: not known).
 * True while more connections are at work than there are pairs of CPUs; then the calling thread, which serves
 * it, moves to its client's CPU if the two have been apart for a while. The scheduler may move it away again.
 */
bool sr_crowd_note(struct sr_crowd *crowd, long long now_ns, uint32_t peer);

/* The same question again. Any thread. */
bool sr_crowd_full(void);

#endif
