/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include "cli.h"

#include <getopt.h>
#include <stdio.h>

/* What getopt_long returns for the verb's own options: behind every character. */
#define OWN 256

static void name_options(const struct sr_form *form, struct option options[SR_OPTIONS_MAX + 4])
{
    size_t n = 0;
    options[n++] = (struct option){"socket", required_argument, NULL, 's'};
    options[n++] = (struct option){"json", no_argument, NULL, 'j'};
    options[n++] = (struct option){"help", no_argument, NULL, 'h'};
    for (int i = 0; i < SR_OPTIONS_MAX && form->options[i].name != NULL; i++) {
        int has_value = form->options[i].text != NULL ? required_argument : no_argument;
        options[n++] = (struct option){form->options[i].name, has_value, NULL, OWN + i};
    }
    options[n] = (struct option){0};
}

/* The options' letters, as getopt_long wants them. */
static void name_letters(const struct sr_form *form, char letters[2 + 2 * SR_OPTIONS_MAX])
{
    size_t n = 0;
    letters[n++] = 'h';
    for (int i = 0; i < SR_OPTIONS_MAX && form->options[i].name != NULL; i++)
        if (form->options[i].letter != 0) {
            letters[n++] = form->options[i].letter;
            letters[n++] = ':';
        }
    letters[n] = '\0';
}

/* What getopt_long returned as a number of the verb's own options; -1 where it is none. */
static int own_option(const struct sr_form *form, int option)
{
    if (option >= OWN)
        return option - OWN;
    for (int i = 0; i < SR_OPTIONS_MAX && form->options[i].name != NULL; i++)
        if (form->options[i].letter != 0 && form->options[i].letter == option)
            return i;
    return -1;
}

static bool read_arguments(int argc, char **argv, const struct sr_form *form, struct sr_given *given)
{
    size_t wanted = 0;
    size_t n = 0;

    while (wanted < SR_ARGUMENTS_MAX && form->arguments[wanted] != NULL)
        wanted++;
    given->more = argv + argc;
    for (int i = optind; i < argc; i++) {
        if (n == wanted && form->several) {
            given->more = argv + i;
            break;
        }
        if (n == wanted) {
            sr_say("%s: \"%s\" is one argument too many", form->verb, argv[i]);
            return false;
        }
        given->arguments[n++] = argv[i];
    }
    if (n + form->optional < wanted) {
        sr_say("%s: %s is missing", form->verb, form->arguments[n]);
        return false;
    }
    return true;
}

bool sr_options_read(int argc, char **argv, const struct sr_form *form, struct sr_given *given, int *status)
{
    struct option options[SR_OPTIONS_MAX + 4];
    char letters[2 + 2 * SR_OPTIONS_MAX];
    int option;

    *given = (struct sr_given){.socket = sr_default_socket()};
    *status = EXIT_USAGE;
    name_options(form, options);
    name_letters(form, letters);
    while ((option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        int own = own_option(form, option);
        if (option == 's') {
            given->socket = optarg;
        } else if (option == 'j') {
            given->json = true;
        } else if (option == 'h') {
            *status = fputs(form->help, stdout) < 0 ? EXIT_FAILED : EXIT_OK;
            return false;
        } else if (own < 0) { /* '?': getopt_long has said it */
            (void)sr_usage(form->verb);
            return false;
        } else if (form->options[own].text != NULL) {
            *form->options[own].text = optarg;
        } else {
            *form->options[own].flag = true;
        }
    }
    if (!read_arguments(argc, argv, form, given)) {
        (void)sr_usage(form->verb);
        return false;
    }
    return true;
}
