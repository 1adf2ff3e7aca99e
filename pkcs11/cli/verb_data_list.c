/* strongroom data list
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "duration.h"
#include "options.h"
#include "output.h"
#include "table.h"
#include "verdict.h"

#include <stdlib.h>

static const char help[] =
    "Usage: strongroom data list FAMILY [OPTION]...\n\n"
    "Names the data keys of the family that strongroomd knows: its own, and those of \"data new-key\" that "
    "have\n"
    "been used (\"outside\"). MESSAGES: at most as many values were made with it.\n\n" SR_COMMON_HELP;

static int print_keys(const json_t *keys)
{
    static const char *const titles[] = {"ID", "VERSION", "STATE", "CREATED", "MESSAGES"};
    struct sr_table table = {.columns = sizeof(titles) / sizeof(titles[0])};
    char when[SR_TIME_SIZE];

    if (json_array_size(keys) == 0)
        return EXIT_OK;
    for (size_t i = 0; i < table.columns; i++)
        sr_table_add(&table, "%s", titles[i]);
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i);
        sr_time_text(sr_number(key, "created", 0), when);
        sr_table_add(&table, "%.16s", sr_text(key, "id"));
        sr_table_add(&table, "%lld", sr_number(key, "version", 0));
        sr_table_add(&table, "%s", sr_text(key, "state"));
        sr_table_add(&table, "%s", when);
        sr_table_add(&table, "%lld", sr_number(key, "messages", 0));
    }
    return sr_table_print(&table);
}

int sr_verb_data_list(int argc, char **argv)
{
    const struct sr_form form = {.verb = "data list", .help = help, .arguments = {"the family's name"}};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *text = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    char *family = sr_role_family("data", given.arguments[0]);
    if (family == NULL)
        return EXIT_FAILED;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_data_list(daemon, family, &text, &error);
    json_t *keys = result == STRONGROOM_OK ? sr_answer(text) : NULL;
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else if (keys == NULL)
        exit_status = EXIT_FAILED;
    else
        exit_status = given.json ? sr_print_json(json_incref(keys), true) : print_keys(keys);
    json_decref(keys);
    free(text);
    free(family);
    strongroom_close(daemon);
    return exit_status;
}
