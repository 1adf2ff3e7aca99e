/* Memory for what is secret while it lies there: whole pages of its own, never written to swap, left out of
 * core dumps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_LOCKED_H
#define STRONGROOM_WIRE_LOCKED_H

#include <stddef.h>

/* SIZE bytes of zeros, aligned to a page; NULL when out of memory. What exceeds the limit of memory that may
 * be locked (RLIMIT_MEMLOCK) is not locked, and that is no error. Rounds SIZE up to pages: not for small
 * things. */
void *sr_locked_get(size_t size);

/* Cleanses and frees what sr_locked_get gave for the same SIZE. DATA may be NULL. */
void sr_locked_free(void *data, size_t size);

#endif
