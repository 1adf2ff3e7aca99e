/* strongroom key generate
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "key_file.h"

#include <ctype.h>
#include <getopt.h>
#include <p11-kit/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strongroom/strongroom.h>

#define ROLE "tls:"
#define NAME_MAX_LENGTH 64

struct request {
    const char *label;
    const char *type;
    const char *token;
    const char *pem;
    const char *socket;
    bool force;
};

static void help(void)
{
    (void)printf("Usage: strongroom key generate tls:NAME --type TYPE [OPTION]...\n\n"
                 "Makes a key pair for TLS in the token, and prints its pkcs11: URI.\n\n"
                 "  --type TYPE    one of:");
    for (const char *const *type = strongroom_key_types(); *type != NULL; type++)
        (void)printf(" %s", *type);
    (void)printf(
        "\n"
        "  --pem FILE     also write a PEM file that names the key, for programs that want a key file;\n"
        "                 there is no key in it\n"
        "  --force        replace FILE where it exists\n"
        "  --token LABEL  the token, where the daemon has several\n" SR_SOCKET_HELP "\n"
        "NAME has letters, digits, \".\", \"_\" and \"-\".\n");
}

static bool label_is_good(const char *label)
{
    const char *name = label + strlen(ROLE);
    if (strncmp(label, ROLE, strlen(ROLE)) != 0) {
        sr_say("a key's name starts with its role, and the one that can be generated here is " ROLE
               "NAME, not \"%s\"",
               label);
        return false;
    }
    size_t length = strlen(name);
    if (length > 0 && length <= NAME_MAX_LENGTH && isalnum((unsigned char)*name) &&
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == length)
        return true;
    sr_say(
        "\"%s\": NAME has 1 to %d letters, digits, \".\", \"_\" and \"-\", and starts with a letter or digit",
        label, NAME_MAX_LENGTH);
    return false;
}

static bool type_is_good(const char *wanted)
{
    const char *const *types = strongroom_key_types();
    char list[256] = "";
    size_t used = 0;

    for (size_t i = 0; types[i] != NULL; i++) {
        if (wanted != NULL && strcmp(wanted, types[i]) == 0)
            return true;
        int n = snprintf(list + used, sizeof(list) - used, " %s", types[i]);
        if (n > 0 && (size_t)n < sizeof(list) - used)
            used += (size_t)n;
    }
    if (wanted == NULL)
        sr_say("--type is missing; it is one of:%s", list);
    else
        sr_say("there is no key type \"%s\"; it is one of:%s", wanted, list);
    return false;
}

/* RFC 7512 §2.3: the token by its label, the key by class, label and id. Freed with free(); NULL when out of
 * memory. */
static char *uri_of(const struct strongroom_token *token, const char *label,
                    const unsigned char id[STRONGROOM_ID_SIZE])
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE attributes[] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_LABEL, (void *)label, strlen(label)},
        {CKA_ID, (void *)id, STRONGROOM_ID_SIZE},
    };
    char *text = NULL;
    P11KitUri *uri = p11_kit_uri_new();
    if (uri == NULL)
        return NULL;
    CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);
    memset(info->label, ' ', sizeof(info->label));
    memcpy(info->label, token->label, strlen(token->label));
    if (p11_kit_uri_set_attributes(uri, attributes, sizeof(attributes) / sizeof(attributes[0])) !=
            P11_KIT_URI_OK ||
        p11_kit_uri_format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) != P11_KIT_URI_OK)
        text = NULL;
    p11_kit_uri_free(uri);
    return text;
}

static int generate(const struct request *r)
{
    struct sr_out_file file = SR_OUT_FILE_NONE;
    struct strongroom_token token;
    struct strongroom_error error;
    unsigned char id[STRONGROOM_ID_SIZE];
    strongroom *daemon = NULL;
    char *uri = NULL;
    int exit_status = EXIT_FAILED;

    /* The file first: a key without its file would stay in the token. */
    if (r->pem != NULL && !sr_out_file_open(&file, r->pem, r->force))
        return EXIT_FAILED;
    if (strongroom_open(r->socket, &daemon, &error) != STRONGROOM_OK ||
        strongroom_token(daemon, r->token, &token, &error) != STRONGROOM_OK ||
        strongroom_key_generate(daemon, &token, r->label, r->type, id, &error) != STRONGROOM_OK) {
        sr_say("%s", error.text);
        goto out;
    }
    uri = uri_of(&token, r->label, id);
    if (uri == NULL) {
        sr_say("the key %s was made, but there is no memory left for its URI", r->label);
        goto out;
    }
    if (puts(uri) < 0 || fflush(stdout) != 0) {
        sr_say("the key %s was made, but its URI cannot be written to standard output", r->label);
        goto out;
    }
    if (r->pem != NULL && !sr_key_file_write(&file, uri)) {
        sr_say("the key %s was made all the same; its URI is the line above", r->label);
        goto out;
    }
    exit_status = EXIT_OK;
out:
    sr_out_file_close(&file);
    strongroom_close(daemon);
    free(uri);
    return exit_status;
}

int sr_verb_key_generate(int argc, char **argv)
{
    static const struct option options[] = {
        {"type", required_argument, NULL, 't'},
        {"pem", required_argument, NULL, 'p'},
        {"force", no_argument, NULL, 'f'},
        {"token", required_argument, NULL, 'k'},
        {"socket", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct request r = {.socket = sr_default_socket()};
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 't':
            r.type = optarg;
            break;
        case 'p':
            r.pem = optarg;
            break;
        case 'f':
            r.force = true;
            break;
        case 'k':
            r.token = optarg;
            break;
        case 's':
            r.socket = optarg;
            break;
        case 'h':
            help();
            return EXIT_OK;
        default:
            return sr_usage("key generate");
        }
    }
    if (optind != argc - 1) {
        sr_say(optind == argc ? "the key's name is missing" : "one key at a time");
        return sr_usage("key generate");
    }
    r.label = argv[optind];
    if (!label_is_good(r.label) || !type_is_good(r.type))
        return sr_usage("key generate");
    return generate(&r);
}
