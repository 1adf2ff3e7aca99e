/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"
#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 1000
#define READ_SIZE ((size_t)64 << 10)

static long long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Cuts lines out of what was read, from the first on. */
static void cut(struct sr_lines *lines)
{
    lines->count = 0;
    lines->bytes = 0;
    while (lines->count < SR_LINES_MAX && lines->bytes < lines->length) {
        char *start = lines->data + lines->bytes;
        size_t left = lines->length - lines->bytes;
        char *end = memchr(start, '\n', left);
        if (end == NULL && !lines->ended)
            return;
        size_t length = end != NULL ? (size_t)(end - start) : left;
        lines->line[lines->count++] = (struct sr_line){start, length, end != NULL};
        lines->bytes += length + (end != NULL ? 1 : 0);
        start[length] = '\0';
    }
}

/* Reads some more; waits for at most WAIT_MS, or (negative) for as long as it takes. *ARRIVED: there was
 * something, or the end. */
static bool read_some(struct sr_lines *lines, long long wait_ms, bool *arrived)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    *arrived = false;
    if (lines->room - lines->length < READ_SIZE + 1) {
        size_t room = lines->length + 2 * READ_SIZE;
        char *more = realloc(lines->data, room);
        if (more == NULL) {
            sr_say("out of memory");
            return false;
        }
        lines->data = more;
        lines->room = room;
    }
    int ready = poll(&input, 1, wait_ms < 0 ? -1 : (int)wait_ms);
    if (ready == 0 || (ready < 0 && errno == EINTR))
        return true;
    ssize_t n = ready > 0 ? read(STDIN_FILENO, lines->data + lines->length, READ_SIZE) : -1;
    if (n < 0 && errno != EINTR) {
        sr_say("standard input cannot be read: %s", strerror(errno));
        return false;
    }
    *arrived = n >= 0;
    lines->ended = n == 0;
    lines->length += n > 0 ? (size_t)n : 0;
    return true;
}

static size_t count_lines(const struct sr_lines *lines)
{
    size_t count = 0;
    const char *at = lines->data;
    const char *end = at + lines->length;
    while (at != end && count < SR_LINES_MAX && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        count++;
    }
    return count;
}

bool sr_lines_next(struct sr_lines *lines)
{
    long long until = 0; /* nothing is waiting yet */
    bool arrived;

    if (lines->bytes > 0) {
        lines->length -= lines->bytes;
        memmove(lines->data, lines->data + lines->bytes, lines->length);
        lines->bytes = 0;
    }
    for (;;) {
        size_t count = lines->length > 0 ? count_lines(lines) : 0;
        if (count == 0 && lines->length > SR_LINE_MAX) {
            sr_say("a line of standard input is longer than %zu KiB", SR_LINE_MAX / 1024);
            return false;
        }
        if (count > 0 && until == 0)
            until = now_ms() + WAIT_MS;
        if (lines->ended || count == SR_LINES_MAX || (count > 0 && now_ms() >= until))
            break;
        long long wait = count > 0 ? until - now_ms() : -1;
        if (!read_some(lines, count > 0 && wait < 0 ? 0 : wait, &arrived))
            return false;
    }
    cut(lines);
    return true;
}

void sr_lines_free(struct sr_lines *lines)
{
    free(lines->data);
    *lines = (struct sr_lines){0};
}
