/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/shared.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *map(int fd, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

void *sr_shared_make(const char *name, size_t size, int *fd)
{
    void *memory = NULL;

    *fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0)
        return NULL;
    if (ftruncate(*fd, (off_t)size) == 0 &&
        fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        memory = map(*fd, size);
    if (memory == NULL)
        (void)close(*fd);
    return memory;
}

void *sr_shared_map(int fd, size_t size)
{
    struct stat st;

    /* Without the seal, the other end could make it smaller, and our next look at it would be our last. */
    if (fstat(fd, &st) != 0 || (unsigned long long)st.st_size != size ||
        (fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK) == 0)
        return NULL;
    return map(fd, size);
}
