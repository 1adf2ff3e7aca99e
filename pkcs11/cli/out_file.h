/* A file that is there as a whole or not at all: written beside its name, mode 0600, and put there at the
 * end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_OUT_FILE_H
#define STRONGROOM_CLI_OUT_FILE_H

#include <stdbool.h>

struct sr_out_file {
    const char *path; /* NULL: standard output */
    char *temporary;  /* NULL: nothing is to be removed */
    int fd;
    bool replace;
};

#define SR_OUT_FILE_NONE ((struct sr_out_file){.fd = -1})

/* PATH NULL or "-": standard output, which may not be a terminal. A file that is there already is refused
 * unless REPLACE. What was begun is removed when a signal ends the program. False after a message; to be
 * closed in either case. One at a time. */
bool sr_out_file_open(struct sr_out_file *f, const char *path, bool replace);

/* Writes it to the disk and puts it in its place. False after a message. */
bool sr_out_file_done(struct sr_out_file *f);

/* Closes, and removes what was not put in its place. Safe on SR_OUT_FILE_NONE. */
void sr_out_file_close(struct sr_out_file *f);

#endif
