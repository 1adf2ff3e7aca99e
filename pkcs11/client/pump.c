/* SPDX-License-Identifier: Apache-2.0 */
/* While the daemon works on the chunk in one half, what became of the chunk before is written from the other,
 * and the chunk behind is read into it. Whether a chunk is the last one shows when the next is tried for: so
 * some bytes are read ahead of each. */
#include "client/pump.h"
#include "wire/shared.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define AHEAD 4096

struct piece {
    uint64_t number;
    size_t length;
    bool last;
};

struct reader {
    unsigned char ahead[AHEAD];
    size_t ahead_length;
    unsigned long long bytes;
};

enum strongroom_result sr_pump_map(struct sr_pump *pump, struct strongroom_error *error)
{
    struct sr_channel *ch = &pump->h->channel;
    struct sr_buffer_reply reply = {0};
    void *map = NULL;

    enum strongroom_result result =
        sr_client_ask_held(pump->h, pump->what, SR_CALL_BUFFER, NULL, &reply, error);
    if (result != STRONGROOM_OK)
        return result;
    int fd = ch->passed;
    ch->passed = -1;
    if (fd >= 0 && reply.half > 0 && reply.half <= SIZE_MAX / SR_BUFFER_HALVES)
        map = sr_shared_map(fd, SR_BUFFER_HALVES * reply.half);
    if (fd >= 0)
        (void)close(fd);
    if (map == NULL)
        return sr_client_fail(error, STRONGROOM_FAILED, "%s: strongroomd's shared memory cannot be used",
                              pump->what);
    pump->buffer = map;
    pump->half = reply.half;
    return STRONGROOM_OK;
}

void sr_pump_unmap(struct sr_pump *pump)
{
    if (pump->buffer != NULL)
        (void)munmap(pump->buffer, SR_BUFFER_HALVES * pump->half);
    pump->buffer = NULL;
}

/* For a descriptor that somebody has made non-blocking. */
static bool again(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    if (errno == EAGAIN)
        (void)poll(&p, 1, -1);
    return errno == EINTR || errno == EAGAIN;
}

static enum strongroom_result read_some(const struct sr_pump *pump, void *data, size_t size, size_t *got,
                                        struct strongroom_error *error)
{
    ssize_t n;
    do
        n = read(pump->in, data, size);
    while (n < 0 && again(pump->in, POLLIN));
    if (n < 0)
        return sr_client_fail(error, STRONGROOM_FAILED, "%s: the input cannot be read: %s", pump->what,
                              strerror(errno));
    *got = (size_t)n;
    return STRONGROOM_OK;
}

enum strongroom_result sr_pump_read(const struct sr_pump *pump, void *data, size_t size, size_t *got,
                                    struct strongroom_error *error)
{
    enum strongroom_result result = STRONGROOM_OK;
    size_t n = 1;

    for (*got = 0; *got < size && n > 0 && result == STRONGROOM_OK; *got += n) {
        n = 0;
        result = read_some(pump, (unsigned char *)data + *got, size - *got, &n, error);
    }
    return result;
}

enum strongroom_result sr_pump_write(const struct sr_pump *pump, const void *data, size_t size,
                                     struct strongroom_error *error)
{
    const unsigned char *at = data;
    while (size > 0) {
        ssize_t n = write(pump->out, at, size);
        if (n >= 0) {
            at += n;
            size -= (size_t)n;
        } else if (!again(pump->out, POLLOUT)) {
            return sr_client_fail(error, STRONGROOM_FAILED, "%s: the output cannot be written: %s",
                                  pump->what, strerror(errno));
        }
    }
    return STRONGROOM_OK;
}

static enum strongroom_result fill(const struct sr_pump *pump, struct reader *reader, unsigned char *half,
                                   struct piece *piece, struct strongroom_error *error)
{
    size_t got = 0;

    memcpy(half, reader->ahead, reader->ahead_length);
    enum strongroom_result result =
        sr_pump_read(pump, half + reader->ahead_length, pump->unit - reader->ahead_length, &got, error);
    piece->length = reader->ahead_length + got;
    reader->bytes += piece->length;
    reader->ahead_length = 0;
    if (result == STRONGROOM_OK && piece->length == pump->unit)
        result = read_some(pump, reader->ahead, pump->unit < AHEAD ? pump->unit : AHEAD,
                           &reader->ahead_length, error);
    piece->last = reader->ahead_length == 0;
    return result;
}

static enum strongroom_result send_chunk(const struct sr_pump *pump, size_t half, const struct piece *piece,
                                         struct strongroom_error *error)
{
    const struct sr_backup_chunk_request request = {
        .number = piece->number, .half = half, .length = piece->length, .last = piece->last};
    return sr_client_send(pump->h, pump->what, SR_CALL_BACKUP_CHUNK, &request, error);
}

static enum strongroom_result receive_chunk(const struct sr_pump *pump, size_t *length,
                                            struct strongroom_error *error)
{
    struct sr_backup_chunk_reply reply = {0};
    enum strongroom_result result =
        sr_client_receive(pump->h, pump->what, SR_CALL_BACKUP_CHUNK, &reply, error);
    if (result == STRONGROOM_OK && reply.length > pump->half)
        return sr_client_fail(error, STRONGROOM_FAILED, "%s: strongroomd's answer cannot be", pump->what);
    *length = reply.length;
    return result;
}

/* What became of a chunk, less what is not wanted of it. */
static enum strongroom_result put(struct sr_pump *pump, const unsigned char *half, size_t length,
                                  struct strongroom_error *error)
{
    size_t skip = pump->skip < length ? (size_t)pump->skip : length;
    size_t size = length - skip < pump->most ? length - skip : (size_t)pump->most;

    pump->skip -= skip;
    pump->most -= size;
    return pump->out >= 0 ? sr_pump_write(pump, half + skip, size, error) : STRONGROOM_OK;
}

static void report(const struct sr_pump *pump, const struct reader *reader)
{
    if (pump->options != NULL && pump->options->progress != NULL)
        pump->options->progress(pump->options->argument, reader->bytes);
}

enum strongroom_result sr_pump_run(struct sr_pump *pump, struct strongroom_error *error)
{
    struct reader reader = {.ahead_length = 0};
    struct piece piece = {.number = pump->first};
    size_t at = 0;     /* the half that the daemon works on */
    size_t length = 0; /* of what is in the other one and is to be written */

    enum strongroom_result result = fill(pump, &reader, pump->buffer, &piece, error);
    if (result == STRONGROOM_OK)
        result = send_chunk(pump, at, &piece, error);
    while (result == STRONGROOM_OK) {
        unsigned char *other = pump->buffer + (1 - at) * pump->half;
        bool end = piece.last || piece.number == pump->stop;
        struct piece next = {.number = piece.number + 1};
        struct strongroom_error late;

        result = put(pump, other, length, error);
        if (result == STRONGROOM_OK && !end)
            result = fill(pump, &reader, other, &next, error);
        if (result != STRONGROOM_OK) { /* the answer is on its way, and the connection goes on */
            (void)receive_chunk(pump, &length, &late);
            break;
        }
        result = receive_chunk(pump, &length, error);
        if (result != STRONGROOM_OK)
            break;
        report(pump, &reader);
        if (end)
            return put(pump, pump->buffer + at * pump->half, length, error);
        at = 1 - at;
        piece = next;
        result = send_chunk(pump, at, &piece, error);
    }
    return result;
}
