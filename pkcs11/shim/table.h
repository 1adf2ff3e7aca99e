/* Handle tables: numbers that the application holds, entries that never move.
 *
 * An entry's memory is never given back, so that a handle can be looked up without a lock, and what is found
 * can be locked and then asked whether it still is the one (sr_entry_is). A handle is the entry's index and
 * how often the entry was used; free entries wait in a queue, so a handle comes back late, and as another
 * number.
 *
 * At every instant the table is consistent for a child that is forked in the middle of a change: pointers are
 * published after what they point to is written, and sr_table_after_fork rebuilds the rest.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_TABLE_H
#define STRONGROOM_SHIM_TABLE_H

#include "cryptoki/cryptoki.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define SR_TABLE_MAX ((size_t)1 << 20) /* entries in use at once */
#define SR_TABLE_CHUNKS 15             /* of 64, 128, 256 ... entries */

/* The first member of every entry. */
struct sr_entry {
    _Atomic CK_ULONG handle; /* 0: not in use */
    CK_ULONG index;
    CK_ULONG uses;
    struct sr_entry *next_free;
};

struct sr_table {
    size_t entry_size; /* bytes, the struct sr_entry included */
    pthread_mutex_t lock;
    _Atomic(unsigned char *) chunks[SR_TABLE_CHUNKS];
    _Atomic size_t made; /* entries that exist, in use or free */
    struct sr_entry *first_free;
    struct sr_entry *last_free;
};

#define SR_TABLE_OF(type)                                                                                    \
    {                                                                                                        \
        .entry_size = sizeof(type), .lock = PTHREAD_MUTEX_INITIALIZER                                        \
    }

/* A free entry, with what its last use left in it (zeros in a new one); NULL when out of memory or full. The
 * caller holds the table's lock, fills it in, and calls sr_table_publish or sr_table_remove. */
void *sr_table_add(struct sr_table *t);

/* Gives the entry a handle under which others find it, and returns that. */
CK_ULONG sr_table_publish(struct sr_table *t, void *entry);

/* Takes the handle away and queues the entry for another use. The caller holds the table's lock. */
void sr_table_remove(struct sr_table *t, void *entry);

/* The entry of HANDLE, or NULL. Needs no lock; what it found may be removed at any time. */
void *sr_table_at(struct sr_table *t, CK_ULONG handle);

/* Does ENTRY still have this HANDLE? */
bool sr_entry_is(const void *entry, CK_ULONG handle);

/* Entry number I of those that exist, in use or free; NULL at the end. Needs no lock. */
void *sr_table_entry(struct sr_table *t, size_t i);

/* In a forked child, before anything else: makes the lock new and queues what is not in use. */
void sr_table_after_fork(struct sr_table *t);

#endif
