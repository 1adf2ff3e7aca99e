/* A file that is there whole or not at all: written beside its name with mode 0600, and put there at the end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_NEW_FILE_H
#define STRONGROOM_CLI_NEW_FILE_H

#include <stdbool.h>

struct sr_new_file {
    const char *path; /* the caller's */
    char *temporary;  /* NULL: there is none */
    int fd;           /* to be written to */
    bool replace;
};

#define SR_NEW_FILE_NONE ((struct sr_new_file){.fd = -1})

/* Opens it; with "-" it is standard output. Where PATH exists that is an error unless REPLACE. False after a
 * message. */
bool sr_new_file_open(struct sr_new_file *file, const char *path, bool replace);

/* Brings it to the disk and puts it in its place. False after a message. */
bool sr_new_file_finish(struct sr_new_file *file);

/* Closes it, and removes what was not finished. Safe on SR_NEW_FILE_NONE and after finishing. */
void sr_new_file_close(struct sr_new_file *file);

#endif
