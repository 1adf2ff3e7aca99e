/* Verbs that take no argument and print the text that strongroomd answers with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_ASK_TEXT_H
#define STRONGROOM_CLI_ASK_TEXT_H

#include <strongroom/strongroom.h>

struct sr_text_verb {
    const char *name; /* "audit tip" */
    const char *what; /* it prints, for the message that it could not: "the tip" */
    const char *help;
    enum strongroom_result (*ask)(strongroom *daemon, char **text, struct strongroom_error *error);
};

/* The verb with its command line; returns the exit status. */
int sr_ask_text(const struct sr_text_verb *verb, int argc, char **argv);

#endif
