/* How an end of a connection waits for the other: asleep, or for a moment awake.
 *
 * Waking a sleeping CPU takes as long as a P-256 signature. So where messages follow one another quickly, and
 * the other end runs on another CPU, it pays to ask again for a while before going to sleep. On the same CPU
 * that would keep the other end from running, and where messages are rare the CPU has better things to do:
 * then the wait is a sleep from the start.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_PACE_H
#define STRONGROOM_WIRE_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* One connection's; zeros at first. */
struct sr_pace {
    long long last_ns; /* when the last request was sent, or came */
    bool quick;        /* the last two followed one another quickly */
    uint32_t peer;     /* the other end's CPU plus one, as it said last; 0: not known */
};

/* This thread's CPU plus one, or 0. */
uint32_t sr_pace_cpu(void);

/* Called once per request, when it is sent (the client) or has come (the daemon). */
void sr_pace_tick(struct sr_pace *pace);

/* A wait: while (sr_spin_on(&spin)) receive without blocking; then receive, blocking. */
struct sr_spin {
    long long until_ns; /* 0: to be slept through */
    long long before_ns;
};

struct sr_spin sr_spin_start(const struct sr_pace *pace);

/* True if asking once more is worth it. Lets others run in between; false as soon as somebody did. */
bool sr_spin_on(struct sr_spin *spin);

#endif
