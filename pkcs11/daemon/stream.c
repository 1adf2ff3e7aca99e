/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/stream.h"

#include "wire/calls.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE (SR_BUFFER_HALVES * SR_STREAM_HALF)

bool sr_stream_make(struct sr_stream *stream)
{
    void *map = MAP_FAILED;

    if (stream->shared != NULL)
        return true;
    int fd = memfd_create("strongroom-buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && ftruncate(fd, (off_t)SIZE) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    stream->in = malloc(SR_STREAM_HALF);
    stream->out = malloc(SR_STREAM_HALF);
    if (map != MAP_FAILED && stream->in != NULL && stream->out != NULL) {
        stream->shared = map;
        stream->fd = fd;
        return true;
    }
    if (map != MAP_FAILED)
        (void)munmap(map, SIZE);
    if (fd >= 0)
        (void)close(fd);
    free(stream->in);
    free(stream->out);
    *stream = (struct sr_stream){0};
    return false;
}

void sr_stream_close(struct sr_stream *stream)
{
    if (stream->backup == NULL)
        return;
    /* No more than that was used; the rest of the memory was never touched. */
    size_t used = sr_backup_facts(stream->backup)->chunk_size + SR_BACKUP_TAG;
    if (!stream->encrypts) {
        explicit_bzero(stream->in, used);
        explicit_bzero(stream->out, used);
    }
    sr_backup_close(stream->backup);
    stream->backup = NULL;
}

void sr_stream_end(struct sr_stream *stream)
{
    sr_stream_close(stream);
    if (stream->shared == NULL)
        return;
    (void)munmap(stream->shared, SIZE);
    (void)close(stream->fd);
    free(stream->in);
    free(stream->out);
    *stream = (struct sr_stream){0};
}
