/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pace.h"

#include <sched.h>
#include <time.h>

#define SHORT_NS 200000    /* a wait, and a client's work between two, that are short */
#define SPIN_NS 100000     /* awake in one wait at most */
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
    pace->until_ns = now + SPIN_NS;
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

void sr_pace_end(struct sr_pace *pace)
{
    long long now = now_ns();
    pace->wait_ns = now - pace->mark_ns;
    pace->mark_ns = now;
}
