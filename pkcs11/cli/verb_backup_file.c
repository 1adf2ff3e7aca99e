/* strongroom backup info, rewrap, list and forget
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "backup_common.h"
#include "cli.h"
#include "duration.h"
#include "table.h"

#include <fcntl.h>
#include <stdlib.h>

static const char info_help[] =
    "Usage: strongroom backup info [FILE] [OPTION]...\n\n"
    "Prints what the header of FILE, or of standard input, says, and whether the daemon could check "
    "that.\n\n" SR_COMMON_HELP;

static const char rewrap_help[] = "Usage: strongroom backup rewrap FILE... [OPTION]...\n\n"
                                  "Brings each FILE to its family's current version. Only the header "
                                  "changes, in place; a FILE can be read\n"
                                  "whenever this is interrupted.\n" SR_BACKUP_STATUS_HELP SR_COMMON_HELP;

static const char list_help[] = "Usage: strongroom backup list [FAMILY] [OPTION]...\n\n"
                                "Lists the backups that the daemon knows of: the family, the file's id, the "
                                "version that it needs, when it\n"
                                "was made (UTC).\n\n" SR_COMMON_HELP;

static const char forget_help[] =
    "Usage: strongroom backup forget FAMILY FILE-ID [OPTION]...\n\n"
    "Tells the daemon that the backup is no more, so that it does not stand in the way of \"family "
    "destroy\".\n\n" SR_COMMON_HELP;

static int print_info(const json_t *info)
{
    const json_t *recipients = json_object_get(info, "recipients");
    long long bytes = sr_number(info, "bytes", -1);
    int status = sr_print("file: %s", sr_text(info, "file"));

    for (size_t i = 0; status == EXIT_OK && i < json_array_size(recipients); i++) {
        const json_t *r = json_array_get(recipients, i);
        if (*sr_text(r, "family") != '\0')
            status = sr_print("recipient: %s:%lld", sr_text(r, "family"), sr_number(r, "version", 0));
        else
            status = sr_print("recipient: of the type %lld, which this version does not know",
                              sr_number(r, "type", 0));
    }
    if (status == EXIT_OK)
        status = sr_print("chunk size: %lld", sr_number(info, "chunk_size", 0));
    if (status == EXIT_OK && bytes >= 0)
        status = sr_print("bytes: %lld, if it is whole", bytes);
    if (status != EXIT_OK)
        return status;
    if (json_is_true(json_object_get(info, "authenticated")))
        return sr_print("authenticated: yes");
    return sr_print("authenticated: no: %s", sr_text(info, "reason"));
}

int sr_verb_backup_info(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "backup info", .help = info_help, .arguments = {"FILE"}, .optional = 1};
    struct sr_given given;
    struct strongroom_error error;
    struct strongroom_error absent;
    strongroom *daemon = NULL;
    json_t *info = NULL;
    char *text = NULL;
    int status;

    if (!sr_options_read(argc, argv, &form, &given, &status))
        return status;
    int in = sr_backup_input(given.arguments[0], O_RDONLY);
    if (in < 0)
        return EXIT_FAILED;
    (void)strongroom_open(given.socket, &daemon, &absent); /* without it, nothing is checked */
    enum strongroom_result result = strongroom_backup_info(daemon, in, &text, &error);
    if (result == STRONGROOM_OK)
        info = sr_answer(text);
    if (info != NULL && daemon == NULL)
        (void)json_object_set_new(info, "reason", json_string(absent.text));
    if (result != STRONGROOM_OK)
        status = sr_backup_failed(form.verb, given.arguments[0], result, &error);
    else if (info == NULL)
        status = EXIT_FAILED;
    else
        status = given.json ? sr_print_json(json_incref(info), true) : print_info(info);
    json_decref(info);
    free(text);
    strongroom_close(daemon);
    sr_backup_close_input(in);
    return status;
}

static int rewrap_one(const struct sr_form *form, const struct sr_given *given, strongroom *daemon,
                      const char *file)
{
    struct strongroom_error error;
    int changed = 0;
    int fd = sr_backup_input(file, O_RDWR);

    if (fd < 0)
        return EXIT_FAILED;
    enum strongroom_result result = strongroom_backup_rewrap(daemon, fd, &changed, &error);
    sr_backup_close_input(fd);
    if (result != STRONGROOM_OK)
        return sr_backup_failed(form->verb, file, result, &error);
    if (given->json)
        return sr_print_json(json_pack("{s:s, s:b}", "file", file, "changed", changed), false);
    return sr_print("%s: %s", file, changed ? "rewrapped" : "is under the current version already");
}

int sr_verb_backup_rewrap(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "backup rewrap", .help = rewrap_help, .arguments = {"FILE"}, .several = true};
    struct sr_given given;
    struct strongroom_error error;
    strongroom *daemon;
    int status;

    if (!sr_options_read(argc, argv, &form, &given, &status))
        return status;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result != STRONGROOM_OK)
        return sr_backup_failed(form.verb, NULL, result, &error);
    status = rewrap_one(&form, &given, daemon, given.arguments[0]);
    /* One that fails does not keep the others; the first failure is what it ends with. */
    for (char **file = given.more; *file != NULL; file++) {
        int one = rewrap_one(&form, &given, daemon, *file);
        if (status == EXIT_OK)
            status = one;
    }
    strongroom_close(daemon);
    return status;
}

static int print_list(const json_t *list)
{
    struct sr_table table = {.columns = 4};

    sr_table_add(&table, "FAMILY");
    sr_table_add(&table, "FILE");
    sr_table_add(&table, "VERSION");
    sr_table_add(&table, "MADE");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *backup = json_array_get(list, i);
        char made[SR_TIME_SIZE];
        sr_time_text(sr_number(backup, "created", 0), made);
        sr_table_add(&table, "%s", sr_text(backup, "family"));
        sr_table_add(&table, "%s", sr_text(backup, "file"));
        sr_table_add(&table, "%lld", sr_number(backup, "version", 0));
        sr_table_add(&table, "%s", made);
    }
    return sr_table_print(&table);
}

int sr_verb_backup_list(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "backup list", .help = list_help, .arguments = {"the family's name"}, .optional = 1};
    struct sr_given given;
    struct strongroom_error error;
    strongroom *daemon = NULL;
    char *family = NULL;
    char *text = NULL;
    json_t *list = NULL;
    int status;

    if (!sr_options_read(argc, argv, &form, &given, &status))
        return status;
    status = EXIT_FAILED;
    if (given.arguments[0] != NULL && (family = sr_backup_family(given.arguments[0])) == NULL)
        return status;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_backup_list(daemon, family, &text, &error);
    if (result != STRONGROOM_OK)
        status = sr_backup_failed(form.verb, NULL, result, &error);
    else if ((list = sr_answer(text)) != NULL)
        status = given.json ? sr_print_json(json_incref(list), true) : print_list(list);
    json_decref(list);
    free(text);
    free(family);
    strongroom_close(daemon);
    return status;
}

int sr_verb_backup_forget(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "backup forget", .help = forget_help, .arguments = {"the family's name", "the file's id"}};
    struct sr_given given;
    struct strongroom_error error;
    strongroom *daemon = NULL;
    int status;

    if (!sr_options_read(argc, argv, &form, &given, &status))
        return status;
    char *family = sr_backup_family(given.arguments[0]);
    if (family == NULL)
        return EXIT_FAILED;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_backup_forget(daemon, family, given.arguments[1], &error);
    if (result != STRONGROOM_OK)
        status = sr_backup_failed(form.verb, NULL, result, &error);
    else
        status =
            given.json ? sr_print_json(json_pack("{s:s}", "forgotten", given.arguments[1]), false) : EXIT_OK;
    free(family);
    strongroom_close(daemon);
    return status;
}
