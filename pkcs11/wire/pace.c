/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pace.h"

#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <time.h>

#define SHORT_NS 200000    /* a wait, awake at most, and a client's work between two, that are short */
#define PREEMPTED_NS 20000 /* a turn that takes longer: another thread needed the CPU */

static long long now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

uint32_t sr_pace_cpu(void)
{
    int cpu = sched_getcpu();
    return cpu < 0 ? 0 : (uint32_t)cpu + 1;
}

void sr_pace_begin(struct sr_pace *pace)
{
    long long now = now_ns();
    bool busy = pace->serves || now - pace->mark_ns <= SHORT_NS;
    pace->mark_ns = now;
    pace->turn_ns = 0;
    pace->until_ns = now + SHORT_NS;
    pace->spinning = busy && pace->wait_ns <= SHORT_NS && pace->peer != 0 && pace->peer != sr_pace_cpu();
}

bool sr_pace_again(struct sr_pace *pace)
{
    if (!pace->spinning)
        return false;
    if (pace->turn_ns != 0)
        (void)sched_yield();
    long long now = now_ns();
    bool preempted = pace->turn_ns != 0 && now - pace->turn_ns > PREEMPTED_NS;
    pace->turn_ns = now;
    pace->spinning = now < pace->until_ns && !preempted;
    return pace->spinning;
}

bool sr_pace_sleep(struct sr_pace *pace, int fd, long long most_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    pace->spinning = false;
    return poll(&p, 1, (int)(most_ms < INT_MAX ? most_ms : INT_MAX)) != 0;
}

void sr_pace_end(struct sr_pace *pace)
{
    long long now = now_ns();
    pace->quick = pace->spinning;
    pace->wait_ns = now - pace->mark_ns;
    pace->mark_ns = now;
}
