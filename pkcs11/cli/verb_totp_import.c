/* strongroom totp import
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "csv.h"
#include "input.h"
#include "totp_common.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES 262144

static const char help[] =
    "Usage: strongroom totp import FAMILY USER [OPTION]... < SECRET\n"
    "       strongroom totp import FAMILY --csv [--dry-run] [OPTION]... < FILE\n\n"
    "Brings in a seed that the user's application has already: 16 to 128 bytes in base32, upper or lower "
    "case,\n"
    "in which white space, dashes and padding do not count. Or those of many users: comma-separated values\n"
    "(RFC 4180) whose first line names the columns user, secret and, where they are there, algorithm, "
    "digits\n"
    "and period. Users who have a seed keep it. FAMILY is \"users\" or \"totp:users\".\n\n"
    "  --algorithm A  SHA1, SHA256 or SHA512; default: SHA1\n"
    "  --digits N     6, 7 or 8; default: 6\n"
    "  --period S     seconds that a code is for; default: 30\n"
    "  --csv          many users\n"
    "  --dry-run      import nothing, and report what would be\n" SR_COMMON_HELP
    "Exit status: 0 all are there now, 1 some are not, or the import failed, 2 called wrongly.\n";

enum column { USER, SECRET, ALGORITHM, DIGITS, PERIOD, COLUMNS };
static const char *const column_names[COLUMNS] = {"user", "secret", "algorithm", "digits", "period"};

/* A record on its way to the daemon. */
struct record {
    unsigned long line;
    char *text; /* that SEED points into */
    size_t size;
};

/* The import at work. */
struct import {
    strongroom *daemon;
    const char *family;
    bool dry_run;
    struct strongroom_totp_seed otherwise; /* what a record does not say */
    size_t column[COLUMNS];                /* where each stands; SR_CSV_FIELDS: nowhere */
    struct record records[STRONGROOM_TOTP_BATCH];
    struct strongroom_totp_seed seeds[STRONGROOM_TOTP_BATCH];
    size_t count;
    size_t bytes;
    json_t *seen; /* the lines of users */
    json_t *rows; /* of the report: those that were not imported */
    json_int_t imported;
    json_int_t existing;
    json_int_t bad;
    struct strongroom_error error;
};

static void report(struct import *import, unsigned long line, const char *user, const char *result,
                   const char *reason)
{
    json_t *name = json_string(user); /* NULL where it is no UTF-8 */
    (void)json_array_append_new(import->rows, json_pack("{s:I, s:o, s:s, s:s?}", "line", (json_int_t)line,
                                                        "user", name != NULL ? name : json_null(), "result",
                                                        result, "reason", reason));
}

static void report_bad(struct import *import, unsigned long line, const char *user, const char *reason)
{
    import->bad++;
    report(import, line, user, "bad", reason);
}

/* The daemon's word on one record. */
static void count_answer(struct import *import, size_t i, const json_t *answer)
{
    const char *result = sr_text(answer, "result");
    if (strcmp(result, "imported") == 0) {
        import->imported++;
    } else if (strcmp(result, "existing") == 0) {
        import->existing++;
        report(import, import->records[i].line, import->seeds[i].user, "existing", NULL);
    } else {
        report_bad(import, import->records[i].line, import->seeds[i].user, sr_text(answer, "reason"));
    }
}

static void forget_records(struct import *import)
{
    for (size_t i = 0; i < import->count; i++) {
        explicit_bzero(import->records[i].text, import->records[i].size);
        free(import->records[i].text);
    }
    import->count = 0;
    import->bytes = 0;
}

/* Sends what has gathered. */
static enum strongroom_result send_records(struct import *import)
{
    char *text = NULL;

    if (import->count == 0)
        return STRONGROOM_OK;
    enum strongroom_result result =
        strongroom_totp_import(import->daemon, import->family, import->seeds, import->count,
                               import->dry_run ? STRONGROOM_DRY_RUN : 0, &text, &import->error);
    json_t *answers = result == STRONGROOM_OK ? sr_answer(text) : NULL;
    if (result == STRONGROOM_OK && json_array_size(answers) != import->count) {
        (void)snprintf(import->error.text, sizeof(import->error.text),
                       "strongroomd's report has %zu rows of %zu", json_array_size(answers), import->count);
        result = STRONGROOM_FAILED;
    }
    for (size_t i = 0; i < import->count && result == STRONGROOM_OK; i++)
        count_answer(import, i, json_array_get(answers, i));
    json_decref(answers);
    free(text);
    forget_records(import);
    return result;
}

/* Which column is which. */
static bool read_header(struct import *import, const struct sr_csv *csv)
{
    for (size_t c = 0; c < COLUMNS; c++)
        import->column[c] = SR_CSV_FIELDS;
    for (size_t i = 0; i < csv->count; i++) {
        size_t c = 0;
        while (c < COLUMNS && strcmp(csv->field[i], column_names[c]) != 0)
            c++;
        if (c == COLUMNS || import->column[c] != SR_CSV_FIELDS) {
            sr_say("the first line names column %zu %s: there are user, secret, algorithm, digits and "
                   "period, each "
                   "once",
                   i + 1, c == COLUMNS ? "as none of those that there are" : "a second time");
            return false;
        }
        import->column[c] = i;
    }
    if (import->column[USER] != SR_CSV_FIELDS && import->column[SECRET] != SR_CSV_FIELDS)
        return true;
    sr_say("the first line has to name the columns \"user\" and \"secret\"");
    return false;
}

static const char *field_of(const struct import *import, const struct sr_csv *csv, enum column column)
{
    size_t i = import->column[column];
    return i < csv->count && csv->field[i][0] != '\0' ? csv->field[i] : NULL;
}

/* 0 where it is none. */
static unsigned number_of(const char *text)
{
    size_t length = strlen(text);
    return length < 7 && strspn(text, "0123456789") == length ? (unsigned)strtoul(text, NULL, 10) : 0;
}

/* NULL where the record can be sent, else what is wrong with it. */
static const char *trouble_of(const struct import *import, const struct sr_csv *csv)
{
    const char *user = field_of(import, csv, USER);
    const char *algorithm = field_of(import, csv, ALGORITHM);
    const char *digits = field_of(import, csv, DIGITS);
    const char *period = field_of(import, csv, PERIOD);

    if (csv->trouble != NULL)
        return csv->trouble;
    for (size_t c = 0; c < COLUMNS; c++)
        if (import->column[c] != SR_CSV_FIELDS && import->column[c] >= csv->count)
            return "the record has fewer fields than the first line names";
    if (user == NULL)
        return "the user's name is empty";
    if (field_of(import, csv, SECRET) == NULL)
        return "the secret is empty";
    if (strpbrk(user, "\t\n") != NULL || (algorithm != NULL && strpbrk(algorithm, "\t\n") != NULL))
        return "a tab or a line feed stands in the user's name or the algorithm";
    if ((digits != NULL && number_of(digits) == 0) || (period != NULL && number_of(period) == 0))
        return "the digits or the period are no number";
    if (json_object_get(import->seen, user) != NULL)
        return "the user stands on an earlier line already";
    return NULL;
}

/* Where the field stands in a copy of the record. */
static const char *moved(const struct sr_csv *csv, const char *copy, const char *field)
{
    return field != NULL ? copy + (field - csv->text) : NULL;
}

static bool add_record(struct import *import, const struct sr_csv *csv)
{
    const char *digits = field_of(import, csv, DIGITS);
    const char *period = field_of(import, csv, PERIOD);
    struct strongroom_totp_seed *seed = &import->seeds[import->count];
    char *copy = malloc(csv->used);

    if (copy == NULL) {
        sr_say("out of memory");
        return false;
    }
    memcpy(copy, csv->text, csv->used);
    import->records[import->count++] = (struct record){csv->line, copy, csv->used};
    import->bytes += csv->used;
    *seed = import->otherwise;
    seed->user = moved(csv, copy, field_of(import, csv, USER));
    seed->secret = moved(csv, copy, field_of(import, csv, SECRET));
    if (field_of(import, csv, ALGORITHM) != NULL)
        seed->algorithm = moved(csv, copy, field_of(import, csv, ALGORITHM));
    seed->digits = digits != NULL ? number_of(digits) : seed->digits;
    seed->period = period != NULL ? number_of(period) : seed->period;
    (void)json_object_set_new(import->seen, seed->user,
                              json_integer((json_int_t)csv->line)); /* unless no UTF-8 */
    return true;
}

/* Reads and sends all records. False after a failure, which was said. */
static bool import_records(struct import *import, struct sr_csv *csv)
{
    enum strongroom_result result = STRONGROOM_OK;
    bool failed = false;

    while (result == STRONGROOM_OK && sr_csv_next(csv, &failed)) {
        const char *trouble = trouble_of(import, csv);
        if (trouble != NULL)
            report_bad(import, csv->line,
                       csv->trouble == NULL && csv->count > import->column[USER]
                           ? csv->field[import->column[USER]]
                           : "",
                       trouble);
        else if (!add_record(import, csv))
            return false;
        if (import->count == STRONGROOM_TOTP_BATCH || import->bytes > BATCH_BYTES)
            result = send_records(import);
    }
    if (result == STRONGROOM_OK && !failed)
        result = send_records(import);
    if (result != STRONGROOM_OK)
        sr_say("%s; what stands before line %lu was dealt with as the report says", import->error.text,
               csv->line);
    return result == STRONGROOM_OK && !failed;
}

struct place {
    long long line;
    json_t *row;
};

static int by_line(const void *a, const void *b)
{
    long long one = ((const struct place *)a)->line;
    long long other = ((const struct place *)b)->line;
    return (one > other) - (one < other);
}

/* Some were known to be bad before others were answered. */
static void sort_rows(struct import *import)
{
    size_t count = json_array_size(import->rows);
    struct place *rows = calloc(count + 1, sizeof(*rows));
    json_t *sorted = json_array();
    for (size_t i = 0; rows != NULL && i < count; i++)
        rows[i] = (struct place){sr_number(json_array_get(import->rows, i), "line", 0),
                                 json_array_get(import->rows, i)};
    if (rows != NULL && sorted != NULL) {
        qsort(rows, count, sizeof(*rows), by_line);
        for (size_t i = 0; i < count; i++)
            (void)json_array_append(sorted, rows[i].row);
    }
    free(rows);
    if (json_array_size(sorted) != count) { /* they stay as they are */
        json_decref(sorted);
        return;
    }
    json_decref(import->rows);
    import->rows = sorted;
}

static int print_report(struct import *import, bool json)
{
    size_t i;
    json_t *row;

    sort_rows(import);

    if (json)
        return sr_print_json(json_pack("{s:b, s:I, s:I, s:I, s:O}", "dry_run", import->dry_run, "imported",
                                       import->imported, "existing", import->existing, "bad", import->bad,
                                       "rows", import->rows),
                             true);
    json_array_foreach(import->rows, i, row)
    {
        const char *reason = sr_text(row, "reason");
        if (sr_print("line %lld: %s: %s%s%s", sr_number(row, "line", 0), sr_text(row, "user"),
                     sr_text(row, "result"), *reason != '\0' ? ": " : "", reason) != EXIT_OK)
            return EXIT_FAILED;
    }
    return sr_print("%simported %lld, existing %lld, bad %lld",
                    import->dry_run ? "dry run, nothing is changed: " : "", (long long)import->imported,
                    (long long)import->existing, (long long)import->bad);
}

static int import_csv(const struct sr_form *form, const struct sr_given *given, struct import *import)
{
    struct sr_csv *csv = calloc(1, sizeof(*csv));
    int exit_status = EXIT_FAILED;
    bool failed = false;

    import->seen = json_object();
    import->rows = json_array();
    if (csv == NULL || import->seen == NULL || import->rows == NULL) {
        sr_say("out of memory");
        goto out;
    }
    if (!sr_csv_next(csv, &failed) || csv->trouble != NULL) {
        if (!failed)
            sr_say("the first line has to name the columns: %s",
                   csv->trouble != NULL ? csv->trouble : "there is none");
        goto out;
    }
    if (!read_header(import, csv))
        goto out;
    enum strongroom_result result = strongroom_open(given->socket, &import->daemon, &import->error);
    if (result != STRONGROOM_OK) {
        exit_status = sr_failed(form->verb, result, &import->error);
        goto out;
    }
    bool whole = import_records(import, csv);
    exit_status = print_report(import, given->json);
    if (!whole || import->bad > 0)
        exit_status = EXIT_FAILED;
out:
    forget_records(import);
    if (csv != NULL)
        sr_csv_end(csv);
    free(csv);
    json_decref(import->seen);
    json_decref(import->rows);
    strongroom_close(import->daemon);
    return exit_status;
}

/* The daemon's word on the one seed, as an exit status. */
static int print_answer(const struct sr_given *given, bool dry_run, const char *text)
{
    json_t *answers = sr_answer(text);
    const json_t *answer = json_array_get(answers, 0);
    const char *outcome = sr_text(answer, "result");
    bool imported = strcmp(outcome, "imported") == 0;
    int exit_status = EXIT_FAILED;

    if (answer == NULL)
        goto out;
    if (given->json)
        exit_status = sr_print_json(json_pack("{s:b, s:s, s:O}", "dry_run", dry_run, "result", outcome,
                                              "reason", json_object_get(answer, "reason")),
                                    false);
    else if (imported)
        exit_status = sr_print(dry_run ? "would be imported" : "imported");
    else if (strcmp(outcome, "existing") == 0)
        sr_say("the user has a seed already: \"strongroom totp remove\" ends it");
    else
        sr_say("%s", sr_text(answer, "reason"));
    exit_status = imported ? exit_status : EXIT_FAILED;
out:
    json_decref(answers);
    return exit_status;
}

static int import_one(const struct sr_form *form, const struct sr_given *given, struct import *import)
{
    char *report_text = NULL;
    int exit_status = EXIT_FAILED;
    char *secret = sr_read_text("the secret");

    if (secret == NULL)
        return EXIT_FAILED;
    import->seeds[0] = import->otherwise;
    import->seeds[0].user = given->arguments[1];
    import->seeds[0].secret = secret;
    enum strongroom_result result = strongroom_open(given->socket, &import->daemon, &import->error);
    if (result == STRONGROOM_OK)
        result =
            strongroom_totp_import(import->daemon, import->family, import->seeds, 1,
                                   import->dry_run ? STRONGROOM_DRY_RUN : 0, &report_text, &import->error);
    exit_status = result == STRONGROOM_OK ? print_answer(given, import->dry_run, report_text)
                                          : sr_failed(form->verb, result, &import->error);
    strongroom_free_secret(secret);
    free(report_text);
    strongroom_close(import->daemon);
    return exit_status;
}

int sr_verb_totp_import(int argc, char **argv)
{
    const char *algorithm = NULL;
    const char *digits = NULL;
    const char *period = NULL;
    bool csv = false;
    bool dry_run = false;
    const struct sr_form form = {.verb = "totp import",
                                 .help = help,
                                 .options = {{"algorithm", &algorithm, NULL},
                                             {"digits", &digits, NULL},
                                             {"period", &period, NULL},
                                             {"csv", NULL, &csv},
                                             {"dry-run", NULL, &dry_run}},
                                 .arguments = {TOTP_FAMILY, TOTP_USER},
                                 .optional = 1};
    struct sr_given given;
    struct strongroom_totp_seed otherwise = {0};
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    otherwise.algorithm = algorithm;
    if (!sr_totp_number(form.verb, "digits", digits, &otherwise.digits) ||
        !sr_totp_number(form.verb, "period", period, &otherwise.period))
        return sr_usage(form.verb);
    if (csv == (given.arguments[1] != NULL)) {
        sr_say("totp import: either a user's name, or --csv");
        return sr_usage(form.verb);
    }
    struct import *import = calloc(1, sizeof(*import));
    char *family = sr_totp_family(given.arguments[0]);
    exit_status = EXIT_FAILED;
    if (import == NULL)
        sr_say("out of memory");
    if (import != NULL && family != NULL) {
        import->family = family;
        import->dry_run = dry_run;
        import->otherwise = otherwise;
        exit_status = csv ? import_csv(&form, &given, import) : import_one(&form, &given, import);
    }
    free(family);
    free(import);
    return exit_status;
}
