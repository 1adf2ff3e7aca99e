/* Comma-separated values (RFC 4180) from standard input, a record at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_CSV_H
#define STRONGROOM_CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>

#define SR_CSV_FIELDS 16
#define SR_CSV_RECORD 4000 /* bytes of a record */

struct sr_csv {
    unsigned long line;  /* that the record begins on, from 1 */
    const char *trouble; /* what is wrong with the record; NULL: nothing, and it has */
    size_t count;        /* fields */
    const char *field[SR_CSV_FIELDS];
    size_t used; /* bytes of all fields with their final zeros, from field[0] on */
    char text[SR_CSV_RECORD];
    unsigned long next_line;
    bool started;
};

/* Reads the next record; lines with nothing on them are left out. False at the end, and where standard input
 * cannot be read, which was said: then *FAILED is set. */
bool sr_csv_next(struct sr_csv *csv, bool *failed);

/* Cleanses what was read. */
void sr_csv_end(struct sr_csv *csv);

#endif
