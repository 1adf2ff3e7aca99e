/* strongroom audit verify
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "audit_check.h"
#include "audit_files.h"
#include "cli.h"
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

static const char help[] =
    "Usage: strongroom audit verify [--key NAME]... [--tip TIPFILE] [FILE...]\n\n"
    "Checks that no line of the audit log was changed, removed, inserted or moved, and the signatures of "
    "its\n"
    "checkpoints. That lines are missing at the end cannot be seen without a tip that was kept "
    "elsewhere.\n" SR_AUDIT_FILES_HELP "\n"
    "  --key NAME     the key that signs, by the name that verify prints; others are refused\n"
    "  --tip TIPFILE  what \"strongroom audit tip\" printed: its line must still be there\n\n"
    "Exit status: 0 it is whole, 1 it is not, or cannot be read, 2 called wrongly.\n";

/* False where the verb is over with that; *STATUS is the exit status then. */
static bool read_options(int argc, char **argv, struct sr_audit_check *check, int *status)
{
    static const struct option options[] = {{"key", required_argument, NULL, 'k'},
                                            {"tip", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;

    *status = EXIT_USAGE;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'k' && check->wanted_count < SR_KEYS_MAX) {
            check->wanted[check->wanted_count++] = optarg;
        } else if (option == 't') {
            check->tip_path = optarg;
        } else if (option == 'h') {
            *status = fputs(help, stdout) < 0 ? EXIT_FAILED : EXIT_OK;
            return false;
        } else {
            if (option == 'k')
                sr_say("audit verify: more than %d keys", SR_KEYS_MAX);
            (void)sr_usage("audit verify");
            return false;
        }
    }
    return true;
}

/* Says what is wrong with the line at which the log is not whole. */
static void say_broken(const struct sr_chain *chain, const char *path)
{
    if (chain->unchained != 0)
        sr_say(
            "%s, line %zu: not a line that strongroomd wrote to its end, and no line vouches for it: it was "
            "changed or inserted",
            path, chain->unchained);
    else if (chain->number == 1 && chain->files > 1)
        sr_say("%s, line 1: does not follow from the file before: the end of that one was cut off, a file "
               "between them is missing, or one of them was changed",
               path);
    else if (chain->number == 1)
        sr_say("%s, line 1: not the first line as it was written: it was changed, or lines before it were "
               "removed",
               path);
    else
        sr_say("%s, line %zu: does not follow from line %zu: one of them was changed, or lines were removed, "
               "inserted or moved here",
               path, chain->number, chain->number - 1);
}

struct found {
    size_t lines;
    size_t fragments;
};

/* False, which was said, where the log is not whole. */
static bool follow(struct sr_audit_files *files, struct sr_chain *chain, struct sr_audit_check *check,
                   struct found *found)
{
    enum sr_chain_step step;

    while ((step = sr_audit_files_next(files, chain)) == SR_CHAIN_LINE || step == SR_CHAIN_UNCHAINED) {
        if (step == SR_CHAIN_UNCHAINED) {
            found->fragments++;
            continue;
        }
        found->lines++;
        if (!sr_audit_check_line(check, chain, sr_audit_files_path(files)))
            return false;
    }
    if (step == SR_CHAIN_BROKEN ||
        (step == SR_CHAIN_END && chain->unchained != 0 && !sr_chain_ends_in_a_beginning(chain))) {
        say_broken(chain, sr_audit_files_path(files));
        return false;
    }
    return step == SR_CHAIN_END;
}

static int tell(const struct sr_audit_files *files, const struct sr_chain *chain, const struct found *found,
                const struct sr_audit_check *check)
{
    size_t fragments = found->fragments - (chain->unchained != 0 ? 1U : 0U);

    if (chain->unchained != 0)
        sr_say("%s, line %zu: the beginning of a line: strongroomd writes it now, or was killed while it "
               "did; nothing of it was answered",
               sr_audit_files_path(files), chain->unchained);
    if (fragments > 0)
        sr_say("%s: %zu lines were not written to their end; the log says so itself",
               sr_audit_files_path(files), fragments);
    if (chain->later)
        sr_say("%s goes on from a file that was set aside before it, and is not looked at here",
               files->list[0].path);
    int exit_status = sr_audit_check_result(check);
    if (exit_status == EXIT_OK)
        exit_status = sr_print("whole: %zu lines, chain %s", found->lines, chain->value);
    return exit_status;
}

int sr_verb_audit_verify(int argc, char **argv)
{
    struct sr_audit_check check = {.wanted_count = 0};
    struct sr_audit_files files = {.list = NULL};
    struct found found = {0, 0};
    struct sr_chain chain;
    int exit_status;

    if (!read_options(argc, argv, &check, &exit_status))
        return exit_status;
    exit_status = EXIT_FAILED;
    bool memory = sr_chain_begin(&chain);
    if (!memory)
        sr_say("out of memory");
    if (memory && sr_audit_check_begin(&check) &&
        sr_audit_files_begin(&files, argv + optind, (size_t)(argc - optind)) &&
        follow(&files, &chain, &check, &found))
        exit_status = tell(&files, &chain, &found, &check);
    sr_audit_files_end(&files);
    sr_audit_check_end(&check);
    sr_chain_end(&chain);
    return exit_status;
}
