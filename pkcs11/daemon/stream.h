/* A connection's buffer for bulk data, and the backup that goes through it. Operations use it, too: bulk.h.
 *
 * The buffer is a memfd that the client has, too. Its size is sealed, so that the client cannot take the
 * memory from under us; what is in it may change at any moment, so it is read once, by copying it to memory
 * of our own, before anything is made of it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_STREAM_H
#define STRONGROOM_DAEMON_STREAM_H

#include "jobs/backup.h"
#include "wire/calls.h"

struct sr_stream {
    unsigned char *shared; /* NULL: not made yet */
    int fd;
    unsigned char *in; /* as large as a half each, and ours alone: what is to be decrypted, and the result */
    unsigned char *out;
    struct sr_backup *backup; /* NULL: none is under way */
    bool verifies;            /* plaintext is not given out */
    bool encrypts;
};

/* Memory that is never touched is never there. */
#define SR_STREAM_HALF (SR_BULK_MAX + 4096)

/* Makes the buffer where there is none. False where it cannot be made (errno). */
bool sr_stream_make(struct sr_stream *stream);

/* Closes the backup under way, if there is one, and cleanses what it left in our memory. */
void sr_stream_close(struct sr_stream *stream);

/* Closes and frees all. */
void sr_stream_end(struct sr_stream *stream);

#endif
