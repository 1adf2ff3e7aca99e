/* strongroom audit show and verify
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "audit_chain.h"
#include "cli.h"
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_FILE "/var/lib/strongroom/audit.log"
#define FILE_HELP "FILE is " DEFAULT_FILE " where it is not given, and standard input where it is \"-\".\n"

static const char show_help[] = "Usage: strongroom audit show [FILE] [--json]\n\n"
                                "Prints the audit log: when (UTC), who, what, with which family, how it "
                                "ended, and how many microseconds\n"
                                "it took. " FILE_HELP "\n  --json         print JSON\n";

static const char verify_help[] =
    "Usage: strongroom audit verify [FILE]\n\n"
    "Checks that no line of the audit log was changed, removed, inserted or moved. " FILE_HELP
    "That lines are missing at the end cannot be seen: compare with a chain value that was noted before.\n"
    "Exit status: 0 it is whole, 1 it is not, or cannot be read, 2 called wrongly.\n";

struct request {
    const char *verb;
    const char *help;
    bool has_json;
    const char *path;
    bool json;
};

/* False where the verb is over with that; *STATUS is the exit status then. */
static bool read_request(int argc, char **argv, struct request *request, int *status)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    int option;

    *status = EXIT_USAGE;
    request->path = DEFAULT_FILE;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'j' && request->has_json) {
            request->json = true;
        } else if (option == 'h') {
            *status = fputs(request->help, stdout) < 0 ? EXIT_FAILED : EXIT_OK;
            return false;
        } else {
            if (option == 'j')
                sr_say("%s takes no --json", request->verb);
            (void)sr_usage(request->verb);
            return false;
        }
    }
    if (optind < argc)
        request->path = argv[optind++];
    if (optind < argc) {
        sr_say("%s: \"%s\" is one argument too many", request->verb, argv[optind]);
        (void)sr_usage(request->verb);
        return false;
    }
    return true;
}

/* Opens the log and begins with it; after false, which was said, there is nothing to be ended. */
static bool begin(struct sr_chain *chain, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (file == NULL) {
        sr_say("the audit log %s cannot be opened: %s", path, strerror(errno));
        return false;
    }
    if (sr_chain_begin(chain, file))
        return true;
    sr_say("out of memory");
    sr_chain_end(chain);
    (void)fclose(file);
    return false;
}

static void end(struct sr_chain *chain)
{
    FILE *file = chain->file;
    sr_chain_end(chain);
    (void)fclose(file);
}

/* A text of the log for a terminal: what could steer it, in a log that somebody changed, is "?". */
static void print_cell(const char *text, int width)
{
    int n = 0;
    for (; *text != '\0'; text++, n++)
        (void)putchar((unsigned char)*text < ' ' || (unsigned char)*text > '~' ? '?' : *text);
    (void)printf("%*s  ", n < width ? width - n : 0, "");
}

struct user {
    long long uid;
    char name[64];
};

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

static void print_row(const json_t *line, const char *user)
{
    const char *family = sr_text(line, "family");
    print_cell(sr_text(line, "time"), 27);
    print_cell(user, 12);
    print_cell(sr_text(line, "operation"), 16);
    print_cell(*family != '\0' ? family : "-", 20);
    print_cell(sr_text(line, "result"), 9);
    (void)printf("%lld\n", sr_number(line, "us", 0));
}

static void print_titles(void)
{
    print_cell("TIME", 27);
    print_cell("USER", 12);
    print_cell("OPERATION", 16);
    print_cell("FAMILY", 20);
    print_cell("RESULT", 9);
    (void)puts("US");
}

/* One line of the log; with the user's name in JSON. */
static bool show_line(const struct sr_chain *chain, bool json, bool first, struct user *user)
{
    json_t *line = json_loadb(chain->line, chain->length, 0, NULL);
    if (!json_is_object(line)) {
        json_decref(line);
        return false;
    }
    const char *name = name_user(user, sr_number(line, "uid", -1));
    if (json) {
        (void)json_object_set_new(line, "user", json_string(name));
        (void)fputs(first ? "" : ",\n", stdout);
        (void)json_dumpf(line, stdout, JSON_ENSURE_ASCII);
    } else {
        if (first)
            print_titles();
        print_row(line, name);
    }
    json_decref(line);
    return true;
}

int sr_verb_audit_show(int argc, char **argv)
{
    struct request request = {.verb = "audit show", .help = show_help, .has_json = true};
    struct user user = {0};
    struct sr_chain chain;
    enum sr_chain_step step;
    bool first = true;
    int exit_status;

    if (!read_request(argc, argv, &request, &exit_status))
        return exit_status;
    if (!begin(&chain, request.path))
        return EXIT_FAILED;
    if (request.json)
        (void)fputs("[", stdout);
    while ((step = sr_chain_next(&chain)) != SR_CHAIN_END && step != SR_CHAIN_ERROR) {
        if (show_line(&chain, request.json, first, &user))
            first = false;
        else
            sr_say("line %zu is no whole line; \"strongroom audit verify\" tells whether it may be there",
                   chain.number);
    }
    exit_status = EXIT_OK;
    if (step == SR_CHAIN_ERROR) {
        sr_say("the audit log %s cannot be read: %s", request.path, strerror(errno));
        exit_status = EXIT_FAILED;
    }
    if (request.json)
        (void)fputs("]\n", stdout);
    if (ferror(stdout) != 0 || fflush(stdout) != 0) {
        sr_say("the audit log cannot be written to standard output");
        exit_status = EXIT_FAILED;
    }
    end(&chain);
    return exit_status;
}

/* Says what is wrong with the line at which the log is not whole. */
static void say_broken(const struct sr_chain *chain, const char *path)
{
    if (chain->unchained != 0)
        sr_say(
            "%s, line %zu: not a line that strongroomd wrote to its end, and no line vouches for it: it was "
            "changed or inserted",
            path, chain->unchained);
    else if (chain->number == 1)
        sr_say("%s, line 1: not the first line as it was written: it was changed, or lines before it were "
               "removed",
               path);
    else
        sr_say("%s, line %zu: does not follow from line %zu: one of them was changed, or lines were removed, "
               "inserted or moved here",
               path, chain->number, chain->number - 1);
}

int sr_verb_audit_verify(int argc, char **argv)
{
    struct request request = {.verb = "audit verify", .help = verify_help};
    enum sr_chain_step step;
    struct sr_chain chain;
    size_t lines = 0;
    size_t fragments = 0;
    int exit_status;

    if (!read_request(argc, argv, &request, &exit_status))
        return exit_status;
    if (!begin(&chain, request.path))
        return EXIT_FAILED;
    while ((step = sr_chain_next(&chain)) == SR_CHAIN_LINE || step == SR_CHAIN_UNCHAINED) {
        if (step == SR_CHAIN_LINE)
            lines++;
        else
            fragments++;
    }
    exit_status = EXIT_FAILED;
    if (step == SR_CHAIN_ERROR) {
        sr_say("the audit log %s cannot be read: %s", request.path, strerror(errno));
    } else if (step == SR_CHAIN_BROKEN || (chain.unchained != 0 && !sr_chain_ends_in_a_beginning(&chain))) {
        say_broken(&chain, request.path);
    } else {
        if (chain.unchained != 0)
            sr_say("%s, line %zu: the beginning of a line: strongroomd writes it now, or was killed while it "
                   "did; nothing of it was answered",
                   request.path, chain.unchained);
        if (fragments > (chain.unchained != 0 ? 1U : 0U))
            sr_say("%s: %zu lines were not written to their end; the log says so itself", request.path,
                   fragments - (chain.unchained != 0 ? 1U : 0U));
        exit_status = sr_print("whole: %zu lines, chain %s", lines, chain.value);
    }
    end(&chain);
    return exit_status;
}
