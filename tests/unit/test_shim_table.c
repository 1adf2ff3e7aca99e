/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/table.h"
#include "unit.h"

#include <stdlib.h>

struct thing {
    struct sr_entry entry;
    int value;
};

static struct thing *add(struct sr_table *t, int value, CK_ULONG *handle)
{
    struct thing *thing = sr_table_add(t);
    CU_ASSERT_PTR_NOT_NULL_FATAL(thing);
    thing->value = value;
    *handle = sr_table_publish(t, thing);
    return thing;
}

/* The module never gives a table's memory back; the tests must. */
static void drop(struct sr_table *t)
{
    for (int i = 0; i < SR_TABLE_CHUNKS; i++)
        free(atomic_load(&t->chunks[i]));
}

static void a_handle_finds_its_entry(void)
{
    struct sr_table t = SR_TABLE_OF(struct thing);
    enum { N = 1000 };
    CK_ULONG handles[N];
    struct thing *things[N];

    for (int i = 0; i < N; i++)
        things[i] = add(&t, i, &handles[i]);
    for (int i = 0; i < N; i++) {
        CU_ASSERT_NOT_EQUAL(handles[i], 0);
        CU_ASSERT_PTR_EQUAL(sr_table_at(&t, handles[i]), things[i]);
        CU_ASSERT_PTR_EQUAL(sr_table_entry(&t, (size_t)i), things[i]);
        CU_ASSERT_EQUAL(things[i]->value, i);
    }
    CU_ASSERT_PTR_NULL(sr_table_entry(&t, N));
    drop(&t);
}

static void numbers_that_are_no_handles_find_nothing(void)
{
    struct sr_table t = SR_TABLE_OF(struct thing);
    CK_ULONG handle;
    (void)add(&t, 1, &handle);
    CU_ASSERT_PTR_NULL(sr_table_at(&t, 0));
    CU_ASSERT_PTR_NULL(sr_table_at(&t, handle + 1));
    CU_ASSERT_PTR_NULL(sr_table_at(&t, handle | (1UL << 40)));
    CU_ASSERT_PTR_NULL(sr_table_at(&t, ~0UL));
    drop(&t);
}

static void a_handle_does_not_come_back(void)
{
    struct sr_table t = SR_TABLE_OF(struct thing);
    CK_ULONG first;
    CK_ULONG other;
    CK_ULONG again;

    struct thing *thing = add(&t, 1, &first);
    (void)add(&t, 2, &other);
    sr_table_remove(&t, thing);
    CU_ASSERT_PTR_NULL(sr_table_at(&t, first));
    CU_ASSERT_TRUE(sr_entry_is(thing, 0));
    CU_ASSERT_PTR_EQUAL(add(&t, 3, &again), thing);
    CU_ASSERT_NOT_EQUAL(again, first);
    CU_ASSERT_PTR_NULL(sr_table_at(&t, first));
    CU_ASSERT_PTR_EQUAL(sr_table_at(&t, again), thing);
    drop(&t);
}

static void free_entries_queue(void)
{
    struct sr_table t = SR_TABLE_OF(struct thing);
    CK_ULONG handle;
    struct thing *a = add(&t, 1, &handle);
    struct thing *b = add(&t, 2, &handle);

    sr_table_remove(&t, a);
    sr_table_remove(&t, b);
    CU_ASSERT_PTR_EQUAL(add(&t, 3, &handle), a);
    CU_ASSERT_PTR_EQUAL(add(&t, 4, &handle), b);
    drop(&t);
}

static void a_child_gets_what_was_half_made_back(void)
{
    struct sr_table t = SR_TABLE_OF(struct thing);
    CK_ULONG kept;
    CK_ULONG handle;
    struct thing *a = add(&t, 1, &kept);

    (void)pthread_mutex_lock(&t.lock); /* another thread of the parent was at it */
    struct thing *half = sr_table_add(&t);
    sr_table_after_fork(&t);
    CU_ASSERT_EQUAL(pthread_mutex_trylock(&t.lock), 0);
    CU_ASSERT_PTR_EQUAL(sr_table_at(&t, kept), a);
    CU_ASSERT_PTR_EQUAL(add(&t, 2, &handle), half);
    drop(&t);
}

CU_TestInfo shim_table_tests[] = {
    {"a handle finds its entry", a_handle_finds_its_entry},
    {"numbers that are no handles find nothing", numbers_that_are_no_handles_find_nothing},
    {"a handle does not come back", a_handle_does_not_come_back},
    {"free entries queue", free_entries_queue},
    {"a child gets what was half made back", a_child_gets_what_was_half_made_back},
    CU_TEST_INFO_NULL,
};
