/* strongroom totp enrol
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "qr.h"
#include "totp_common.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: strongroom totp enrol FAMILY USER --issuer NAME [OPTION]...\n\n"
    "Gives the user a new random seed and prints the otpauth:// URI for the user's application, this once.\n"
    "FAMILY is \"users\" or \"totp:users\".\n\n"
    "  --issuer NAME  what the application shows of who asks for codes\n"
    "  --account A    what it shows of the user; default: USER\n"
    "  --algorithm A  SHA1, SHA256 or SHA512; default: SHA1, which every application knows\n"
    "  --digits N     6, 7 or 8; default: 6\n"
    "  --period S     seconds that a code is for; default: 30\n"
    "  --qr WHERE     also as a QR code: \"terminal\", or a file that ends with .png or .svg\n"
    "  --force        replace that file\n"
    "  --replace      replace the seed of a user who has one\n" SR_COMMON_HELP;

/* The user is enrolled; what fails from here on leaves the URI the only thing to go by. */
static int show(const struct sr_given *given, struct sr_qr_file *qr, bool wants_qr, const char *uri)
{
    bool drawn = !wants_qr || sr_qr_write(qr, uri);
    int exit_status =
        given->json ? sr_print_json(json_pack("{s:s}", "uri", uri), false) : sr_print("%s", uri);
    return drawn ? exit_status : EXIT_FAILED;
}

int sr_verb_totp_enrol(int argc, char **argv)
{
    struct strongroom_totp_entry entry = {0};
    const char *digits = NULL;
    const char *period = NULL;
    const char *where = NULL;
    bool force = false;
    bool replace = false;
    const struct sr_form form = {.verb = "totp enrol",
                                 .help = help,
                                 .options = {{"issuer", &entry.issuer, NULL},
                                             {"account", &entry.account, NULL},
                                             {"algorithm", &entry.algorithm, NULL},
                                             {"digits", &digits, NULL},
                                             {"period", &period, NULL},
                                             {"qr", &where, NULL},
                                             {"force", NULL, &force},
                                             {"replace", NULL, &replace}},
                                 .arguments = {TOTP_FAMILY, TOTP_USER}};
    struct sr_qr_file qr = SR_QR_NONE;
    struct sr_given given;
    strongroom *daemon = NULL;
    char *family = NULL;
    char *uri = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    if (entry.issuer == NULL) {
        sr_say("totp enrol: --issuer is missing");
        return sr_usage(form.verb);
    }
    if (!sr_totp_number(form.verb, "digits", digits, &entry.digits) ||
        !sr_totp_number(form.verb, "period", period, &entry.period))
        return sr_usage(form.verb);
    if (where != NULL && strcmp(where, "terminal") == 0 && given.json) {
        sr_say("totp enrol: --qr terminal and --json do not go together: choose a file");
        return sr_usage(form.verb);
    }
    entry.user = given.arguments[1];
    exit_status = EXIT_FAILED;
    family = sr_totp_family(given.arguments[0]);
    if (family == NULL || (where != NULL && !sr_qr_open(&qr, where, force)))
        goto out;

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result =
            strongroom_totp_enrol(daemon, family, &entry, replace ? STRONGROOM_REPLACE : 0, &uri, &error);
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else
        exit_status = show(&given, &qr, where != NULL, uri);
out:
    sr_qr_close(&qr);
    strongroom_free_secret(uri);
    free(family);
    strongroom_close(daemon);
    return exit_status;
}
