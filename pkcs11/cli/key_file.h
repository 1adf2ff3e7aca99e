/* A file that names a key instead of holding one: what programs that want a key file are given.
 *
 * PEM with the label "PKCS#11 PROVIDER URI"; inside, DER: SEQUENCE { VisibleString "PKCS#11 Provider URI
 * v1.0", UTF8String the URI }. The file is written beside its name and then put there in one step.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_KEY_FILE_H
#define STRONGROOM_CLI_KEY_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct sr_key_file {
    const char *path; /* the caller's */
    char *temporary;  /* NULL: nothing is open */
    FILE *file;
    bool replace;
};

#define SR_KEY_FILE_NONE ((struct sr_key_file){0})

/* Makes sure that PATH can be written, before a key is made for it: creates the file beside it. Where PATH
 * exists already, that is an error unless REPLACE. False after a message. */
bool sr_key_file_open(struct sr_key_file *f, const char *path, bool replace);

/* Writes URI and puts the file in its place, mode 0644. False after a message. The file is closed in either
 * case. */
bool sr_key_file_write(struct sr_key_file *f, const char *uri);

/* Closes, and removes what was not put in its place. Safe on SR_KEY_FILE_NONE and after writing. */
void sr_key_file_close(struct sr_key_file *f);

#endif
