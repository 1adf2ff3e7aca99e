/* SPDX-License-Identifier: Apache-2.0 */
#include "ask_text.h"
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static int print(const struct sr_text_verb *verb, const char *path)
{
    strongroom *daemon = NULL;
    char *text = NULL;
    struct strongroom_error error;
    int exit_status = EXIT_FAILED;

    if (strongroom_open(path, &daemon, &error) != STRONGROOM_OK ||
        verb->ask(daemon, &text, &error) != STRONGROOM_OK)
        sr_say("%s", error.text);
    else if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
        sr_say("%s cannot be written to standard output", verb->what);
    else
        exit_status = EXIT_OK;
    free(text);
    strongroom_close(daemon);
    return exit_status;
}

int sr_ask_text(const struct sr_text_verb *verb, int argc, char **argv)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *path = sr_default_socket();
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 's':
            path = optarg;
            break;
        case 'h':
            (void)fputs(verb->help, stdout);
            return EXIT_OK;
        default:
            return sr_usage(verb->name);
        }
    }
    if (optind != argc) {
        sr_say("%s takes no argument: \"%s\"", verb->name, argv[optind]);
        return sr_usage(verb->name);
    }
    return print(verb, path);
}
