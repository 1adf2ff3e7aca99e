/* strongroom family create
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "duration.h"
#include "options.h"
#include "output.h"

#include <string.h>

static const char help[] =
    "Usage: strongroom family create ROLE:NAME [OPTION]...\n\n"
    "Makes a family of keys, for example session:web, with its first version. The keys stay in the token.\n\n"
    "  --rotate TIME  how long a version is current for: " SR_DURATION_HELP ";\n"
    "                 default: never, it stays current\n"
    "  --grace TIME   how long an old version of a session family stays good after that; default: "
    "48h\n" SR_COMMON_HELP "\n"
    "ROLE is session, data, totp or backup. NAME has a-z, 0-9, \"_\" and \"-\", and starts with a letter or "
    "digit.\n";

static bool duration(const char *option, const char *text, long long *seconds)
{
    if (sr_duration_parse(text, seconds))
        return true;
    sr_say("--%s: \"%s\" is no time that can be used; one is " SR_DURATION_HELP ", at most a hundred years",
           option, text);
    return false;
}

/* Zero seconds would be "never" to the daemon, and surely was not meant to be that. */
static bool rotation(const char *text, long long *seconds)
{
    *seconds = 0;
    if (strcmp(text, "never") == 0)
        return true;
    if (!duration("rotate", text, seconds))
        return false;
    if (*seconds > 0)
        return true;
    sr_say("--rotate: \"%s\" is no time at all; leave the option out, or say never", text);
    return false;
}

int sr_verb_family_create(int argc, char **argv)
{
    const char *rotate = "never";
    const char *grace = "48h";
    const struct sr_form form = {.verb = "family create",
                                 .help = help,
                                 .options = {{"rotate", &rotate, NULL}, {"grace", &grace, NULL}},
                                 .arguments = {"the family's name (ROLE:NAME)"}};
    struct sr_given given;
    long long rotate_s;
    long long grace_s;
    strongroom *daemon;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    if (!rotation(rotate, &rotate_s) || !duration("grace", grace, &grace_s))
        return sr_usage(form.verb);

    const char *family = given.arguments[0];
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_family_create(daemon, family, rotate_s, grace_s, &error);
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else if (given.json)
        exit_status = sr_print_json(json_pack("{s:s, s:i}", "family", family, "version", 1), false);
    else
        exit_status = sr_print("%s version 1", family);
    strongroom_close(daemon);
    return exit_status;
}
