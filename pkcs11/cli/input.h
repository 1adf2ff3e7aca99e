/* What comes from standard input.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_INPUT_H
#define STRONGROOM_CLI_INPUT_H

#include <stddef.h>

#define SR_INPUT_MAX (256 * (size_t)1024)

/* Reads standard input to its end: at most SR_INPUT_MAX bytes. WHAT names it for the message. The result has
 * a zero behind its *LENGTH bytes and is to be freed with free(); NULL after a failure, which was said. */
char *sr_read_input(const char *what, size_t *length);

/* The same for at most MOST bytes. */
char *sr_read_most(const char *what, size_t most, size_t *length);

/* The same for text, without the white space at its end; a zero byte in it is a failure as well. */
char *sr_read_text(const char *what);

#endif
