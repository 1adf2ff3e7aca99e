/* strongroom totp list, remove and rewrap
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "table.h"
#include "totp_common.h"

#include <stdlib.h>

#define REWRAP_AT_ONCE 5000 /* so that each request is answered in time */

static const char list_help[] =
    "Usage: strongroom totp list FAMILY [OPTION]...\n\n"
    "Prints the users who have a seed, by name: how their codes are made, the version "
    "of the key that wraps\n"
    "the seed, how many codes their clock is ahead, wrong codes in a row.\n\n"
    "  --after USER   only the users behind this one\n"
    "  --limit N      only that many\n" SR_COMMON_HELP;

static const char remove_help[] = "Usage: strongroom totp remove FAMILY USER [OPTION]...\n\n"
                                  "Removes the user and the seed. There is no way back.\n\n" SR_COMMON_HELP;

static const char rewrap_help[] =
    "Usage: strongroom totp rewrap FAMILY [OPTION]...\n\n"
    "Wraps seeds that are under older versions with the current one, all of them. strongroomd does that by\n"
    "itself as well, little by little.\n\n" SR_COMMON_HELP;

static void add_user(struct sr_table *table, const json_t *user)
{
    sr_table_add(table, "%s", sr_text(user, "user"));
    sr_table_add(table, "%s", sr_text(user, "algorithm"));
    sr_table_add(table, "%lld", sr_number(user, "digits", 0));
    sr_table_add(table, "%lld", sr_number(user, "period", 0));
    sr_table_add(table, "%lld", sr_number(user, "version", 0));
    sr_table_add(table, "%lld", sr_number(user, "drift", 0));
    sr_table_add(table, "%lld", sr_number(user, "failures", 0));
    sr_table_add(table, "%s", sr_number(user, "until", 0) > 0 ? "waits" : "-");
}

static int print_users(const json_t *users)
{
    static const char *const titles[] = {"USER",    "ALGORITHM", "DIGITS",   "PERIOD",
                                         "VERSION", "DRIFT",     "FAILURES", "STATE"};
    struct sr_table table = {.columns = 8};
    size_t i;
    json_t *user;

    if (json_array_size(users) == 0)
        return EXIT_OK;
    for (size_t t = 0; t < table.columns; t++)
        sr_table_add(&table, "%s", titles[t]);
    json_array_foreach(users, i, user) add_user(&table, user);
    return sr_table_print(&table);
}

/* Page by page. NULL after a failure, which was said and whose exit status is *STATUS. */
static json_t *ask_users(const struct sr_form *form, const struct sr_given *given, const char *after,
                         size_t limit, int *status)
{
    strongroom *daemon = NULL;
    char *family = sr_totp_family(given->arguments[0]);
    json_t *users = json_array();
    struct strongroom_error error;
    size_t got = 1;

    *status = EXIT_FAILED;
    if (family == NULL || users == NULL)
        goto failed;
    enum strongroom_result result = strongroom_open(given->socket, &daemon, &error);
    while (result == STRONGROOM_OK && got > 0 && (limit == 0 || json_array_size(users) < limit)) {
        size_t room = limit == 0 ? STRONGROOM_TOTP_BATCH : limit - json_array_size(users);
        char *text = NULL;
        result =
            strongroom_totp_list(daemon, family, after,
                                 room < STRONGROOM_TOTP_BATCH ? room : STRONGROOM_TOTP_BATCH, &text, &error);
        if (result != STRONGROOM_OK)
            break;
        json_t *page = sr_answer(text);
        free(text);
        if (page == NULL || json_array_extend(users, page) != 0) {
            json_decref(page);
            goto failed;
        }
        got = json_array_size(page);
        json_decref(page);
        after = sr_text(json_array_get(users, json_array_size(users) - 1), "user");
    }
    if (result == STRONGROOM_OK)
        goto out;
    *status = sr_failed(form->verb, result, &error);
failed:
    json_decref(users);
    users = NULL;
out:
    free(family);
    strongroom_close(daemon);
    return users;
}

int sr_verb_totp_list(int argc, char **argv)
{
    const char *after = NULL;
    const char *limit_option = NULL;
    const struct sr_form form = {.verb = "totp list",
                                 .help = list_help,
                                 .options = {{"after", &after, NULL}, {"limit", &limit_option, NULL}},
                                 .arguments = {TOTP_FAMILY}};
    struct sr_given given;
    unsigned limit;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    if (!sr_totp_number(form.verb, "limit", limit_option, &limit))
        return sr_usage(form.verb);
    json_t *users = ask_users(&form, &given, after, limit, &exit_status);
    if (users == NULL)
        return exit_status;
    if (given.json)
        return sr_print_json(users, true);
    exit_status = print_users(users);
    json_decref(users);
    return exit_status;
}

int sr_verb_totp_remove(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "totp remove", .help = remove_help, .arguments = {TOTP_FAMILY, TOTP_USER}};
    struct sr_given given;
    strongroom *daemon = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    char *family = sr_totp_family(given.arguments[0]);
    if (family == NULL)
        return EXIT_FAILED;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_totp_remove(daemon, family, given.arguments[1], &error);
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else
        exit_status = given.json ? sr_print_json(json_pack("{s:s}", "removed", given.arguments[1]), false)
                                 : sr_print("removed");
    free(family);
    strongroom_close(daemon);
    return exit_status;
}

int sr_verb_totp_rewrap(int argc, char **argv)
{
    const struct sr_form form = {.verb = "totp rewrap", .help = rewrap_help, .arguments = {TOTP_FAMILY}};
    struct sr_given given;
    strongroom *daemon = NULL;
    struct strongroom_error error;
    size_t total = 0;
    size_t moved = 1;
    size_t left = 1;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    char *family = sr_totp_family(given.arguments[0]);
    if (family == NULL)
        return EXIT_FAILED;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    while (result == STRONGROOM_OK && left > 0 && moved > 0) {
        result = strongroom_totp_rewrap(daemon, family, REWRAP_AT_ONCE, &moved, &left, &error);
        total += moved;
    }
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else if (given.json)
        exit_status = sr_print_json(
            json_pack("{s:I, s:I}", "rewrapped", (json_int_t)total, "left", (json_int_t)left), false);
    else
        exit_status = sr_print("rewrapped %zu, left %zu", total, left);
    free(family);
    strongroom_close(daemon);
    return exit_status;
}
