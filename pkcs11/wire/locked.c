/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/locked.h"

#include <string.h>
#include <sys/mman.h>

void *sr_locked_get(size_t size)
{
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return NULL;
    (void)madvise(data, size, MADV_DONTDUMP);
    (void)mlock(data, size);
    return data;
}

void sr_locked_free(void *data, size_t size)
{
    if (data == NULL)
        return;
    explicit_bzero(data, size);
    (void)munmap(data, size);
}
