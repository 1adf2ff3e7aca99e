/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/crowd.h"
#include "unit.h"
#include "wire/pace.h"

#include <sched.h>

#define MS 1000000LL

/* A time that no other test has used: windows only go forwards. */
static long long later(void)
{
    static long long now = 1000 * MS;
    now += 1000 * MS;
    return now;
}

static unsigned cpus(cpu_set_t *set)
{
    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof(*set), set), 0);
    return (unsigned)CPU_COUNT(set);
}

static void more_connections_than_pairs_of_cpus_are_a_crowd(void)
{
    struct sr_crowd crowd[1024] = {0};
    cpu_set_t set;
    unsigned pairs = cpus(&set) / 2;
    long long now = later();

    CU_ASSERT_TRUE_FATAL(pairs < 1024);
    for (unsigned i = 0; i < pairs; i++)
        CU_ASSERT_FALSE(sr_crowd_note(&crowd[i], now, 0));
    CU_ASSERT_TRUE(sr_crowd_note(&crowd[pairs], now, 0));
    CU_ASSERT_TRUE(sr_crowd_full());
}

static void one_connection_is_counted_once(void)
{
    struct sr_crowd one = {0};
    cpu_set_t set;
    long long now = later();

    if (cpus(&set) < 2)
        return;
    for (long long i = 0; i < 1000; i++)
        CU_ASSERT_FALSE(sr_crowd_note(&one, now + i * 1000, 0));
}

static void a_crowd_is_over_when_it_is_quiet(void)
{
    struct sr_crowd crowd[1024] = {0};
    struct sr_crowd one = {0};
    cpu_set_t set;
    unsigned n = cpus(&set) / 2 + 1;
    long long now = later();

    if (n < 2)
        return;
    for (unsigned i = 0; i < n; i++)
        (void)sr_crowd_note(&crowd[i], now, 0);
    CU_ASSERT_TRUE(sr_crowd_note(&one, now + 4 * MS, 0)); /* the window before still counts */
    CU_ASSERT_FALSE(sr_crowd_note(&one, now + 8 * MS, 0));
}

static void a_thread_follows_its_client_in_a_crowd(void)
{
    struct sr_crowd crowd[1024] = {0};
    cpu_set_t set;
    cpu_set_t after;
    unsigned n = cpus(&set);
    long long now = later();
    uint32_t there = 0;

    for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set) && cpu + 1 != sr_pace_cpu())
            there = cpu + 1;
    if (there == 0)
        return; /* the only CPU */
    for (unsigned i = 1; i <= n; i++)
        (void)sr_crowd_note(&crowd[i], now, 0);
    uint32_t here = sr_pace_cpu();
    (void)sr_crowd_note(&crowd[0], now, there);
    (void)sr_crowd_note(&crowd[0], now + MS / 2, there);
    CU_ASSERT_TRUE(sr_pace_cpu() == here || sr_pace_cpu() == there); /* not moved by us: the scheduler may */
    bool was_there = false; /* the scheduler may move it away at once */
    for (int tries = 0; tries < 100 && !was_there; tries++) {
        (void)sr_crowd_note(&crowd[0], now + MS / 2 + 2 * MS * (tries % 2), there);
        was_there = sr_pace_cpu() == there;
    }
    CU_ASSERT_TRUE(was_there);
    (void)cpus(&after);
    CU_ASSERT_TRUE(CPU_EQUAL(&set, &after)); /* and may be moved away again */
    (void)sr_crowd_note(&crowd[0], now, CPU_SETSIZE + 1);
    (void)sr_crowd_note(&crowd[0], now + 2 * MS, UINT32_MAX); /* no such CPU */
}

CU_TestInfo crowd_tests[] = {
    {"more connections than pairs of CPUs are a crowd", more_connections_than_pairs_of_cpus_are_a_crowd},
    {"a connection is counted once", one_connection_is_counted_once},
    {"a crowd is over when it is quiet", a_crowd_is_over_when_it_is_quiet},
    {"a thread follows its client in a crowd", a_thread_follows_its_client_in_a_crowd},
    CU_TEST_INFO_NULL,
};
