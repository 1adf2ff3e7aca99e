/* Memory that the daemon shares with a client: a memfd that the daemon makes, and whose size it seals, so
 * that neither can take it from under the other.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_SHARED_H
#define STRONGROOM_WIRE_SHARED_H

#include <stddef.h>

/* The daemon's: SIZE bytes of zeros, and in *FD a descriptor for the client, which the caller closes. NAME is
 * what /proc shows. NULL where there is no memory for it (errno). The memory is given back with munmap. */
void *sr_shared_make(const char *name, size_t size, int *fd);

/* The client's: maps the SIZE bytes behind FD, which the caller closes. NULL where they cannot be mapped, or
 * are not as many, or could be made fewer. The memory is given back with munmap. */
void *sr_shared_map(int fd, size_t size);

#endif
