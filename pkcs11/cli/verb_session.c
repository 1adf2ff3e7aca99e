/* strongroom session sign and verify
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "input.h"
#include "options.h"
#include "output.h"
#include "verdict.h"

#include <stdlib.h>

#define DEFAULT_PURPOSE "cookie"
#define FAMILY_ARGUMENT "the family's name"
#define PURPOSE_HELP                                                                                         \
    "  --purpose P    what the signature is for: 1 to 32 characters of a-z, 0-9, \"_\" and \"-\"; a "        \
    "signature\n"                                                                                            \
    "                 for one purpose is none for another; default: " DEFAULT_PURPOSE "\n"

static const char sign_help[] =
    "Usage: strongroom session sign FAMILY [OPTION]... < DATA\n\n"
    "Signs what stands on standard input, at most 256 KiB, and prints the signature. FAMILY is \"web\" or\n"
    "\"session:web\".\n\n" PURPOSE_HELP SR_COMMON_HELP;

static const char verify_help[] = "Usage: strongroom session verify FAMILY SIGNATURE [OPTION]... < DATA\n\n"
                                  "Checks a signature of what stands on standard input. Exit status: 0 good, "
                                  "1 not good, 2 called wrongly,\n"
                                  "4 could not be checked.\n\n" PURPOSE_HELP SR_COMMON_HELP;

int sr_verb_session_sign(int argc, char **argv)
{
    const char *purpose = DEFAULT_PURPOSE;
    const struct sr_form form = {.verb = "session sign",
                                 .help = sign_help,
                                 .options = {{"purpose", &purpose, NULL}},
                                 .arguments = {FAMILY_ARGUMENT}};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *family = NULL;
    char *data = NULL;
    char *signature = NULL;
    size_t length;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    exit_status = EXIT_FAILED;
    family = sr_session_family(given.arguments[0]);
    data = family != NULL ? sr_read_input("the data", &length) : NULL;
    if (data == NULL)
        goto out;

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_session_sign(daemon, family, purpose, data, length, &signature, &error);
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else if (given.json)
        exit_status = sr_print_json(json_pack("{s:s}", "signature", signature), false);
    else
        exit_status = sr_print("%s", signature);
out:
    free(family);
    free(data);
    free(signature);
    strongroom_close(daemon);
    return exit_status;
}

int sr_verb_session_verify(int argc, char **argv)
{
    const char *purpose = DEFAULT_PURPOSE;
    const struct sr_form form = {.verb = "session verify",
                                 .help = verify_help,
                                 .options = {{"purpose", &purpose, NULL}},
                                 .arguments = {FAMILY_ARGUMENT, "the signature"}};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *family = NULL;
    char *data = NULL;
    size_t length;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    exit_status = EXIT_UNDECIDED;
    family = sr_session_family(given.arguments[0]);
    data = family != NULL ? sr_read_input("the data", &length) : NULL;
    if (data == NULL)
        goto out;

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_session_verify(daemon, family, purpose, data, length, given.arguments[1], &error);
    exit_status = sr_verdict(&form, &given, result, &error);
    if (result == STRONGROOM_OK)
        exit_status =
            sr_verdict_printed(given.json ? sr_print_json(json_pack("{s:b, s:n}", "good", 1, "reason"), false)
                                          : sr_print("good"));
out:
    free(family);
    free(data);
    strongroom_close(daemon);
    return exit_status;
}
