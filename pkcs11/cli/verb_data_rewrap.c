/* strongroom data rewrap
 *
 * One line comes out for each that goes in, in the same order, and as it was where it could not be rewrapped:
 * so whatever ends the command, its output and what it has not read yet are all there was.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "lines.h"
#include "options.h"
#include "output.h"
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: strongroom data rewrap FAMILY [OPTION]... < LINES\n\n"
    "Brings data keys (\"srk1...\") and values (\"srd1...\"), one a line, to the family's current version. A "
    "value\n"
    "has its context and a tab before it, or all have that of --context. A line that is of the current "
    "version\n"
    "already stays as it is, and so does one that cannot be rewrapped, which is said: there is one line of\n"
    "output for each of input. So the output and the lines that were not read can be given to it again. "
    "Exit\n"
    "status: 0 all lines are of the current version, 1 not all, 2 called wrongly.\n\n"
    "  --context C    the context of all values\n"
    "  --key KEY      values that were made with this key of \"data new-key\" go over to the family's own\n"
    "  --min-version N\n"
    "                 leave what is of an older version, and say so\n" SR_COMMON_HELP;

struct rewrap {
    struct sr_lines lines;
    struct strongroom_data_item items[SR_LINES_MAX];
    strongroom *daemon;
    char *family;
    const char *context; /* NULL: it stands in the lines */
    struct strongroom_data_options options;
    bool json;
    bool failed;
    unsigned long long number; /* of the line before the batch */
};

/* What a line is about: its value, with the context before the last tab. */
static struct strongroom_data_item item_of(const struct rewrap *r, const struct sr_line *line)
{
    const char *tab = r->context == NULL ? memrchr(line->text, '\t', line->length) : NULL;
    struct strongroom_data_item item = {.context = r->context, .data = line->text, .length = line->length};

    if (r->context != NULL)
        item.context_length = strlen(r->context);
    if (tab != NULL) {
        item.context = line->text;
        item.context_length = (size_t)(tab - line->text);
        item.data = tab + 1;
        item.length = line->length - item.context_length - 1;
    }
    return item;
}

/* What becomes of a value: the new one, or as it was. */
static const char *outcome_of(const struct strongroom_data_item *item, size_t *length)
{
    bool good = item->result == STRONGROOM_OK && item->out != NULL;
    *length = good ? item->out_length : item->length;
    return good ? item->out : item->data;
}

static bool print_json_line(struct rewrap *r, const struct strongroom_data_item *item, size_t i)
{
    bool good = item->result == STRONGROOM_OK;
    size_t length;
    const char *value = outcome_of(item, &length);
    bool changed = good && (length != item->length || memcmp(value, item->data, length) != 0);
    json_t *text = json_stringn(value, length);

    return sr_print_json(json_pack("{s:I, s:o, s:b, s:s?}", "line", (json_int_t)(r->number + i + 1), "value",
                                   text != NULL ? text : json_null(), "changed", changed, "error",
                                   good                ? NULL
                                   : item->out != NULL ? (const char *)item->out
                                                       : "out of memory"),
                         false) == EXIT_OK;
}

static bool print_line(struct rewrap *r, const struct strongroom_data_item *item, size_t i)
{
    const struct sr_line *line = &r->lines.line[i];
    size_t before = line->length - item->length; /* the context and its tab */
    size_t length;
    const char *value = outcome_of(item, &length);

    if (r->json)
        return print_json_line(r, item, i);
    return fwrite(line->text, 1, before, stdout) == before && fwrite(value, 1, length, stdout) == length &&
           (!line->whole || putchar('\n') != EOF);
}

/* Says what was not rewrapped: each line, or all of them at once where it was not their own fault. */
static void say_failures(struct rewrap *r, enum strongroom_result result,
                         const struct strongroom_error *error)
{
    size_t n = r->lines.count;

    if (result != STRONGROOM_OK)
        sr_say("lines %llu to %llu, or some of them, stay as they are: %s", r->number + 1, r->number + n,
               error->text);
    for (size_t i = 0; i < n; i++) {
        const struct strongroom_data_item *item = &r->items[i];
        if (item->result == STRONGROOM_OK)
            continue;
        r->failed = true;
        if (item->result != result)
            sr_say("line %llu stays as it is: %s", r->number + i + 1,
                   item->out != NULL ? (const char *)item->out : "out of memory");
    }
}

/* Rewraps the lines at hand. Empty ones stay empty. */
static bool rewrap_batch(struct rewrap *r)
{
    size_t n = r->lines.count;
    struct strongroom_error error;
    bool written = true;

    for (size_t i = 0; i < n; i++)
        r->items[i] = item_of(r, &r->lines.line[i]);
    enum strongroom_result result =
        strongroom_data_rewrap_many(r->daemon, r->family, &r->options, r->items, n, &error);
    for (size_t i = 0; i < n; i++)
        if (r->items[i].length == 0 && r->lines.line[i].length == 0) {
            r->items[i].result = STRONGROOM_OK;
            r->items[i].out_length = 0;
        }
    say_failures(r, result, &error);
    for (size_t i = 0; i < n; i++) {
        written = written && print_line(r, &r->items[i], i);
        free(r->items[i].out);
    }
    r->number += n;
    if (written && fflush(stdout) == 0)
        return true;
    sr_say("the lines cannot be written to standard output");
    return false;
}

static int rewrap_all(struct rewrap *r)
{
    do {
        if (!sr_lines_next(&r->lines) || (r->lines.count > 0 && !rewrap_batch(r)))
            return EXIT_FAILED;
    } while (r->lines.count > 0);
    return r->failed ? EXIT_FAILED : EXIT_OK;
}

int sr_verb_data_rewrap(int argc, char **argv)
{
    const char *context = NULL;
    const char *key = NULL;
    const char *min_version = NULL;
    const struct sr_form form = {
        .verb = "data rewrap",
        .help = help,
        .options = {{"context", &context, NULL}, {"key", &key, NULL}, {"min-version", &min_version, NULL}},
        .arguments = {"the family's name"}};
    struct sr_given given;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    struct rewrap *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        sr_say("out of memory");
        return EXIT_FAILED;
    }
    r->context = context;
    r->json = given.json;
    r->options.key = key;
    r->options.key_length = key != NULL ? strlen(key) : 0;
    exit_status = EXIT_USAGE;
    if (!sr_version_number(&form, min_version, &r->options.min_version))
        goto out;
    exit_status = EXIT_FAILED;
    r->family = sr_role_family("data", given.arguments[0]);
    if (r->family == NULL)
        goto out;
    enum strongroom_result result = strongroom_open(given.socket, &r->daemon, &error);
    exit_status = result == STRONGROOM_OK ? rewrap_all(r) : sr_failed(form.verb, result, &error);
out:
    strongroom_close(r->daemon);
    sr_lines_free(&r->lines);
    free(r->family);
    free(r);
    return exit_status;
}
