/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/buffer.h"
#include "wire/frame.h"
#include "wire/locked.h"

#include <stdlib.h>
#include <string.h>

#define WORD sizeof(uint64_t)

/* LENGTH rounded up to a multiple of eight; the caller has bounded LENGTH by SR_FRAME_MAX. */
static size_t padded(size_t length)
{
    return (length + WORD - 1) & ~(WORD - 1);
}

struct sr_buf sr_buf_over(unsigned char *data, size_t length)
{
    return (struct sr_buf){.data = data, .capacity = length, .length = length, .borrowed = true};
}

static void *get_memory(const struct sr_buf *b, size_t size)
{
    return b->locked ? sr_locked_get(size) : malloc(size);
}

static void free_memory(const struct sr_buf *b)
{
    if (b->locked)
        sr_locked_free(b->data, b->capacity);
    else
        free(b->data);
}

bool sr_buf_reserve(struct sr_buf *b, size_t more)
{
    if (b->failed || b->borrowed || more > SR_FRAME_MAX - b->length) {
        b->failed = true;
        return false;
    }
    if (more <= b->capacity - b->length)
        return true;
    size_t capacity = b->capacity != 0 ? b->capacity : 4096;
    while (capacity < b->length + more)
        capacity *= 2;
    /* Not realloc: it would leave a copy behind that is never cleansed. */
    unsigned char *data = get_memory(b, capacity);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    if (b->length > 0) {
        memcpy(data, b->data, b->length);
        explicit_bzero(b->data, b->length);
    }
    free_memory(b);
    b->data = data;
    b->capacity = capacity;
    return true;
}

void sr_buf_reset(struct sr_buf *b)
{
    if (b->length > 0 && !b->borrowed)
        explicit_bzero(b->data, b->length);
    b->length = b->at = 0;
    b->failed = false;
}

void sr_buf_free(struct sr_buf *b)
{
    if (!b->borrowed) {
        sr_buf_reset(b);
        free_memory(b);
    }
    *b = (struct sr_buf){.locked = b->locked};
}

void sr_buf_put_u64(struct sr_buf *b, uint64_t value)
{
    if (!sr_buf_reserve(b, WORD))
        return;
    for (size_t i = 0; i < WORD; i++)
        b->data[b->length++] = (unsigned char)(value >> (8 * i));
}

void sr_buf_put_bytes(struct sr_buf *b, const void *data, size_t length)
{
    if (length > SR_FRAME_MAX) {
        b->failed = true;
        return;
    }
    sr_buf_put_u64(b, length);
    if (!sr_buf_reserve(b, padded(length)) || length == 0)
        return;
    memcpy(b->data + b->length, data, length);
    memset(b->data + b->length + length, 0, padded(length) - length);
    b->length += padded(length);
}

/* COUNT bytes of what is left, or NULL and failed. */
static unsigned char *take(struct sr_buf *b, size_t count)
{
    if (b->failed || count > b->length - b->at) {
        b->failed = true;
        return NULL;
    }
    unsigned char *here = b->data + b->at;
    b->at += count;
    return here;
}

uint64_t sr_buf_get_u64(struct sr_buf *b)
{
    const unsigned char *p = take(b, WORD);
    uint64_t value = 0;
    for (size_t i = 0; p != NULL && i < WORD; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

struct sr_bytes sr_buf_get_bytes(struct sr_buf *b)
{
    struct sr_bytes none = {0};
    uint64_t length = sr_buf_get_u64(b);
    if (length > b->length - b->at) {
        b->failed = true;
        return none;
    }
    unsigned char *data = take(b, padded((size_t)length));
    if (data == NULL || length == 0)
        return none;
    return (struct sr_bytes){.length = (size_t)length, .data = data};
}

bool sr_buf_ok(const struct sr_buf *b)
{
    return !b->failed;
}

bool sr_buf_finished(const struct sr_buf *b)
{
    return !b->failed && b->at == b->length;
}
