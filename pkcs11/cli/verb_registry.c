/* strongroom registry backup, restore and rebuild
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "options.h"
#include "out_file.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char backup_help[] = "Usage: strongroom registry backup FILE [OPTION]...\n\n"
                                  "Writes a backup of the registry to FILE, or with \"-\" to standard "
                                  "output, while strongroomd goes on. It\n"
                                  "says which families and versions there are; the keys stay in the token, "
                                  "without which it is of no use.\n\n"
                                  "  --force        replace FILE where it exists\n" SR_COMMON_HELP;

static const char restore_help[] =
    "Usage: strongroom registry restore FILE [OPTION]...\n\n"
    "Puts a backup in the registry's place, while strongroomd goes on; with \"-\" it is read from standard\n"
    "input. A version whose keys are not in the token any more is destroyed and stays so; one that the "
    "token\n"
    "has and the backup does not know is added, as rebuild does.\n\n"
    "  --force        also where the registry has families already\n" SR_COMMON_HELP;

static const char rebuild_help[] =
    "Usage: strongroom registry rebuild [OPTION]...\n\n"
    "Adds to the registry the families and versions that the token has keys of and the registry does not\n"
    "know. The newest version of a family becomes the current one, the others old. What is in no token "
    "(TOTP\n"
    "users, data keys that the registry kept) comes back only from a backup.\n\n" SR_COMMON_HELP;

int sr_verb_registry_backup(int argc, char **argv)
{
    bool force = false;
    const struct sr_form form = {.verb = "registry backup",
                                 .help = backup_help,
                                 .options = {{"force", NULL, &force}},
                                 .arguments = {"the file"}};
    struct sr_out_file file = SR_OUT_FILE_NONE;
    struct sr_given given;
    strongroom *daemon = NULL;
    unsigned long size = 0;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    const char *path = given.arguments[0];
    const bool to_stdout = strcmp(path, "-") == 0;
    if (to_stdout && given.json) {
        sr_say("%s: the backup itself goes to standard output, so there is no room for JSON", form.verb);
        return sr_usage(form.verb);
    }
    if (!sr_out_file_open(&file, path, force))
        return EXIT_FAILED;

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_registry_backup(daemon, file.fd, &size, &error);
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else if (!sr_out_file_done(&file))
        exit_status = EXIT_FAILED;
    else if (to_stdout)
        exit_status = EXIT_OK;
    else if (given.json)
        exit_status = sr_print_json(json_pack("{s:s, s:I}", "file", path, "size", (json_int_t)size), false);
    else
        exit_status = sr_print("%s: %lu bytes", path, size);
    sr_out_file_close(&file);
    strongroom_close(daemon);
    return exit_status;
}

/* One line for each version in one of the report's lists. */
static int print_list(const json_t *report, const char *list, const char *what, const char *why)
{
    const json_t *versions = json_object_get(report, list);
    int status = EXIT_OK;
    for (size_t i = 0; i < json_array_size(versions) && status == EXIT_OK; i++) {
        const json_t *v = json_array_get(versions, i);
        status = sr_print("%s: %s%s", sr_text(v, "version"), what, sr_text(v, why));
    }
    return status;
}

static int print_report(const struct sr_given *given, const char *text, bool rebuilt)
{
    json_t *report = sr_answer(text);
    if (report == NULL)
        return EXIT_FAILED;
    if (given->json)
        return sr_print_json(report, true);
    int status = print_list(report, "added", "the token has its keys: added as ", "state");
    if (status == EXIT_OK)
        status = print_list(report, "gone", "its keys are not in the token any more: ", "state");
    if (status == EXIT_OK)
        status = print_list(report, "left", "left as it is: ", "reason");
    if (status == EXIT_OK)
        status = sr_print("%s: %lld families, %lld versions that are not destroyed",
                          rebuilt ? "the registry" : "restored", sr_number(report, "families", 0),
                          sr_number(report, "versions", 0));
    if (status == EXIT_OK && rebuilt)
        status =
            sr_print("TOTP users, and data keys that the registry kept, are not in the token: they come back "
                     "only from a backup (strongroom registry restore)");
    json_decref(report);
    return status;
}

int sr_verb_registry_restore(int argc, char **argv)
{
    bool force = false;
    const struct sr_form form = {.verb = "registry restore",
                                 .help = restore_help,
                                 .options = {{"force", NULL, &force}},
                                 .arguments = {"the file"}};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *report = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    const char *path = given.arguments[0];
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        sr_say("%s cannot be read: %s", path, strerror(errno));
        return EXIT_FAILED;
    }
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_registry_restore(daemon, fd, force ? STRONGROOM_FORCE : 0, &report, &error);
    exit_status =
        result == STRONGROOM_OK ? print_report(&given, report, false) : sr_failed(form.verb, result, &error);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    free(report);
    strongroom_close(daemon);
    return exit_status;
}

int sr_verb_registry_rebuild(int argc, char **argv)
{
    const struct sr_form form = {.verb = "registry rebuild", .help = rebuild_help};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *report = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_registry_rebuild(daemon, &report, &error);
    exit_status =
        result == STRONGROOM_OK ? print_report(&given, report, true) : sr_failed(form.verb, result, &error);
    free(report);
    strongroom_close(daemon);
    return exit_status;
}
