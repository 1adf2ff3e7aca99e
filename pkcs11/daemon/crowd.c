/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/crowd.h"

#include "wire/pace.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define WINDOW_NS 4000000 /* an RSA signature fits in several times */
#define APART_NS 1000000  /* a thread's way to another CPU takes some hundredths of that */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long long window; /* under the lock: the one that is being counted in */
static unsigned count;   /* under the lock: connections that had a request in it */
static unsigned before;  /* under the lock: in the one before */
static atomic_bool full;

static unsigned pairs_of_cpus(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) / 2 : 1;
}

static void count_in(struct sr_crowd *crowd, long long now)
{
    crowd->seen = now;
    (void)pthread_mutex_lock(&lock);
    if (now > window) {
        before = now == window + 1 ? count : 0;
        count = 0;
        window = now;
    }
    count++;
    atomic_store(&full, (count > before ? count : before) > pairs_of_cpus());
    (void)pthread_mutex_unlock(&lock);
}

static void move_to(uint32_t peer)
{
    cpu_set_t usual;
    cpu_set_t there;

    if (peer > CPU_SETSIZE || sched_getaffinity(0, sizeof(usual), &usual) != 0 ||
        !CPU_ISSET(peer - 1, &usual))
        return;
    CPU_ZERO(&there);
    CPU_SET(peer - 1, &there);
    (void)sched_setaffinity(0, sizeof(there), &there);
    (void)sched_setaffinity(0, sizeof(usual), &usual);
}

bool sr_crowd_note(struct sr_crowd *crowd, long long now_ns, uint32_t peer)
{
    long long now = now_ns / WINDOW_NS + 1;

    if (crowd->seen != now)
        count_in(crowd, now);
    bool crowded = sr_crowd_full();

    if (!crowded || peer == 0 || peer == sr_pace_cpu()) {
        crowd->apart = 0;
    } else if (crowd->apart == 0) {
        crowd->apart = now_ns;
    } else if (now_ns - crowd->apart > APART_NS) {
        crowd->apart = 0;
        move_to(peer);
    }
    return crowded;
}

bool sr_crowd_full(void)
{
    return atomic_load(&full);
}
