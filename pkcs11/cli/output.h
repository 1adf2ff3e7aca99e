/* What goes to standard output, and what a failure becomes. They return an exit status.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_OUTPUT_H
#define STRONGROOM_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <strongroom/strongroom.h>

/* Prints a line, and sees that it arrives. */
int sr_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a JSON value on one line, or (LARGE) on several, and gives up the reference to it. NULL, which is
 * what jansson makes where memory is short, is said. */
int sr_print_json(json_t *value, bool large);

/* Says the error. EXIT_USAGE, with a word on VERB's help, where the caller has to ask differently. */
int sr_failed(const char *verb, enum strongroom_result result, const struct strongroom_error *error);

/* The daemon's answer as JSON; NULL where it is none, which was said. */
json_t *sr_answer(const char *text);

/* The number NAME of OBJECT, OTHERWISE where there is none. */
long long sr_number(const json_t *object, const char *name, long long otherwise);

/* The text NAME of OBJECT, "" where there is none. */
const char *sr_text(const json_t *object, const char *name);

#endif
