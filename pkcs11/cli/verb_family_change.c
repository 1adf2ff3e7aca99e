/* strongroom family rotate, revoke and destroy
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "options.h"
#include "output.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY_ARGUMENT "the family's name (ROLE:NAME)"

static const char rotate_help[] =
    "Usage: strongroom family rotate ROLE:NAME [OPTION]...\n\n"
    "Makes a new version, which is the current one from then on. What was made with the old one stays good\n"
    "for the family's grace. Of several that rotate at once, one makes a version.\n\n"
    "  --dry-run      change nothing, only say what would be\n"
    "  --force        also where it is not due\n" SR_COMMON_HELP;

static const char revoke_help[] =
    "Usage: strongroom family revoke ROLE:NAME [OPTION]...\n\n"
    "The current version is compromised: makes a new one, and refuses what was made with the old one from\n"
    "this moment. The old keys of a session family are destroyed; of another one they stay, for "
    "\"rewrap\".\n\n" SR_COMMON_HELP;

static const char destroy_help[] =
    "Usage: strongroom family destroy ROLE:NAME VERSION [OPTION]...\n\n"
    "Destroys the keys of an old version: of a session family before its grace is over, of another one when\n"
    "nothing needs them any more. The current version has to be rotated or revoked.\n\n"
    "  --force        also where strongroomd knows of data that would be lost\n" SR_COMMON_HELP;

/* The version that is current before the rotation; 0: none, which strongroomd then refuses to rotate. */
static enum strongroom_result look(strongroom *daemon, const char *family, long long *current,
                                   struct strongroom_error *error)
{
    char *text = NULL;
    json_error_t problem;
    enum strongroom_result result = strongroom_family_show(daemon, family, &text, error);
    if (result != STRONGROOM_OK)
        return result;
    json_t *shown = json_loads(text, 0, &problem);
    *current = sr_number(shown, "current", 0);
    if (shown == NULL) {
        (void)snprintf(error->text, sizeof(error->text), "strongroomd's answer cannot be read: %s",
                       problem.text);
        result = STRONGROOM_FAILED;
    }
    json_decref(shown);
    free(text);
    return result;
}

static int rotated(const struct sr_given *given, long long before, unsigned long version, bool dry_run)
{
    const char *family = given->arguments[0];
    if (given->json)
        return sr_print_json(json_pack("{s:s, s:I, s:I, s:b}", "family", family, "from", (json_int_t)before,
                                       "version", (json_int_t)version, "dry_run", dry_run),
                             false);
    return sr_print(dry_run ? "%s: version %lu would be current instead of %lld; nothing was changed"
                            : "%s: version %lu is current instead of %lld",
                    family, version, before);
}

int sr_verb_family_rotate(int argc, char **argv)
{
    bool dry_run = false;
    bool force = false;
    const struct sr_form form = {.verb = "family rotate",
                                 .help = rotate_help,
                                 .options = {{"dry-run", NULL, &dry_run}, {"force", NULL, &force}},
                                 .arguments = {FAMILY_ARGUMENT}};
    struct sr_given given;
    long long before = 0;
    unsigned long version = 0;
    strongroom *daemon;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;

    const char *family = given.arguments[0];
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = look(daemon, family, &before, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_family_rotate(
            daemon, family, (unsigned long)before,
            (force ? STRONGROOM_FORCE : 0U) | (dry_run ? STRONGROOM_DRY_RUN : 0U), &version, &error);
    if (result == STRONGROOM_OK)
        exit_status = rotated(&given, before, version, dry_run);
    else
        exit_status = sr_failed(form.verb, result, &error);
    strongroom_close(daemon);
    return exit_status;
}

int sr_verb_family_revoke(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "family revoke", .help = revoke_help, .arguments = {FAMILY_ARGUMENT}};
    struct sr_given given;
    unsigned long version = 0;
    strongroom *daemon;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;

    const char *family = given.arguments[0];
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_family_revoke(daemon, family, &version, &error);
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else if (given.json)
        exit_status =
            sr_print_json(json_pack("{s:s, s:I}", "family", family, "version", (json_int_t)version), false);
    else
        exit_status =
            sr_print("%s: version %lu is current; the one before it is refused%s", family, version,
                     strncmp(family, "session:", 8) == 0 ? ", and its keys are destroyed"
                                                         : ", and its key only lets go over what it wrapped");
    strongroom_close(daemon);
    return exit_status;
}

static bool version_number(const char *text, unsigned long *version)
{
    char *end = NULL;
    errno = 0;
    *version = isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : 0;
    if (*version > 0 && errno == 0 && *end == '\0')
        return true;
    sr_say("\"%s\" is no version: they are numbered from 1", text);
    return false;
}

int sr_verb_family_destroy(int argc, char **argv)
{
    bool force = false;
    const struct sr_form form = {.verb = "family destroy",
                                 .help = destroy_help,
                                 .options = {{"force", NULL, &force}},
                                 .arguments = {FAMILY_ARGUMENT, "the version"}};
    struct sr_given given;
    unsigned long version;
    strongroom *daemon;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    if (!version_number(given.arguments[1], &version))
        return sr_usage(form.verb);

    const char *family = given.arguments[0];
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_family_destroy(daemon, family, version, force ? STRONGROOM_FORCE : 0, &error);
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else if (given.json)
        exit_status =
            sr_print_json(json_pack("{s:s, s:I}", "family", family, "destroyed", (json_int_t)version), false);
    else
        exit_status = sr_print("%s: the keys of version %lu are destroyed", family, version);
    strongroom_close(daemon);
    return exit_status;
}
