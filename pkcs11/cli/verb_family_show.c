/* strongroom family list, show, due and history
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "duration.h"
#include "options.h"
#include "output.h"
#include "table.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char list_help[] =
    "Usage: strongroom family list [OPTION]...\n\n"
    "Prints the families of keys: the current version, how many versions there are, when the family was\n"
    "created and is due for a new version (UTC), how long a version is current and then "
    "good.\n\n" SR_COMMON_HELP;

static const char show_help[] = "Usage: strongroom family show ROLE:NAME [OPTION]...\n\n"
                                "Prints the family and its versions. Times are in UTC.\n\n" SR_COMMON_HELP;

static const char due_help[] =
    "Usage: strongroom family due [OPTION]...\n\n"
    "Names the families that are due for a new version. Exit status: 0 none is, 3 one is or several are,\n"
    "1 it could not be found out.\n\n" SR_COMMON_HELP;

static const char history_help[] = "Usage: strongroom family history [ROLE:NAME] [OPTION]...\n\n"
                                   "Prints what was done to the family, or to all: when (UTC), what, and by "
                                   "whom; the oldest first.\n\n" SR_COMMON_HELP;

/* One request whose answer is JSON; FAMILY may be NULL. */
typedef enum strongroom_result (*question)(strongroom *daemon, const char *family, char **json,
                                           struct strongroom_error *error);

static enum strongroom_result list(strongroom *daemon, const char *family, char **json,
                                   struct strongroom_error *error)
{
    (void)family;
    return strongroom_family_list(daemon, json, error);
}

/* The answer; NULL after a failure, which was said and whose exit status is *STATUS. */
static json_t *ask(const struct sr_form *form, const struct sr_given *given, question ask_for, int *status)
{
    char *text = NULL;
    json_t *answer = NULL;
    strongroom *daemon;
    struct strongroom_error error;

    enum strongroom_result result = strongroom_open(given->socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = ask_for(daemon, given->arguments[0], &text, &error);
    if (result == STRONGROOM_OK) {
        answer = sr_answer(text);
        *status = answer != NULL ? EXIT_OK : EXIT_FAILED;
    } else {
        *status = sr_failed(form->verb, result, &error);
    }
    free(text);
    strongroom_close(daemon);
    return answer;
}

static void add_time(struct sr_table *table, const json_t *object, const char *name, const char *otherwise)
{
    char text[SR_TIME_SIZE];
    long long when = sr_number(object, name, 0);
    if (when > 0)
        sr_time_text(when, text);
    sr_table_add(table, "%s", when > 0 ? text : otherwise);
}

static void add_number(struct sr_table *table, const json_t *object, const char *name)
{
    long long number = sr_number(object, name, 0);
    if (number > 0)
        sr_table_add(table, "%lld", number);
    else
        sr_table_add(table, "-");
}

/* How many versions are not destroyed: "list" has their number, "show" has them all. */
static long long count_versions(const json_t *family)
{
    const json_t *versions = json_object_get(family, "versions");
    long long count = 0;
    if (!json_is_array(versions))
        return sr_number(family, "versions", 0);
    for (size_t i = 0; i < json_array_size(versions); i++)
        if (strcmp(sr_text(json_array_get(versions, i), "state"), "destroyed") != 0)
            count++;
    return count;
}

static void add_family(struct sr_table *table, const json_t *family)
{
    char rotate[SR_TIME_SIZE];
    char grace[SR_TIME_SIZE];
    long long rotate_s = sr_number(family, "rotate", 0);

    sr_duration_text(rotate_s, rotate);
    sr_duration_text(sr_number(family, "grace", 0), grace);
    sr_table_add(table, "%s", sr_text(family, "family"));
    add_number(table, family, "current");
    sr_table_add(table, "%lld", count_versions(family));
    add_time(table, family, "created", "-");
    add_time(table, family, "due", "never");
    sr_table_add(table, "%s", rotate_s > 0 ? rotate : "never");
    sr_table_add(table, "%s", grace);
}

static void add_titles(struct sr_table *table, const char *const *titles)
{
    for (size_t i = 0; i < table->columns; i++)
        sr_table_add(table, "%s", titles[i]);
}

static const char *const family_titles[] = {"FAMILY", "CURRENT", "VERSIONS", "CREATED",
                                            "DUE",    "ROTATE",  "GRACE"};

/* FAMILIES: an array, of which nothing is printed where it is empty. */
static int print_families(const json_t *families)
{
    struct sr_table table = {.columns = 7};
    if (json_array_size(families) == 0)
        return EXIT_OK;
    add_titles(&table, family_titles);
    for (size_t i = 0; i < json_array_size(families); i++)
        add_family(&table, json_array_get(families, i));
    return sr_table_print(&table);
}

int sr_verb_family_list(int argc, char **argv)
{
    const struct sr_form form = {.verb = "family list", .help = list_help};
    struct sr_given given;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    json_t *families = ask(&form, &given, list, &exit_status);
    if (families == NULL)
        return exit_status;
    if (given.json)
        return sr_print_json(families, true);
    exit_status = print_families(families);
    json_decref(families);
    return exit_status;
}

static int print_versions(const json_t *versions)
{
    static const char *const titles[] = {"VERSION", "STATE", "CREATED", "RETIRES", "MECHANISM"};
    struct sr_table table = {.columns = 5};

    add_titles(&table, titles);
    for (size_t i = 0; i < json_array_size(versions); i++) {
        const json_t *version = json_array_get(versions, i);
        add_number(&table, version, "version");
        sr_table_add(&table, "%s", sr_text(version, "state"));
        add_time(&table, version, "created", "-");
        add_time(&table, version, "retires", "-");
        sr_table_add(&table, "%s", sr_text(version, "mechanism"));
    }
    return sr_table_print(&table);
}

int sr_verb_family_show(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "family show", .help = show_help, .arguments = {"the family's name (ROLE:NAME)"}};
    struct sr_table table = {.columns = 7};
    struct sr_given given;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    json_t *family = ask(&form, &given, strongroom_family_show, &exit_status);
    if (family == NULL)
        return exit_status;
    if (given.json)
        return sr_print_json(family, true);
    add_titles(&table, family_titles);
    add_family(&table, family);
    exit_status = sr_table_print(&table);
    if (exit_status == EXIT_OK)
        exit_status = sr_print("%s", "");
    if (exit_status == EXIT_OK)
        exit_status = print_versions(json_object_get(family, "versions"));
    json_decref(family);
    return exit_status;
}

/* Takes out what is not due. */
static void keep_due(json_t *families)
{
    long long now = (long long)time(NULL);
    for (size_t i = json_array_size(families); i > 0; i--) {
        long long due = sr_number(json_array_get(families, i - 1), "due", 0);
        if (due == 0 || due > now)
            (void)json_array_remove(families, i - 1);
    }
}

int sr_verb_family_due(int argc, char **argv)
{
    const struct sr_form form = {.verb = "family due", .help = due_help};
    struct sr_given given;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    json_t *families = ask(&form, &given, list, &exit_status);
    if (families == NULL)
        return exit_status;
    keep_due(families);
    bool any = json_array_size(families) > 0;
    exit_status = given.json ? sr_print_json(json_incref(families), true) : print_families(families);
    json_decref(families);
    return exit_status == EXIT_OK && any ? EXIT_DUE : exit_status;
}

/* The operator by name: the user's where there is one, else the uid in digits; "uid" keeps the number. */
static void name_operators(json_t *history)
{
    for (size_t i = 0; i < json_array_size(history); i++) {
        json_t *event = json_array_get(history, i);
        char digits[24];
        const char *name = "strongroomd";
        long long uid = sr_number(event, "operator", -1);
        if (uid >= 0) {
            const struct passwd *user = getpwuid((uid_t)uid);
            (void)snprintf(digits, sizeof(digits), "%lld", uid);
            name = user != NULL ? user->pw_name : digits;
        }
        (void)json_object_set_new(event, "operator", json_string(name));
        (void)json_object_set_new(event, "uid", uid >= 0 ? json_integer(uid) : json_null());
    }
}

static const char *yes_or_no(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name)) ? "yes" : "no";
}

static int print_history(const json_t *history)
{
    static const char *const titles[] = {"ID",      "TIME",     "FAMILY",  "OPERATION",
                                         "VERSION", "OPERATOR", "DRY RUN", "SUCCESS"};
    struct sr_table table = {.columns = 8};

    if (json_array_size(history) == 0)
        return EXIT_OK;
    add_titles(&table, titles);
    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *event = json_array_get(history, i);
        add_number(&table, event, "id");
        sr_table_add(&table, "%s", sr_text(event, "timestamp"));
        sr_table_add(&table, "%s", sr_text(event, "family"));
        sr_table_add(&table, "%s", sr_text(event, "operation"));
        add_number(&table, event, "version");
        sr_table_add(&table, "%s", sr_text(event, "operator"));
        sr_table_add(&table, "%s", yes_or_no(event, "dry_run"));
        sr_table_add(&table, "%s", yes_or_no(event, "success"));
    }
    return sr_table_print(&table);
}

int sr_verb_family_history(int argc, char **argv)
{
    const struct sr_form form = {.verb = "family history",
                                 .help = history_help,
                                 .arguments = {"the family's name (ROLE:NAME)"},
                                 .optional = 1};
    struct sr_given given;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    json_t *history = ask(&form, &given, strongroom_family_history, &exit_status);
    if (history == NULL)
        return exit_status;
    name_operators(history);
    if (given.json)
        return sr_print_json(history, true);
    exit_status = print_history(history);
    json_decref(history);
    return exit_status;
}
