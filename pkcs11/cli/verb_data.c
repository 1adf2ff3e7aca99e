/* strongroom data new-key, encrypt and decrypt
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "input.h"
#include "options.h"
#include "output.h"
#include "verdict.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY_ARGUMENT "the family's name"
#define CONTEXT_HELP                                                                                         \
    "  --context C    what the value is (\"users/4711/iban\"): it is bound to that, and not encrypted\n"
#define KEY_HELP "  --key KEY      a key from \"strongroom data new-key\" instead of the family's own\n"
/* 256 KiB and what is around them in base64, and a line feed. */
#define VALUE_MAX (SR_INPUT_MAX / 3 * 4 + 256)

static const char new_key_help[] =
    "Usage: strongroom data new-key FAMILY [OPTION]...\n\n"
    "Prints a new data key, wrapped by the family's current version, to be kept beside what it will\n"
    "protect. FAMILY is \"tenant-42\" or \"data:tenant-42\".\n\n"
    "  --binary       the binary form\n" SR_COMMON_HELP;

static const char encrypt_help[] = "Usage: strongroom data encrypt FAMILY --context C [OPTION]... < DATA\n\n"
                                   "Encrypts what stands on standard input, at most 256 KiB, to its last "
                                   "byte, and prints the value. FAMILY\n"
                                   "is \"tenant-42\" or \"data:tenant-42\".\n\n" CONTEXT_HELP KEY_HELP
                                   "  --binary       the binary form\n" SR_COMMON_HELP;

static const char decrypt_help[] =
    "Usage: strongroom data decrypt FAMILY --context C [OPTION]... < VALUE\n\n"
    "Decrypts a value in either form. Exit status: 0 done; 1 damaged, of another key, family or context, or\n"
    "of a version that is refused; 2 called wrongly; 4 not known: its key is missing, there is no daemon.\n\n"
    "  --context C    as when it was encrypted\n" KEY_HELP "  --min-version N\n"
    "                 refuse what is of an older version\n" SR_COMMON_HELP;

static int write_all(const void *data, size_t length)
{
    if (fwrite(data, 1, length, stdout) == length && fflush(stdout) == 0)
        return EXIT_OK;
    sr_say("the answer cannot be written to standard output");
    return EXIT_FAILED;
}

/* Keys and values: text is a line. */
static int print_sealed(const char *name, const void *data, size_t length, bool json, bool binary)
{
    if (json)
        return sr_print_json(json_pack("{s:s%}", name, (const char *)data, length), false);
    return binary ? write_all(data, length) : sr_print("%s", (const char *)data);
}

static bool forms_fit(const struct sr_form *form, bool json, bool binary)
{
    if (!json || !binary)
        return true;
    sr_say("%s: --binary and --json do not go together", form->verb);
    (void)sr_usage(form->verb);
    return false;
}

int sr_verb_data_new_key(int argc, char **argv)
{
    bool binary = false;
    const struct sr_form form = {.verb = "data new-key",
                                 .help = new_key_help,
                                 .options = {{"binary", NULL, &binary}},
                                 .arguments = {FAMILY_ARGUMENT}};
    struct sr_given given;
    strongroom *daemon = NULL;
    void *key = NULL;
    size_t length = 0;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    if (!forms_fit(&form, given.json, binary))
        return EXIT_USAGE;
    char *family = sr_role_family("data", given.arguments[0]);
    if (family == NULL)
        return EXIT_FAILED;
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result =
            strongroom_data_new_key(daemon, family, binary ? STRONGROOM_BINARY : 0, &key, &length, &error);
    exit_status = result == STRONGROOM_OK ? print_sealed("key", key, length, given.json, binary)
                                          : sr_failed(form.verb, result, &error);
    free(key);
    free(family);
    strongroom_close(daemon);
    return exit_status;
}

/* --context has to be given, "" where there is none: who forgets it would find out late. */
static bool has_context(const struct sr_form *form, const char *context)
{
    if (context != NULL)
        return true;
    sr_say("%s: --context is missing", form->verb);
    (void)sr_usage(form->verb);
    return false;
}

static struct strongroom_data_options options_of(const char *key)
{
    return (struct strongroom_data_options){.key = key, .key_length = key != NULL ? strlen(key) : 0};
}

int sr_verb_data_encrypt(int argc, char **argv)
{
    const char *context = NULL;
    const char *key = NULL;
    bool binary = false;
    const struct sr_form form = {
        .verb = "data encrypt",
        .help = encrypt_help,
        .options = {{"context", &context, NULL}, {"key", &key, NULL}, {"binary", NULL, &binary}},
        .arguments = {FAMILY_ARGUMENT}};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *data = NULL;
    void *value = NULL;
    size_t length = 0;
    size_t value_length = 0;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    if (!has_context(&form, context) || !forms_fit(&form, given.json, binary))
        return EXIT_USAGE;
    exit_status = EXIT_FAILED;
    struct strongroom_data_options options = options_of(key);
    options.flags = binary ? STRONGROOM_BINARY : 0;
    char *family = sr_role_family("data", given.arguments[0]);
    data = family != NULL ? sr_read_input("the data", &length) : NULL;
    if (data == NULL)
        goto out;

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_data_encrypt(daemon, family, &options, context, strlen(context), data, length,
                                         &value, &value_length, &error);
    exit_status = result == STRONGROOM_OK ? print_sealed("value", value, value_length, given.json, binary)
                                          : sr_failed(form.verb, result, &error);
    OPENSSL_cleanse(data, length);
out:
    free(family);
    free(data);
    free(value);
    strongroom_close(daemon);
    return exit_status;
}

/* {"good": true, "reason": null, "data": base64}: data may be no text. */
static int print_json_data(const unsigned char *data, size_t length)
{
    size_t room = (length + 2) / 3 * 4 + 1;
    char *text = malloc(room);
    if (text == NULL) {
        sr_say("out of memory");
        return EXIT_FAILED;
    }
    (void)EVP_EncodeBlock((unsigned char *)text, data, (int)length);
    int exit_status = sr_print_json(json_pack("{s:b, s:n, s:s}", "good", 1, "reason", "data", text), false);
    OPENSSL_cleanse(text, room);
    free(text);
    return exit_status;
}

/* A value in text may have a line feed behind it. */
static size_t without_space(const char *value, size_t length)
{
    if (length < 4 || memcmp(value, "srd1", 4) != 0)
        return length;
    while (length > 0 && isspace((unsigned char)value[length - 1]))
        length--;
    return length;
}

static int decrypt_verdict(const struct sr_form *form, const struct sr_given *given,
                           enum strongroom_result result, const struct strongroom_error *error,
                           const void *data, size_t length)
{
    if (result == STRONGROOM_OK)
        return sr_verdict_printed(given->json ? print_json_data(data, length) : write_all(data, length));
    return sr_verdict(form, given, result == STRONGROOM_WRONG_KEY ? STRONGROOM_BAD : result, error);
}

int sr_verb_data_decrypt(int argc, char **argv)
{
    const char *context = NULL;
    const char *key = NULL;
    const char *min_version = NULL;
    const struct sr_form form = {
        .verb = "data decrypt",
        .help = decrypt_help,
        .options = {{"context", &context, NULL}, {"key", &key, NULL}, {"min-version", &min_version, NULL}},
        .arguments = {FAMILY_ARGUMENT}};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *value = NULL;
    void *data = NULL;
    size_t value_length = 0;
    size_t length = 0;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    struct strongroom_data_options options = options_of(key);
    if (!has_context(&form, context) || !sr_version_number(&form, min_version, &options.min_version))
        return EXIT_USAGE;
    exit_status = EXIT_UNDECIDED;
    char *family = sr_role_family("data", given.arguments[0]);
    value = family != NULL ? sr_read_most("the value", VALUE_MAX, &value_length) : NULL;
    if (value == NULL)
        goto out;

    value_length = without_space(value, value_length);
    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_data_decrypt(daemon, family, &options, context, strlen(context), value,
                                         value_length, &data, &length, &error);
    exit_status = decrypt_verdict(&form, &given, result, &error, data, length);
    if (data != NULL)
        OPENSSL_cleanse(data, length);
out:
    free(family);
    free(value);
    free(data);
    strongroom_close(daemon);
    return exit_status;
}
