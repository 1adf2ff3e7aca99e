/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pace.h"

#include <sched.h>
#include <time.h>

#define QUICK_NS 300000    /* from one request to the next */
#define SPIN_NS 100000     /* one wait at most */
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

void sr_pace_tick(struct sr_pace *pace)
{
    long long now = now_ns();
    pace->quick = now - pace->last_ns <= QUICK_NS;
    pace->last_ns = now;
}

struct sr_spin sr_spin_start(const struct sr_pace *pace)
{
    struct sr_spin spin = {0};
    if (pace->quick && pace->peer != 0 && pace->peer != sr_pace_cpu())
        spin.until_ns = now_ns() + SPIN_NS;
    return spin;
}

bool sr_spin_on(struct sr_spin *spin)
{
    if (spin->until_ns == 0)
        return false;
    if (spin->before_ns != 0)
        (void)sched_yield();
    long long now = now_ns();
    bool preempted = spin->before_ns != 0 && now - spin->before_ns > PREEMPTED_NS;
    spin->before_ns = now;
    return now < spin->until_ns && !preempted;
}
