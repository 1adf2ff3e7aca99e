/* The options and arguments of the verbs that ask the daemon for something.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_OPTIONS_H
#define STRONGROOM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* An option with a value, which goes to TEXT, or without one, which sets FLAG; the other is NULL. LETTER: its
 * short form, of one with a value; 0 for none. */
struct sr_option {
    const char *name;
    const char **text;
    bool *flag;
    char letter;
};

#define SR_OPTIONS_MAX 8
#define SR_ARGUMENTS_MAX 4

/* How a verb is called. --socket, --json and --help are every verb's. */
struct sr_form {
    const char *verb;
    const char *help;
    struct sr_option options[SR_OPTIONS_MAX]; /* unused ones have no name */
    const char *arguments[SR_ARGUMENTS_MAX];  /* what each is; NULL behind the last */
    size_t optional;                          /* how many of them, at the end, may be missing */
    bool several;                             /* more may follow them */
};

struct sr_given {
    const char *socket; /* NULL for libstrongroom's own choice */
    bool json;
    const char *arguments[SR_ARGUMENTS_MAX]; /* NULL where one is missing */
    char **more; /* what follows them, where there may be several; ends with NULL */
};

#define SR_COMMON_HELP "  --json         print JSON\n" SR_SOCKET_HELP

/* Reads what was given. False where the verb is over with that: --help, or a mistake, which was said; *STATUS
 * is the exit status then. */
bool sr_options_read(int argc, char **argv, const struct sr_form *form, struct sr_given *given, int *status);

#endif
