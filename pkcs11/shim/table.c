/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/table.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_CHUNK 64
#define INDEX_BITS 21 /* of a handle: the index plus one */

_Static_assert(SR_TABLE_MAX < (1UL << INDEX_BITS), "an index plus one fits");
_Static_assert(((size_t)FIRST_CHUNK << SR_TABLE_CHUNKS) - FIRST_CHUNK >= SR_TABLE_MAX, "the chunks suffice");

/* Chunk k holds FIRST_CHUNK << k entries and starts at index FIRST_CHUNK * (2^k - 1). */
static size_t chunk_of(size_t index, size_t *offset)
{
    unsigned long long units = index / FIRST_CHUNK + 1;
    size_t k = 63 - (size_t)__builtin_clzll(units);
    *offset = index - FIRST_CHUNK * (((size_t)1 << k) - 1);
    return k;
}

static struct sr_entry *make(struct sr_table *t)
{
    size_t made = atomic_load(&t->made);
    size_t offset;
    if (made == SR_TABLE_MAX)
        return NULL;
    size_t k = chunk_of(made, &offset);
    unsigned char *chunk = atomic_load(&t->chunks[k]);
    if (chunk == NULL) {
        chunk = calloc((size_t)FIRST_CHUNK << k, t->entry_size);
        if (chunk == NULL)
            return NULL;
        atomic_store(&t->chunks[k], chunk);
    }
    struct sr_entry *e = (struct sr_entry *)(void *)(chunk + offset * t->entry_size);
    e->index = made;
    atomic_store(&t->made, made + 1);
    return e;
}

static void queue(struct sr_table *t, struct sr_entry *e)
{
    e->next_free = NULL;
    if (t->last_free != NULL)
        t->last_free->next_free = e;
    else
        t->first_free = e;
    t->last_free = e;
}

void *sr_table_add(struct sr_table *t)
{
    struct sr_entry *e = t->first_free;
    if (e == NULL)
        return make(t);
    t->first_free = e->next_free;
    if (t->first_free == NULL)
        t->last_free = NULL;
    e->next_free = NULL;
    return e;
}

CK_ULONG sr_table_publish(struct sr_table *t, void *entry)
{
    struct sr_entry *e = entry;
    (void)t;
    CK_ULONG handle = e->uses++ << INDEX_BITS | (e->index + 1);
    atomic_store(&e->handle, handle);
    return handle;
}

void sr_table_remove(struct sr_table *t, void *entry)
{
    struct sr_entry *e = entry;
    atomic_store(&e->handle, 0);
    queue(t, e);
}

void *sr_table_entry(struct sr_table *t, size_t i)
{
    size_t offset;
    if (i >= atomic_load(&t->made))
        return NULL;
    size_t k = chunk_of(i, &offset);
    return atomic_load(&t->chunks[k]) + offset * t->entry_size;
}

void *sr_table_at(struct sr_table *t, CK_ULONG handle)
{
    CK_ULONG number = handle & ((1UL << INDEX_BITS) - 1);
    void *entry = number > 0 ? sr_table_entry(t, number - 1) : NULL;
    return entry != NULL && sr_entry_is(entry, handle) ? entry : NULL;
}

bool sr_entry_is(const void *entry, CK_ULONG handle)
{
    const struct sr_entry *e = entry;
    return atomic_load(&e->handle) == handle;
}

void sr_table_after_fork(struct sr_table *t)
{
    struct sr_entry *e;
    (void)pthread_mutex_init(&t->lock, NULL);
    t->first_free = t->last_free = NULL;
    for (size_t i = 0; (e = sr_table_entry(t, i)) != NULL; i++) {
        if (atomic_load(&e->handle) == 0)
            queue(t, e);
    }
}
