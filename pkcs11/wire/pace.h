/* How an end of a connection waits for the other: asleep, or for a moment awake.
 *
 * Waking a sleeping CPU takes as long as a P-256 signature. So where the last wait was short, and the other
 * end runs on another CPU, it pays to ask again for a while before going to sleep. On the same CPU that would
 * keep the other end from running. A client that has much to do between two requests sleeps from the start:
 * its program has better uses for the CPU.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_PACE_H
#define STRONGROOM_WIRE_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* One end's, of one connection; zeros at first, but for SERVES. */
struct sr_pace {
    bool serves;       /* the daemon's end: how long it works between two waits does not matter */
    uint32_t peer;     /* the other end's CPU plus one, as it said last; 0: not known */
    long long mark_ns; /* when the wait at hand began, or the last one ended */
    long long wait_ns; /* how long the last wait took */
    bool spinning;
    bool quick;         /* the last wait ended while this end was awake: so may the next one */
    long long until_ns; /* of the wait at hand: when to go to sleep */
    long long turn_ns;  /* when the last try was */
};

/* This thread's CPU plus one, or 0. */
uint32_t sr_pace_cpu(void);

/* A wait: begin; try to receive without blocking while sr_pace_again, and then after each sr_pace_sleep; at
 * the message's end, end. */
void sr_pace_begin(struct sr_pace *pace);

/* True if asking once more is worth it. Lets others run in between; false as soon as somebody did. */
bool sr_pace_again(struct sr_pace *pace);

/* Sleeps until FD can be read, or is at its end, or a signal came; false when MOST_MS milliseconds (negative:
 * for ever) are over. A thread that sleeps in recv itself is also woken when the other end takes what it sent
 * off the socket; one that polls for input is not, which saves a switch of context per call. */
bool sr_pace_sleep(struct sr_pace *pace, int fd, long long most_ms);

void sr_pace_end(struct sr_pace *pace);

#endif
