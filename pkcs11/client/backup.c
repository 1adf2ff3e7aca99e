/* Backups: encrypted, decrypted, verified.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/pump.h"
#include "formats/backup_header.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ends the stream; COMPLETE: all is well so far. */
static enum strongroom_result end(const struct sr_pump *pump, bool complete, struct strongroom_error *error)
{
    const struct sr_backup_end_request request = {.complete = complete};
    return sr_client_call(pump->h, pump->what, SR_CALL_BACKUP_END, &request, NULL, error);
}

static void give_up(const struct sr_pump *pump)
{
    if (sr_channel_ours(&pump->h->channel))
        (void)end(pump, false, NULL);
}

/* What the daemon is told to know of should be there after a loss of power, too. */
static enum strongroom_result keep(const struct sr_pump *pump, struct strongroom_error *error)
{
    struct stat st;
    if (fstat(pump->out, &st) == 0 && S_ISREG(st.st_mode) && fsync(pump->out) != 0)
        return sr_client_fail(error, STRONGROOM_FAILED, "%s: the output cannot be written: %s", pump->what,
                              strerror(errno));
    return STRONGROOM_OK;
}

static enum strongroom_result begin(struct sr_pump *pump, const char *family, size_t chunk_size,
                                    struct strongroom_error *error)
{
    const struct sr_backup_begin_request request = {.family = sr_client_string(family),
                                                    .chunk_size = chunk_size};
    struct sr_backup_begin_reply reply = {{0, NULL}};

    enum strongroom_result result =
        sr_client_call(pump->h, pump->what, SR_CALL_BACKUP_ENCRYPT, &request, &reply, error);
    if (result == STRONGROOM_OK && (reply.header.length != SR_BACKUP_HEADER || chunk_size > pump->half))
        result = sr_client_fail(error, STRONGROOM_FAILED, "%s: strongroomd's answer cannot be", pump->what);
    if (result == STRONGROOM_OK)
        result = sr_pump_write(pump, reply.header.data, reply.header.length, error);
    pump->unit = chunk_size;
    return result;
}

static void forget(struct strongroom_error *error)
{
    if (error != NULL)
        error->text[0] = '\0';
}

enum strongroom_result strongroom_backup_encrypt(strongroom *h, const char *family, int in, int out,
                                                 const struct strongroom_backup_options *options,
                                                 struct strongroom_error *error)
{
    struct sr_pump pump = {.h = h,
                           .what = "encrypting the backup",
                           .in = in,
                           .out = out,
                           .stop = UINT64_MAX,
                           .most = UINT64_MAX,
                           .options = options};
    size_t chunk_size =
        options != NULL && options->chunk_size != 0 ? options->chunk_size : SR_BACKUP_CHUNK_DEFAULT;

    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result = sr_pump_map(&pump, error);
    if (result != STRONGROOM_OK)
        goto out;
    result = begin(&pump, family, chunk_size, error);
    if (result == STRONGROOM_OK)
        result = sr_pump_run(&pump, error);
    if (result == STRONGROOM_OK)
        result = keep(&pump, error);
    if (result == STRONGROOM_OK)
        result = end(&pump, true, error);
    else
        give_up(&pump);
out:
    sr_pump_unmap(&pump);
    (void)pthread_mutex_unlock(&h->lock);
    if (result == STRONGROOM_OK)
        forget(error);
    return result;
}

/* Reads the header and opens the stream. */
static enum strongroom_result open_stream(struct sr_pump *pump, enum sr_call call,
                                          struct strongroom_error *error)
{
    unsigned char header[SR_BACKUP_HEADER] = {0};
    const struct sr_backup_header_request request = {sr_client_bytes(header, sizeof(header))};
    struct sr_backup_open_reply reply = {0};
    size_t got;

    enum strongroom_result result = sr_pump_read(pump, header, sizeof(header), &got, error);
    if (result == STRONGROOM_OK && got < sizeof(header))
        result = sr_client_fail(error, STRONGROOM_BAD,
                                "%s: this is no backup, or it is truncated: a header alone has %d bytes, and "
                                "this has %zu",
                                pump->what, SR_BACKUP_HEADER, got);
    if (result == STRONGROOM_OK)
        result = sr_pump_map(pump, error);
    if (result == STRONGROOM_OK)
        result = sr_client_call(pump->h, pump->what, call, &request, &reply, error);
    if (result != STRONGROOM_OK)
        return result;
    pump->unit = reply.chunk_size + SR_BACKUP_TAG;
    if (sr_backup_chunk_size_good(reply.chunk_size) && pump->unit <= pump->half)
        return STRONGROOM_OK;
    give_up(pump);
    return sr_client_fail(error, STRONGROOM_FAILED, "%s: strongroomd's answer cannot be", pump->what);
}

static enum strongroom_result finish(struct sr_pump *pump, enum strongroom_result result,
                                     struct strongroom_error *error)
{
    if (result == STRONGROOM_OK)
        return end(pump, true, error);
    give_up(pump);
    return result;
}

static enum strongroom_result whole(struct sr_pump *pump, enum sr_call call, struct strongroom_error *error)
{
    (void)pthread_mutex_lock(&pump->h->lock);
    enum strongroom_result result = open_stream(pump, call, error);
    if (result == STRONGROOM_OK)
        result = finish(pump, sr_pump_run(pump, error), error);
    sr_pump_unmap(pump);
    (void)pthread_mutex_unlock(&pump->h->lock);
    if (result == STRONGROOM_OK)
        forget(error);
    return result;
}

enum strongroom_result strongroom_backup_decrypt(strongroom *h, int in, int out,
                                                 const struct strongroom_backup_options *options,
                                                 struct strongroom_error *error)
{
    struct sr_pump pump = {.h = h,
                           .what = "decrypting the backup",
                           .in = in,
                           .out = out,
                           .stop = UINT64_MAX,
                           .most = UINT64_MAX,
                           .options = options};
    return whole(&pump, SR_CALL_BACKUP_DECRYPT, error);
}

enum strongroom_result strongroom_backup_verify(strongroom *h, int in,
                                                const struct strongroom_backup_options *options,
                                                struct strongroom_error *error)
{
    struct sr_pump pump = {.h = h,
                           .what = "verifying the backup",
                           .in = in,
                           .out = -1,
                           .stop = UINT64_MAX,
                           .most = UINT64_MAX,
                           .options = options};
    return whole(&pump, SR_CALL_BACKUP_VERIFY, error);
}

/* Goes to the chunk that FROM is in. Where that is behind the file's last one, then to that: only the chunk
 * itself tells that it is the last. */
static enum strongroom_result seek(struct sr_pump *pump, unsigned long long from, unsigned long long to,
                                   struct strongroom_error *error)
{
    size_t chunk = pump->unit - SR_BACKUP_TAG;
    struct stat st;

    if (fstat(pump->in, &st) != 0 || st.st_size <= SR_BACKUP_HEADER) {
        pump->first = 0; /* nothing there: which the stream will say */
    } else {
        uint64_t last = ((uint64_t)st.st_size - SR_BACKUP_HEADER - 1) / pump->unit;
        pump->first = from / chunk < last ? from / chunk : last;
    }
    pump->stop = to / chunk;
    pump->skip = from - pump->first * chunk;
    pump->most = to - from == UINT64_MAX ? UINT64_MAX : to - from + 1;
    if (lseek(pump->in, (off_t)(SR_BACKUP_HEADER + pump->first * pump->unit), SEEK_SET) < 0)
        return sr_client_fail(error, STRONGROOM_FAILED, "%s: the input cannot be read: %s", pump->what,
                              strerror(errno));
    return STRONGROOM_OK;
}

enum strongroom_result strongroom_backup_decrypt_range(strongroom *h, int in, int out,
                                                       unsigned long long from, unsigned long long to,
                                                       const struct strongroom_backup_options *options,
                                                       struct strongroom_error *error)
{
    struct sr_pump pump = {
        .h = h, .what = "decrypting a part of the backup", .in = in, .out = out, .options = options};
    struct stat st;

    if (from > to)
        return sr_client_fail(error, STRONGROOM_INVALID, "%s: it begins behind its end", pump.what);
    if (fstat(in, &st) != 0 || !S_ISREG(st.st_mode) || lseek(in, 0, SEEK_SET) < 0)
        return sr_client_fail(error, STRONGROOM_INVALID, "%s: that needs a regular file, not a pipe",
                              pump.what);
    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result = open_stream(&pump, SR_CALL_BACKUP_DECRYPT, error);
    if (result == STRONGROOM_OK) {
        result = seek(&pump, from, to, error);
        unsigned long long most = pump.most;
        if (result == STRONGROOM_OK)
            result = sr_pump_run(&pump, error);
        if (result == STRONGROOM_OK && pump.most == most)
            result =
                sr_client_fail(error, STRONGROOM_INVALID, "%s: it ends before byte %llu", pump.what, from);
        result = finish(&pump, result, error);
    }
    sr_pump_unmap(&pump);
    (void)pthread_mutex_unlock(&h->lock);
    if (result == STRONGROOM_OK)
        forget(error);
    return result;
}
