/* strongroom audit show
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "audit_files.h"
#include "audit_filter.h"
#include "cli.h"
#include "output.h"

#include <getopt.h>
#include <pwd.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "Usage: strongroom audit show [OPTION]... [FILE...]\n\n"
    "Prints the audit log: when, who, what, how it ended, how many microseconds it took, with which "
    "mechanism\n"
    "and which key or family. " SR_AUDIT_FILES_HELP "\n"
    "  --since TIME, --until TIME  2026-11-22, 2026-11-22T10:00:26 (with Z: UTC), or 90m: that long ago\n"
    "  --uid USER                  a name or a number; strongroomd: what it did by itself\n"
    "  --operation PATTERN         sign, wrap, session.sign, 'audit.*', ...\n"
    "  --key PATTERN               of the key's URI, or the family: '*object=tls:*'\n"
    "  --result PATTERN            CKR_OK, refused, ...\n"
    "  --failed                    only what did not go well\n"
    "  --local                     local times instead of UTC\n"
    "  --json                      print JSON\n\n"
    "In patterns * is any text, as in file names.\n";

struct request {
    struct sr_audit_filter filter;
    bool json;
    bool local;
};

struct user {
    long long uid;
    char name[64];
};

static bool take_option(struct request *request, int option, const char *value)
{
    struct sr_audit_filter *filter = &request->filter;

    switch (option) {
    case 'j':
        request->json = true;
        return true;
    case 'l':
        request->local = true;
        return true;
    case 'f':
        filter->failed = true;
        return true;
    case 'o':
        filter->operation = value;
        return true;
    case 'k':
        filter->key = value;
        return true;
    case 'r':
        filter->result = value;
        return true;
    case 's':
    case 'u':
        if (sr_audit_time(value, option == 's' ? filter->since : filter->until))
            return true;
        sr_say("\"%s\" is no time: write 2026-11-22, 2026-11-22T10:00:26, or 90m for that long ago", value);
        return false;
    case 'i':
        if (sr_audit_uid(filter, value))
            return true;
        sr_say("there is no user \"%s\"", value);
        return false;
    default:
        return false;
    }
}

/* False where the verb is over with that; *STATUS is the exit status then. */
static bool read_options(int argc, char **argv, struct request *request, int *status)
{
    static const struct option options[] = {{"since", required_argument, NULL, 's'},
                                            {"until", required_argument, NULL, 'u'},
                                            {"uid", required_argument, NULL, 'i'},
                                            {"operation", required_argument, NULL, 'o'},
                                            {"key", required_argument, NULL, 'k'},
                                            {"result", required_argument, NULL, 'r'},
                                            {"failed", no_argument, NULL, 'f'},
                                            {"local", no_argument, NULL, 'l'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;

    *status = EXIT_USAGE;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            *status = fputs(help, stdout) < 0 ? EXIT_FAILED : EXIT_OK;
            return false;
        }
        if (!take_option(request, option, optarg)) {
            (void)sr_usage("audit show");
            return false;
        }
    }
    return true;
}

/* A text of the log for a terminal: what could steer it, in a log that somebody changed, is "?". */
static void print_cell(const char *text, int width)
{
    int n = 0;
    for (; *text != '\0'; text++, n++)
        (void)putchar((unsigned char)*text < ' ' || (unsigned char)*text > '~' ? '?' : *text);
    (void)printf("%*s  ", n < width ? width - n : 0, "");
}

/* The user's name, or the uid in digits; USER is the one before. */
static const char *name_user(struct user *user, long long uid)
{
    if (uid < 0)
        return "strongroomd";
    if (user->name[0] == '\0' || user->uid != uid) {
        const struct passwd *entry = getpwuid((uid_t)uid);
        user->uid = uid;
        if (entry != NULL)
            (void)snprintf(user->name, sizeof(user->name), "%s", entry->pw_name);
        else
            (void)snprintf(user->name, sizeof(user->name), "%lld", uid);
    }
    return user->name;
}

/* The log's time, or that moment by the local clock. */
static void print_time(const char *text, bool local)
{
    struct tm tm = {0};
    char when[48];
    const char *rest = local ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

    if (rest != NULL) {
        time_t moment = timegm(&tm);
        struct tm here;
        if (localtime_r(&moment, &here) != NULL &&
            strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &here) > 0) {
            size_t length = strlen(when);
            (void)snprintf(when + length, sizeof(when) - length, "%.7s", rest);
            text = when;
        }
    }
    print_cell(text, 27);
}

/* What was used, and what came of it or why nothing did. */
static void print_key(const json_t *line)
{
    static const char *const more[] = {"object", "rule", "template", "why"};
    const char *key = sr_text(line, "key");
    const char *family = sr_text(line, "family");

    (void)print_cell(*key != '\0' ? key : *family != '\0' ? family : "-", 0);
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        const char *text = sr_text(line, more[i]);
        if (*text == '\0')
            continue;
        (void)printf("%s: ", more[i]);
        print_cell(text, 0);
    }
    (void)putchar('\n');
}

static void print_row(const json_t *line, const char *user, bool local)
{
    char number[24];
    const char *mechanism = sr_text(line, "mechanism");

    print_time(sr_text(line, "time"), local);
    print_cell(user, 12);
    (void)snprintf(number, sizeof(number), "%lld", sr_number(line, "pid", 0));
    print_cell(number, 7);
    print_cell(sr_text(line, "operation"), 16);
    print_cell(sr_text(line, "result"), 12);
    (void)printf("%8lld  ", sr_number(line, "us", 0));
    print_cell(*mechanism != '\0' ? mechanism : "-", 20);
    print_key(line);
}

static void print_titles(void)
{
    print_cell("TIME", 27);
    print_cell("USER", 12);
    print_cell("PID", 7);
    print_cell("OPERATION", 16);
    print_cell("RESULT", 12);
    (void)printf("%8s  ", "US");
    print_cell("MECHANISM", 20);
    (void)puts("KEY");
}

/* One line of the log, where it is wanted; with the user's name in JSON. False where it is no line. */
static bool show_line(const struct sr_chain *chain, const struct request *request, bool *first,
                      struct user *user)
{
    json_t *line = json_loadb(chain->line, chain->length, 0, NULL);
    if (!json_is_object(line)) {
        json_decref(line);
        return false;
    }
    if (sr_audit_wanted(&request->filter, line)) {
        const char *name = name_user(user, sr_number(line, "uid", -1));
        if (request->json) {
            (void)json_object_set_new(line, "user", json_string(name));
            (void)fputs(*first ? "" : ",\n", stdout);
            (void)json_dumpf(line, stdout, JSON_ENSURE_ASCII);
        } else {
            if (*first)
                print_titles();
            print_row(line, name, request->local);
        }
        *first = false;
    }
    json_decref(line);
    return true;
}

static int show(struct sr_audit_files *files, struct sr_chain *chain, const struct request *request)
{
    struct user user = {0};
    enum sr_chain_step step;
    bool first = true;

    if (request->json)
        (void)fputs("[", stdout);
    while ((step = sr_audit_files_next(files, chain)) != SR_CHAIN_END && step != SR_CHAIN_ERROR)
        if (!show_line(chain, request, &first, &user))
            sr_say("%s, line %zu is no whole line; \"strongroom audit verify\" tells whether it may be there",
                   sr_audit_files_path(files), chain->number);
    if (request->json)
        (void)fputs("]\n", stdout);
    if (ferror(stdout) != 0 || fflush(stdout) != 0) {
        sr_say("the audit log cannot be written to standard output");
        return EXIT_FAILED;
    }
    return step == SR_CHAIN_END ? EXIT_OK : EXIT_FAILED;
}

int sr_verb_audit_show(int argc, char **argv)
{
    struct request request = {.json = false};
    struct sr_audit_files files = {.list = NULL};
    struct sr_chain chain;
    int exit_status;

    if (!read_options(argc, argv, &request, &exit_status))
        return exit_status;
    exit_status = EXIT_FAILED;
    bool memory = sr_chain_begin(&chain);
    if (!memory)
        sr_say("out of memory");
    if (memory && sr_audit_files_begin(&files, argv + optind, (size_t)(argc - optind)))
        exit_status = show(&files, &chain, &request);
    sr_audit_files_end(&files);
    sr_chain_end(&chain);
    return exit_status;
}
