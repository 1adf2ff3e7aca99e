/* strongroom backup encrypt, decrypt and verify
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "backup_common.h"
#include "cli.h"
#include "out_file.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_HELP                                                                                          \
    "  -o, --output F file to write, instead of standard output; it is there when all is done, mode 0600\n"  \
    "  --force        replace a file that exists\n"

static const char encrypt_help[] =
    "Usage: strongroom backup encrypt FAMILY [FILE] [OPTION]...\n\n"
    "Encrypts FILE, or standard input. FAMILY is \"nightly\" or \"backup:nightly\".\n\n" OUTPUT_HELP
    "  --chunk-size N bytes that are authenticated at a time: a power of two, 4096 to 4194304; "
    "1048576\n" SR_COMMON_HELP;

static const char decrypt_help[] =
    "Usage: strongroom backup decrypt [FILE] [OPTION]...\n\n"
    "Decrypts FILE, or standard input. In a pipe, what is written before a failure is to be thrown "
    "away.\n" SR_BACKUP_STATUS_HELP OUTPUT_HELP "  --range A-B    only the bytes A to B, both included, from "
    "0; without B, to the end; needs a FILE\n" SR_COMMON_HELP;

static const char verify_help[] =
    "Usage: strongroom backup verify [FILE] [OPTION]...\n\n"
    "Authenticates all of FILE, or standard input, and writes nothing.\n" SR_BACKUP_STATUS_HELP
        SR_COMMON_HELP;

char *sr_backup_family(const char *name)
{
    char *family;
    if (asprintf(&family, "%s%s", strchr(name, ':') == NULL ? "backup:" : "", name) >= 0)
        return family;
    sr_say("out of memory");
    return NULL;
}

int sr_backup_input(const char *file, int flags)
{
    if (file == NULL || strcmp(file, "-") == 0)
        return STDIN_FILENO;
    int fd = open(file, flags | O_CLOEXEC);
    if (fd < 0)
        sr_say("%s cannot be opened: %s", file, strerror(errno));
    return fd;
}

void sr_backup_close_input(int fd)
{
    if (fd > STDIN_FILENO)
        (void)close(fd);
}

int sr_backup_failed(const char *verb, const char *file, enum strongroom_result result,
                     const struct strongroom_error *error)
{
    if (file != NULL)
        sr_say("%s: %s", file, error->text);
    else
        sr_say("%s", error->text);
    switch (result) {
    case STRONGROOM_INVALID:
        return sr_usage(verb);
    case STRONGROOM_WRONG_KEY:
        return EXIT_WRONG_KEY;
    case STRONGROOM_BAD:
        return EXIT_DAMAGED;
    case STRONGROOM_NOT_FOUND:
        return EXIT_NO_KEY;
    default:
        return EXIT_FAILED;
    }
}

struct run {
    const struct sr_form *form;
    struct sr_given given;
    const char *file; /* NULL: standard input */
    int in;
    struct sr_out_file out;
    struct sr_progress progress;
    struct strongroom_backup_options options;
    strongroom *daemon;
    enum strongroom_result result;
    struct strongroom_error error;
};

/* Opens the files and the daemon. False after a message, with the exit status. */
static bool begin(struct run *run, const char *file, const char *output, bool force, int *status)
{
    *status = EXIT_FAILED;
    run->file = file != NULL && strcmp(file, "-") != 0 ? file : NULL;
    run->in = sr_backup_input(run->file, O_RDONLY);
    run->out.fd = -1;
    if (run->in < 0 || !sr_out_file_open(&run->out, output, force))
        return false;
    run->progress = sr_progress_of(run->in);
    run->options.progress = sr_progress_step;
    run->options.argument = &run->progress;
    run->result = strongroom_open(run->given.socket, &run->daemon, &run->error);
    if (run->result == STRONGROOM_OK)
        return true;
    *status = sr_backup_failed(run->form->verb, NULL, run->result, &run->error);
    return false;
}

/* What the library has ended with becomes a file and an exit status. */
static int done(struct run *run)
{
    sr_progress_end(&run->progress);
    if (run->result != STRONGROOM_OK)
        return sr_backup_failed(run->form->verb, run->file, run->result, &run->error);
    if (!sr_out_file_done(&run->out))
        return EXIT_FAILED;
    if (!run->given.json)
        return EXIT_OK;
    return sr_print_json(
        json_pack("{s:s, s:I}", "output", run->out.path, "read", (json_int_t)run->progress.bytes), false);
}

static void end(struct run *run)
{
    strongroom_close(run->daemon);
    sr_out_file_close(&run->out);
    sr_backup_close_input(run->in);
}

/* JSON and the data cannot both go to standard output. */
static bool check_json(const struct run *run, const char *output)
{
    if (!run->given.json || (output != NULL && strcmp(output, "-") != 0))
        return true;
    sr_say("%s: --json needs -o FILE, for the data go to standard output", run->form->verb);
    (void)sr_usage(run->form->verb);
    return false;
}

/* Decimal digits and nothing else; *REST is what follows them. */
static bool number(const char *text, unsigned long long *value, const char **rest)
{
    char *stop;
    errno = 0;
    *value = strtoull(text, &stop, 10);
    *rest = stop;
    return errno == 0 && *text >= '0' && *text <= '9';
}

int sr_verb_backup_encrypt(int argc, char **argv)
{
    const char *output = NULL;
    const char *chunk_size = NULL;
    bool force = false;
    const struct sr_form form = {.verb = "backup encrypt",
                                 .help = encrypt_help,
                                 .options = {{"output", &output, NULL, 'o'},
                                             {"force", NULL, &force, 0},
                                             {"chunk-size", &chunk_size, NULL, 0}},
                                 .arguments = {"the family's name", "FILE"},
                                 .optional = 1};
    struct run run = {.form = &form};
    unsigned long long size = 0;
    const char *rest = "";
    char *family = NULL;
    int status;

    if (!sr_options_read(argc, argv, &form, &run.given, &status))
        return status;
    if (!check_json(&run, output))
        return EXIT_USAGE;
    if (chunk_size != NULL && (!number(chunk_size, &size, &rest) || *rest != '\0' || size == 0)) {
        sr_say("backup encrypt: --chunk-size %s is no number of bytes", chunk_size);
        return sr_usage(form.verb);
    }
    run.options.chunk_size = (size_t)size;
    family = sr_backup_family(run.given.arguments[0]);
    if (family == NULL)
        return EXIT_FAILED;
    if (begin(&run, run.given.arguments[1], output, force, &status)) {
        run.result =
            strongroom_backup_encrypt(run.daemon, family, run.in, run.out.fd, &run.options, &run.error);
        status = done(&run);
    }
    end(&run);
    free(family);
    return status;
}

static bool read_range(const char *text, unsigned long long *from, unsigned long long *to)
{
    const char *rest;

    if (!number(text, from, &rest) || *rest != '-')
        return false;
    rest++;
    *to = ULLONG_MAX;
    if (*rest == '\0')
        return true;
    return number(rest, to, &rest) && *rest == '\0' && *from <= *to;
}

int sr_verb_backup_decrypt(int argc, char **argv)
{
    const char *output = NULL;
    const char *range = NULL;
    bool force = false;
    const struct sr_form form = {
        .verb = "backup decrypt",
        .help = decrypt_help,
        .options = {{"output", &output, NULL, 'o'}, {"force", NULL, &force, 0}, {"range", &range, NULL, 0}},
        .arguments = {"FILE"},
        .optional = 1};
    struct run run = {.form = &form};
    unsigned long long from = 0;
    unsigned long long to = 0;
    int status;

    if (!sr_options_read(argc, argv, &form, &run.given, &status))
        return status;
    if (!check_json(&run, output))
        return EXIT_USAGE;
    if (range != NULL && !read_range(range, &from, &to)) {
        sr_say("backup decrypt: --range %s is no range of bytes, as in 0-99 or 100-", range);
        return sr_usage(form.verb);
    }
    if (begin(&run, run.given.arguments[0], output, force, &status)) {
        run.result = range == NULL
                         ? strongroom_backup_decrypt(run.daemon, run.in, run.out.fd, &run.options, &run.error)
                         : strongroom_backup_decrypt_range(run.daemon, run.in, run.out.fd, from, to,
                                                           &run.options, &run.error);
        status = done(&run);
    }
    end(&run);
    return status;
}

int sr_verb_backup_verify(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "backup verify", .help = verify_help, .arguments = {"FILE"}, .optional = 1};
    struct run run = {.form = &form, .out = {.fd = -1}};
    int status = EXIT_FAILED;

    if (!sr_options_read(argc, argv, &form, &run.given, &status))
        return status;
    status = EXIT_FAILED;
    run.file = run.given.arguments[0];
    run.in = sr_backup_input(run.file, O_RDONLY);
    if (run.in < 0)
        goto out;
    run.progress = sr_progress_of(run.in);
    run.options.progress = sr_progress_step;
    run.options.argument = &run.progress;
    run.result = strongroom_open(run.given.socket, &run.daemon, &run.error);
    if (run.result == STRONGROOM_OK)
        run.result = strongroom_backup_verify(run.daemon, run.in, &run.options, &run.error);
    sr_progress_end(&run.progress);
    status =
        run.result == STRONGROOM_OK ? EXIT_OK : sr_backup_failed(form.verb, run.file, run.result, &run.error);
    int printed = EXIT_OK;
    if (run.given.json)
        printed =
            sr_print_json(json_pack("{s:b, s:o}", "good", run.result == STRONGROOM_OK, "reason",
                                    run.result == STRONGROOM_OK ? json_null() : json_string(run.error.text)),
                          false);
    else if (run.result == STRONGROOM_OK)
        printed = sr_print("good");
    if (status == EXIT_OK)
        status = printed;
out:
    end(&run);
    return status;
}
