/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/flow.h"

#include "wire/channel.h"

#include <sched.h>

#define AWAIT_MS 1000
#define AWAKE_US 50 /* for which a client waits for a chunk that takes ten */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static long long now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct sr_flow *sr_flow_in(unsigned char *buffer, size_t half)
{
    return (struct sr_flow *)(void *)(buffer + half - 64);
}

void sr_flow_begin(struct sr_flow *flow, size_t filled)
{
    atomic_store_explicit(&flow->done, 0, memory_order_relaxed);
    atomic_store_explicit(&flow->over, false, memory_order_relaxed);
    atomic_store_explicit(&flow->filled, filled, memory_order_release);
}

/* The other end mostly is ahead; where it is not, it may need this CPU. */
bool sr_flow_await(struct sr_flow *flow, size_t bytes)
{
    for (int i = 0; i < 200; i++) {
        if (atomic_load_explicit(&flow->filled, memory_order_acquire) >= bytes)
            return true;
        relax();
    }
    long long until = sr_now_ms() + AWAIT_MS;
    while (atomic_load_explicit(&flow->filled, memory_order_acquire) < bytes) {
        if (sr_now_ms() > until)
            return false;
        if (sr_now_ms() > until - AWAIT_MS + 2)
            (void)nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        else
            (void)sched_yield();
    }
    return true;
}

bool sr_flow_more(struct sr_flow *flow, size_t taken)
{
    long long until = 0;
    for (;;) {
        if (atomic_load_explicit(&flow->done, memory_order_acquire) > taken)
            return true;
        if (atomic_load_explicit(&flow->over, memory_order_acquire))
            return atomic_load_explicit(&flow->done, memory_order_acquire) > taken;
        if (until == 0)
            until = now_us() + AWAKE_US;
        else if (now_us() > until)
            return false;
        for (int i = 0; i < 20; i++)
            relax();
    }
}
