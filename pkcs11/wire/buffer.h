/* The one type that does all writing and parsing of bytes that cross the wire.
 *
 * Everything on the wire is a multiple of eight bytes: an integer is 64 bits, little-endian; a byte string is
 * its length as an integer, the bytes, and zeros up to the next multiple of eight. So what a getter returns
 * is aligned for any Cryptoki type, and can be used where it lies.
 *
 * A buffer that failed (out of memory, read past its end, bad padding) stays failed, and its getters return
 * zeros: check sr_buf_ok once, after the last of them and before any of their results is used. Not
 * thread-safe.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_BUFFER_H
#define STRONGROOM_WIRE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sr_bytes {
    size_t length;
    unsigned char *data; /* NULL or borrowed; never freed through this */
};

struct sr_buf {
    unsigned char *data; /* aligned to 16 */
    size_t capacity;
    size_t length; /* bytes put */
    size_t at;     /* bytes got */
    bool failed;
    bool borrowed; /* data is not ours: read only, not freed */
    bool locked;   /* what it grows into is locked memory (locked.h): set while it is empty */
};

/* An empty buffer for writing: all zeros is one, too. */
#define SR_BUF_EMPTY ((struct sr_buf){0})

/* A buffer for reading LENGTH bytes at DATA, which must be aligned to 8 and outlive it. */
struct sr_buf sr_buf_over(unsigned char *data, size_t length);

/* Makes room for MORE bytes behind length. False (and failed) when out of memory or beyond SR_FRAME_MAX. */
bool sr_buf_reserve(struct sr_buf *b, size_t more);

/* Cleanses what was written and starts again, keeping the memory. */
void sr_buf_reset(struct sr_buf *b);

/* Cleanses and frees; what is left is an empty buffer, locked if it was. The only way in which a buffer's
 * memory goes. */
void sr_buf_free(struct sr_buf *b);

void sr_buf_put_u64(struct sr_buf *b, uint64_t value);
void sr_buf_put_bytes(struct sr_buf *b, const void *data, size_t length);

uint64_t sr_buf_get_u64(struct sr_buf *b);
struct sr_bytes sr_buf_get_bytes(struct sr_buf *b); /* points into the buffer */

/* Nothing failed so far. */
bool sr_buf_ok(const struct sr_buf *b);

/* Nothing failed and nothing is left. */
bool sr_buf_finished(const struct sr_buf *b);

#endif
