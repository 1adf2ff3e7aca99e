/* strongroom token check
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "options.h"
#include "output.h"
#include "table.h"

#include <stdlib.h>

static const char check_help[] =
    "Usage: strongroom token check [OPTION]...\n\n"
    "Tells which of the jobs the token with the families' keys can do, by which mechanisms, which strict\n"
    "attributes it takes, and what it cannot do. Exit status: 0 it can do all, 1 it cannot, or could not be\n"
    "asked.\n\n" SR_COMMON_HELP;

/* Whether the token can do all jobs. */
static bool all_available(const json_t *answer)
{
    const json_t *jobs = json_object_get(answer, "jobs");
    bool all = json_array_size(jobs) > 0;
    for (size_t i = 0; i < json_array_size(jobs); i++)
        all = all && json_is_true(json_object_get(json_array_get(jobs, i), "available"));
    return all;
}

static int print_jobs(const json_t *jobs)
{
    struct sr_table table = {.columns = 4};

    sr_table_add(&table, "JOB");
    sr_table_add(&table, "MECHANISM");
    sr_table_add(&table, "USE");
    sr_table_add(&table, "AVAILABLE");
    for (size_t i = 0; i < json_array_size(jobs); i++) {
        const json_t *job = json_array_get(jobs, i);
        const json_t *mechanisms = json_object_get(job, "mechanisms");
        for (size_t m = 0; m < json_array_size(mechanisms); m++) {
            const json_t *mechanism = json_array_get(mechanisms, m);
            sr_table_add(&table, "%s", sr_text(job, "job"));
            sr_table_add(&table, "%s", sr_text(mechanism, "mechanism"));
            sr_table_add(&table, "%s", sr_text(mechanism, "use"));
            sr_table_add(&table, "%s", json_is_true(json_object_get(mechanism, "available")) ? "yes" : "no");
        }
    }
    return sr_table_print(&table);
}

static int print_all(const json_t *answer)
{
    const json_t *jobs = json_object_get(answer, "jobs");
    const json_t *attributes = json_object_get(answer, "attributes");
    const json_t *lacks = json_object_get(answer, "lacks");

    int status = sr_print("token \"%s\" (%s, %s)", sr_text(answer, "token"), sr_text(answer, "manufacturer"),
                          sr_text(answer, "model"));
    if (status == EXIT_OK)
        status = print_jobs(jobs);
    for (size_t i = 0; i < json_array_size(attributes) && status == EXIT_OK; i++) {
        const json_t *a = json_array_get(attributes, i);
        status = sr_print("%s: %s", sr_text(a, "attribute"),
                          json_is_true(json_object_get(a, "taken")) ? "taken" : "not taken");
    }
    for (size_t i = 0; i < json_array_size(lacks) && status == EXIT_OK; i++) {
        const char *text = json_string_value(json_array_get(lacks, i));
        status = sr_print("%s", text != NULL ? text : "");
    }
    for (size_t i = 0; i < json_array_size(jobs) && status == EXIT_OK; i++) {
        const json_t *job = json_array_get(jobs, i);
        if (!json_is_true(json_object_get(job, "available")))
            status = sr_print("the token cannot do the job %s", sr_text(job, "job"));
    }
    return status;
}

int sr_verb_token_check(int argc, char **argv)
{
    const struct sr_form form = {.verb = "token check", .help = check_help};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *text = NULL;
    json_t *answer = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_token_check(daemon, &text, &error);
    if (result != STRONGROOM_OK) {
        exit_status = sr_failed(form.verb, result, &error);
        goto out;
    }
    exit_status = EXIT_FAILED;
    answer = sr_answer(text);
    if (answer == NULL)
        goto out;
    exit_status = given.json ? sr_print_json(json_incref(answer), true) : print_all(answer);
    if (exit_status == EXIT_OK && !all_available(answer))
        exit_status = EXIT_FAILED;
out:
    json_decref(answer);
    free(text);
    strongroom_close(daemon);
    return exit_status;
}
