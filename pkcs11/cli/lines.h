/* Lines of standard input, in batches: as many as there are, but none has to wait for long for those behind
 * it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_LINES_H
#define STRONGROOM_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define SR_LINES_MAX 1000
#define SR_LINE_MAX ((size_t)512 << 10)

struct sr_line {
    char *text; /* with a zero in place of its line feed */
    size_t length;
    bool whole; /* false: the last one, which has no line feed */
};

/* All zero at first. */
struct sr_lines {
    struct sr_line line[SR_LINES_MAX];
    size_t count;
    size_t bytes; /* from here on: lines.c's own */
    char *data;
    size_t length;
    size_t room;
    bool ended;
};

/* Reads the next lines: at most SR_LINES_MAX, and no more than arrive within a second of the first. They are
 * good until the next call. count is 0 at the end. False after a failure, which was said: a line longer than
 * SR_LINE_MAX is one. */
bool sr_lines_next(struct sr_lines *lines);

void sr_lines_free(struct sr_lines *lines);

#endif
