/* The registry's backups, and what strongroomd's token can do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKUP "taking a backup of the registry"
#define RESTORE "restoring the registry"

static enum strongroom_result write_all(int fd, const struct sr_bytes *piece, struct strongroom_error *error)
{
    for (size_t done = 0; done < piece->length;) {
        ssize_t n = write(fd, piece->data + done, piece->length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return sr_client_fail(error, STRONGROOM_FAILED, BACKUP ": it cannot be written: %s",
                                  strerror(n < 0 ? errno : ENOSPC));
        done += (size_t)n;
    }
    return STRONGROOM_OK;
}

/* The piece at OFFSET, to FD; *LENGTH is how long it was. It lies in the channel, so the lock is held. */
static enum strongroom_result fetch(strongroom *h, const struct sr_piece_request *request, int fd,
                                    size_t *length, struct strongroom_error *error)
{
    struct sr_bytes_reply reply = {0};

    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result = sr_client_connect(h, error);
    if (result == STRONGROOM_OK)
        result = sr_client_call(h, BACKUP, SR_CALL_REGISTRY_READ, request, &reply, error);
    if (result == STRONGROOM_OK)
        result = write_all(fd, &reply.data, error);
    *length = reply.data.length;
    (void)pthread_mutex_unlock(&h->lock);
    return result;
}

enum strongroom_result strongroom_registry_backup(strongroom *h, int fd, unsigned long *size,
                                                  struct strongroom_error *error)
{
    struct sr_backup_reply backup = {0};
    unsigned long offset = 0;
    size_t length = SR_PIECE_MAX;

    *size = 0;
    enum strongroom_result result = sr_client_ask(h, BACKUP, SR_CALL_REGISTRY_BACKUP, NULL, &backup, error);
    /* A shorter piece is the last one. */
    while (result == STRONGROOM_OK && length == SR_PIECE_MAX) {
        const struct sr_piece_request request = {.id = backup.id, .offset = offset};
        result = fetch(h, &request, fd, &length, error);
        offset += length;
    }
    if (result == STRONGROOM_OK && offset != backup.size)
        result = sr_client_fail(error, STRONGROOM_FAILED, BACKUP ": %lu bytes came instead of %lu", offset,
                                backup.size);
    if (result == STRONGROOM_OK)
        *size = offset;
    return result;
}

/* A whole piece, or what is left before the end. -1 on failure. */
static ssize_t read_piece(int fd, unsigned char *piece)
{
    size_t length = 0;
    while (length < SR_PIECE_MAX) {
        ssize_t n = read(fd, piece + length, SR_PIECE_MAX - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        length += (size_t)n;
    }
    return (ssize_t)length;
}

static enum strongroom_result send_all(strongroom *h, int fd, unsigned char *piece, unsigned long *id,
                                       struct strongroom_error *error)
{
    struct sr_backup_reply reply = {0};
    unsigned long offset = 0;
    enum strongroom_result result = STRONGROOM_OK;
    ssize_t n;

    while (result == STRONGROOM_OK && (n = read_piece(fd, piece)) != 0) {
        if (n < 0)
            return sr_client_fail(error, STRONGROOM_FAILED, RESTORE ": the backup cannot be read: %s",
                                  strerror(errno));
        const struct sr_piece_request request = {
            .id = *id, .offset = offset, .data = sr_client_bytes(piece, (size_t)n)};
        result = sr_client_ask(h, RESTORE, SR_CALL_REGISTRY_PUT, &request, &reply, error);
        *id = reply.id;
        offset += (unsigned long)n;
    }
    if (result == STRONGROOM_OK && offset == 0)
        result = sr_client_fail(error, STRONGROOM_INVALID, RESTORE ": the backup is empty");
    return result;
}

enum strongroom_result strongroom_registry_restore(strongroom *h, int fd, unsigned flags, char **json,
                                                   struct strongroom_error *error)
{
    struct sr_registry_restore_request request = {.flags = flags & STRONGROOM_FORCE ? SR_RESTORE_FORCE : 0};

    *json = NULL;
    if (flags & ~(unsigned)STRONGROOM_FORCE)
        return sr_client_fail(error, STRONGROOM_INVALID, RESTORE ": unknown flags 0x%x", flags);
    unsigned char *piece = malloc(SR_PIECE_MAX);
    if (piece == NULL)
        return sr_client_fail(error, STRONGROOM_NO_MEMORY, RESTORE ": out of memory");
    enum strongroom_result result = send_all(h, fd, piece, &request.id, error);
    if (result == STRONGROOM_OK)
        result = sr_client_ask_text(h, RESTORE, SR_CALL_REGISTRY_RESTORE, &request, json, error);
    free(piece);
    return result;
}

enum strongroom_result strongroom_registry_rebuild(strongroom *h, char **json, struct strongroom_error *error)
{
    return sr_client_ask_text(h, "rebuilding the registry", SR_CALL_REGISTRY_REBUILD, NULL, json, error);
}

enum strongroom_result strongroom_token_check(strongroom *h, char **json, struct strongroom_error *error)
{
    return sr_client_ask_text(h, "checking the token", SR_CALL_TOKEN_CHECK, NULL, json, error);
}
