/* strongroom audit tip
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <strongroom/strongroom.h>

static const char help[] = "Usage: strongroom audit tip [--socket PATH]\n\n"
                           "Prints the last line of the audit log, as its file, number and chain value, with "
                           "the time and a signature\n"
                           "of the token: one JSON object. Keep it elsewhere; \"strongroom audit verify "
                           "--tip\" tells later whether\n"
                           "the log still has that line. Needs the right to manage.\n\n" SR_SOCKET_HELP;

static int print_tip(const char *path)
{
    strongroom *daemon = NULL;
    char *text = NULL;
    struct strongroom_error error;
    int exit_status = EXIT_FAILED;

    if (strongroom_open(path, &daemon, &error) != STRONGROOM_OK ||
        strongroom_audit_tip(daemon, &text, &error) != STRONGROOM_OK)
        sr_say("%s", error.text);
    else if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
        sr_say("the tip cannot be written to standard output");
    else
        exit_status = EXIT_OK;
    free(text);
    strongroom_close(daemon);
    return exit_status;
}

int sr_verb_audit_tip(int argc, char **argv)
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
            (void)fputs(help, stdout);
            return EXIT_OK;
        default:
            return sr_usage("audit tip");
        }
    }
    if (optind != argc) {
        sr_say("audit tip takes no argument: \"%s\"", argv[optind]);
        return sr_usage("audit tip");
    }
    return print_tip(path);
}
