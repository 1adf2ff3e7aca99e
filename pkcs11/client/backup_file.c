/* Backups: their headers, and what the daemon knows of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"
#include "formats/backup_header.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char rewrapping[] = "rewrapping the backup";

static enum strongroom_result failed(const char *what, struct strongroom_error *error)
{
    return sr_client_fail(error, STRONGROOM_FAILED, "%s: the file cannot be read or written: %s", what,
                          strerror(errno));
}

/* AT less than 0: where the descriptor is. */
static enum strongroom_result read_header(const char *what, int fd, off_t at, unsigned char *header,
                                          struct strongroom_error *error)
{
    size_t got = 0;
    ssize_t n = 1;

    while (got < SR_BACKUP_HEADER && n != 0) {
        n = at < 0 ? read(fd, header + got, SR_BACKUP_HEADER - got)
                   : pread(fd, header + got, SR_BACKUP_HEADER - got, at + (off_t)got);
        if (n > 0)
            got += (size_t)n;
        if (n < 0 && errno != EINTR)
            return failed(what, error);
    }
    if (got == SR_BACKUP_HEADER)
        return STRONGROOM_OK;
    return sr_client_fail(error, STRONGROOM_BAD,
                          "%s: this is no backup, or it is truncated: a header alone has %d bytes, and this "
                          "has %zu",
                          what, SR_BACKUP_HEADER, got);
}

static enum strongroom_result write_slot(int fd, unsigned char *header, size_t slot,
                                         const unsigned char *bytes, struct strongroom_error *error)
{
    size_t at = SR_BACKUP_FIXED + slot * SR_BACKUP_SLOT;
    size_t done = 0;

    memcpy(header + at, bytes, SR_BACKUP_SLOT);
    while (done < SR_BACKUP_SLOT) {
        ssize_t n = pwrite(fd, bytes + done, SR_BACKUP_SLOT - done, (off_t)(at + done));
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return failed(rewrapping, error);
    }
    return fsync(fd) == 0 ? STRONGROOM_OK : failed(rewrapping, error);
}

/* The new list into the other slot, and only then zeros over the old one. */
static enum strongroom_result exchange(int fd, unsigned char *header, size_t used, const unsigned char *list,
                                       struct strongroom_error *error)
{
    static const unsigned char none[SR_BACKUP_SLOT];
    size_t other = 1 - used;

    enum strongroom_result result = STRONGROOM_OK;
    if (list != NULL) {
        result = write_slot(fd, header, other, list, error);
        other = used;
    }
    if (result == STRONGROOM_OK && !sr_backup_slot_empty(sr_backup_slot(header, other)))
        result = write_slot(fd, header, other, none, error);
    return result;
}

/* With the handle's lock and the file's. The registry is told when the file has changed: whenever this ends
 * early, it believes of the file that it needs the older version. */
static enum strongroom_result rewrap(strongroom *h, int fd, int *changed, struct strongroom_error *error)
{
    unsigned char header[SR_BACKUP_HEADER] = {0};
    unsigned char list[SR_BACKUP_SLOT];
    const struct sr_backup_header_request request = {sr_client_bytes(header, sizeof(header))};
    struct sr_backup_rewrap_reply reply = {0};

    enum strongroom_result result = read_header(rewrapping, fd, 0, header, error);
    if (result == STRONGROOM_OK)
        result = sr_client_ask_held(h, rewrapping, SR_CALL_BACKUP_REWRAP, &request, &reply, error);
    if (result != STRONGROOM_OK)
        return result;
    bool change = reply.list.length > 0;
    if (reply.slot >= SR_BACKUP_SLOTS || (change && reply.list.length != SR_BACKUP_SLOT))
        return sr_client_fail(error, STRONGROOM_FAILED, "%s: strongroomd's answer cannot be", rewrapping);
    if (change)
        memcpy(list, reply.list.data, sizeof(list));
    result = exchange(fd, header, reply.slot, change ? list : NULL, error);
    if (result == STRONGROOM_OK)
        result = sr_client_ask_held(h, rewrapping, SR_CALL_BACKUP_RECORD, &request, NULL, error);
    if (result == STRONGROOM_OK && changed != NULL)
        *changed = change;
    return result;
}

enum strongroom_result strongroom_backup_rewrap(strongroom *h, int fd, int *changed,
                                                struct strongroom_error *error)
{
    struct stat st;

    if (changed != NULL)
        *changed = 0;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return sr_client_fail(error, STRONGROOM_INVALID, "%s: that is no regular file", rewrapping);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? sr_client_fail(error, STRONGROOM_CONFLICT,
                                                     "%s: another process is at the same file", rewrapping)
                                    : failed(rewrapping, error);
    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result = rewrap(h, fd, changed, error);
    (void)pthread_mutex_unlock(&h->lock);
    (void)flock(fd, LOCK_UN);
    if (result == STRONGROOM_OK && error != NULL)
        error->text[0] = '\0';
    return result;
}

/* The slot that seems to be in use, and its list. */
static bool likely_slot(const unsigned char *header, size_t *number, struct sr_backup_slot *list)
{
    struct sr_backup_slot slot;
    bool found = false;

    for (size_t i = 0; i < SR_BACKUP_SLOTS; i++) {
        if (sr_backup_slot_parse(sr_backup_slot(header, i), &slot) != NULL ||
            (found && slot.sequence <= list->sequence))
            continue;
        *list = slot;
        *number = i;
        found = true;
    }
    return found;
}

/* Bytes of plaintext, if the file is whole; -1: not known. */
static long long plain_bytes(int in, const struct sr_backup_fixed *fixed)
{
    unsigned long long unit = (unsigned long long)fixed->chunk_size + SR_BACKUP_TAG;
    struct stat st;

    if (fstat(in, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < SR_BACKUP_HEADER + SR_BACKUP_TAG)
        return -1;
    unsigned long long rest = (unsigned long long)st.st_size - SR_BACKUP_HEADER;
    return (long long)(rest - (rest + unit - 1) / unit * SR_BACKUP_TAG);
}

/* A reason as a JSON string: a text of the daemon's, which may have quotes in it. */
static void print_string(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else if (c < ' ' || c > '~')
            (void)fprintf(out, "\\u%04x", c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

static void print_recipients(FILE *out, const struct sr_backup_slot *list)
{
    struct sr_backup_family family;

    for (size_t i = 0; i < list->count; i++) {
        const struct sr_backup_recipient *r = &list->recipients[i];
        (void)fprintf(out, "%s{\"type\":%u", i > 0 ? "," : "", r->type);
        if (r->type == SR_BACKUP_FAMILY_KEK && sr_backup_family_parse(r, &family) == NULL)
            (void)fprintf(out, ",\"family\":\"%s\",\"version\":%llu", family.name,
                          (unsigned long long)family.version);
        (void)fputc('}', out);
    }
}

/* CHECKED: the slot that the daemon has found to be in use; less than 0: none, for REASON. */
static bool print_info(FILE *out, int in, const unsigned char *header, const struct sr_backup_fixed *fixed,
                       int checked, const char *reason)
{
    struct sr_backup_slot list = {0};
    size_t slot = 0;
    bool found = checked >= 0 ? sr_backup_slot_parse(sr_backup_slot(header, (size_t)checked), &list) == NULL
                              : likely_slot(header, &slot, &list);
    long long bytes = plain_bytes(in, fixed);

    (void)fputs("{\"format\":1,\"file\":\"", out);
    for (size_t i = 0; i < SR_BACKUP_ID; i++)
        (void)fprintf(out, "%02x", fixed->id[i]);
    (void)fprintf(out, "\",\"chunk_size\":%lu,\"bytes\":", (unsigned long)fixed->chunk_size);
    (void)fprintf(out, bytes >= 0 ? "%lld" : "null", bytes);
    (void)fprintf(out, ",\"slot\":%d,\"recipients\":[", checked >= 0 ? checked : found ? (int)slot : -1);
    print_recipients(out, &list);
    (void)fprintf(out, "],\"authenticated\":%s,\"reason\":", checked >= 0 ? "true" : "false");
    if (checked >= 0)
        (void)fputs("null", out);
    else
        print_string(out, reason);
    (void)fputc('}', out);
    return ferror(out) == 0;
}

enum strongroom_result strongroom_backup_info(strongroom *h, int in, char **json,
                                              struct strongroom_error *error)
{
    static const char what[] = "looking at the backup";
    unsigned char header[SR_BACKUP_HEADER] = {0};
    const struct sr_backup_header_request request = {sr_client_bytes(header, sizeof(header))};
    struct strongroom_error reason = {"strongroomd was not asked"};
    struct sr_backup_info_reply reply = {.slot = 0};
    struct sr_backup_fixed fixed;
    size_t size = 0;

    *json = NULL;
    enum strongroom_result result = read_header(what, in, -1, header, error);
    if (result != STRONGROOM_OK)
        return result;
    const char *wrong = sr_backup_fixed_parse(header, &fixed);
    if (wrong != NULL)
        return sr_client_fail(error, STRONGROOM_BAD,
                              "%s: this is no backup, or its first bytes are damaged: it %s", what, wrong);
    bool checked = false;
    if (h != NULL) {
        (void)pthread_mutex_lock(&h->lock);
        checked =
            sr_client_ask_held(h, what, SR_CALL_BACKUP_INFO, &request, &reply, &reason) == STRONGROOM_OK &&
            reply.slot < SR_BACKUP_SLOTS;
        (void)pthread_mutex_unlock(&h->lock);
    }
    FILE *out = open_memstream(json, &size);
    bool good =
        out != NULL && print_info(out, in, header, &fixed, checked ? (int)reply.slot : -1, reason.text);
    if (out != NULL)
        good = fclose(out) == 0 && good;
    if (!good) {
        free(*json);
        *json = NULL;
        return sr_client_fail(error, STRONGROOM_NO_MEMORY, "%s: out of memory", what);
    }
    if (error != NULL)
        error->text[0] = '\0';
    return STRONGROOM_OK;
}

enum strongroom_result strongroom_backup_list(strongroom *h, const char *family, char **json,
                                              struct strongroom_error *error)
{
    const struct sr_family_request request = {sr_client_string(family != NULL ? family : "")};
    return sr_client_ask_text(h, "listing the backups", SR_CALL_BACKUP_LIST, &request, json, error);
}

enum strongroom_result strongroom_backup_forget(strongroom *h, const char *family, const char *file,
                                                struct strongroom_error *error)
{
    const struct sr_backup_forget_request request = {sr_client_string(family), sr_client_string(file)};
    return sr_client_ask(h, "forgetting the backup", SR_CALL_BACKUP_FORGET, &request, NULL, error);
}
