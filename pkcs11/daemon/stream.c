/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/stream.h"

#include "wire/calls.h"
#include "wire/shared.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(SR_STREAM_HALF >= (size_t)SR_BACKUP_CHUNK_MAX + 4096, "a chunk and its tag fit in a half");

#define SIZE (SR_BUFFER_HALVES * SR_STREAM_HALF)

bool sr_stream_make(struct sr_stream *stream)
{
    if (stream->shared != NULL)
        return true;
    stream->shared = sr_shared_make("strongroom-buffer", SIZE, &stream->fd);
    stream->in = malloc(SR_STREAM_HALF);
    stream->out = malloc(SR_STREAM_HALF);
    if (stream->shared != NULL && stream->in != NULL && stream->out != NULL)
        return true;
    if (stream->shared != NULL) {
        (void)munmap(stream->shared, SIZE);
        (void)close(stream->fd);
    }
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
