/* strongroom totp verify and resync
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "input.h"
#include "totp_common.h"

#include <stdlib.h>
#include <string.h>

#define STATUS_HELP "Exit status: 0 accepted, 1 refused, 2 could not be decided, 64 called wrongly.\n\n"

static const char verify_help[] =
    "Usage: strongroom totp verify FAMILY USER [CODE] [OPTION]...\n\n"
    "Checks a user's code, which is accepted once. Without CODE it is read from standard input. FAMILY is\n"
    "\"users\" or \"totp:users\".\n" STATUS_HELP SR_COMMON_HELP;

static const char resync_help[] = "Usage: strongroom totp resync FAMILY USER [CODE CODE] [OPTION]...\n\n"
                                  "Finds out by two codes that follow one another how far off the user's "
                                  "clock is, up to 100 codes. Without\n"
                                  "them they are read from standard input.\n" STATUS_HELP SR_COMMON_HELP;

/* As it was written, but for the end of the line. NULL after a failure, which was said. */
static char *read_code(void)
{
    size_t length;
    char *text = sr_read_input("the code", &length);
    if (text != NULL && strlen(text) != length) {
        sr_say("the code on standard input: a zero byte is in it");
        free(text);
        return NULL;
    }
    if (text != NULL && length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    if (text != NULL && length > 0 && text[length - 1] == '\r')
        text[--length] = '\0';
    return text;
}

/* Says how it ended; the verb's exit status. */
static int verdict(const struct sr_given *given, enum strongroom_result result,
                   const struct strongroom_error *error)
{
    bool accepted = result == STRONGROOM_OK;
    if (!accepted && result != STRONGROOM_BAD) {
        sr_say("%s", error->text);
        return result == STRONGROOM_INVALID ? TOTP_USAGE : TOTP_UNDECIDED;
    }
    int status = EXIT_OK;
    if (given->json)
        status = sr_print_json(
            json_pack("{s:b, s:s?}", "accepted", accepted, "reason", accepted ? NULL : error->text), false);
    else if (accepted)
        status = sr_print("accepted");
    else
        sr_say("%s", error->text);
    /* Who reads the answer has none. */
    return status != EXIT_OK ? TOTP_UNDECIDED : accepted ? TOTP_ACCEPTED : TOTP_REFUSED;
}

int sr_verb_totp_verify(int argc, char **argv)
{
    const struct sr_form form = {.verb = "totp verify",
                                 .help = verify_help,
                                 .arguments = {TOTP_FAMILY, TOTP_USER, "the code"},
                                 .optional = 1};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *read = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status == EXIT_USAGE ? TOTP_USAGE : exit_status;
    exit_status = TOTP_UNDECIDED;
    char *family = sr_totp_family(given.arguments[0]);
    const char *code = given.arguments[2];
    if (code == NULL && family != NULL)
        code = read = read_code();
    if (family == NULL || code == NULL)
        goto out;

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_totp_verify(daemon, family, given.arguments[1], code, &error);
    exit_status = verdict(&given, result, &error);
out:
    free(family);
    free(read);
    strongroom_close(daemon);
    return exit_status;
}

int sr_verb_totp_resync(int argc, char **argv)
{
    const struct sr_form form = {.verb = "totp resync",
                                 .help = resync_help,
                                 .arguments = {TOTP_FAMILY, TOTP_USER, "the first code", "the second code"},
                                 .optional = 2};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *read = NULL;
    char *rest = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status == EXIT_USAGE ? TOTP_USAGE : exit_status;
    exit_status = TOTP_UNDECIDED;
    char *family = sr_totp_family(given.arguments[0]);
    const char *first = given.arguments[2];
    const char *second = given.arguments[3];
    if (first == NULL && family != NULL && (read = sr_read_text("the codes")) != NULL) {
        first = strtok_r(read, " \t\r\n", &rest);
        second = strtok_r(NULL, "", &rest);
        second = second != NULL ? second + strspn(second, " \t\r\n") : NULL;
    }
    if (family == NULL || (read == NULL && first == NULL))
        goto out;
    if (first == NULL || second == NULL) {
        sr_say("totp resync: two codes are needed, which follow one another");
        exit_status = TOTP_USAGE;
        goto out;
    }
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_totp_resync(daemon, family, given.arguments[1], first, second, &error);
    exit_status = verdict(&given, result, &error);
out:
    free(family);
    free(read);
    strongroom_close(daemon);
    return exit_status;
}
