/* The strongroom command: finds the verb.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct verb {
    const char *words[2]; /* the second may be NULL */
    int (*run)(int argc, char **argv);
    const char *summary;
} verbs[] = {
    {{"init", NULL}, sr_verb_init, "make a SoftHSM token, its PINs and the daemon's configuration"},
    {{"key", "generate"}, sr_verb_key_generate, "make a key pair in the token and print its pkcs11: URI"},
    {{"status", NULL}, sr_verb_status, "ask the daemon how it and its tokens are"},
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

void sr_say(const char *format, ...)
{
    va_list args;
    (void)fputs("strongroom: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

int sr_usage(const char *verb)
{
    (void)fprintf(stderr, "\"strongroom %s%s--help\" tells how it is called.\n", verb,
                  *verb != '\0' ? " " : "");
    return EXIT_USAGE;
}

const char *sr_default_socket(void)
{
    return getenv("STRONGROOM_SOCKET") == NULL && access(SR_ADMIN_SOCKET, R_OK | W_OK) == 0 ? SR_ADMIN_SOCKET
                                                                                            : NULL;
}

static int help(void)
{
    (void)printf("Usage: strongroom VERB [OPTION]...\n\nVerbs:\n");
    for (size_t i = 0; i < VERBS; i++) {
        char words[32];
        (void)snprintf(words, sizeof(words), "%s%s%s", verbs[i].words[0],
                       verbs[i].words[1] != NULL ? " " : "",
                       verbs[i].words[1] != NULL ? verbs[i].words[1] : "");
        (void)printf("  %-14s %s\n", words, verbs[i].summary);
    }
    (void)printf("\n\"strongroom VERB --help\" tells about a verb, \"strongroom --version\" the version.\n"
                 "Exit status: 0 done, 1 failed, 2 called wrongly.\n");
    return EXIT_OK;
}

static int unknown(int argc, char **argv)
{
    bool first_known = false;
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(argv[1], verbs[i].words[0]) == 0)
            first_known = true;
    sr_say("there is no verb \"%s%s%s\"", argv[1], first_known && argc > 2 ? " " : "",
           first_known && argc > 2 ? argv[2] : "");
    return sr_usage("");
}

int main(int argc, char **argv)
{
    /* An openssl.cnf that activates the provider must not make this command a client of the daemon. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        sr_say("libcrypto cannot be initialised");
        return EXIT_FAILED;
    }
    if (argc < 2) {
        sr_say("which verb?");
        return sr_usage("");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help();
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("strongroom %s\n", STRONGROOM_VERSION);
        return EXIT_OK;
    }
    for (size_t i = 0; i < VERBS; i++) {
        int words = verbs[i].words[1] != NULL ? 2 : 1;
        if (argc > words && strcmp(argv[1], verbs[i].words[0]) == 0 &&
            (words == 1 || strcmp(argv[2], verbs[i].words[1]) == 0)) {
            argv[words] = argv[0];
            return verbs[i].run(argc - words, argv + words);
        }
    }
    return unknown(argc, argv);
}
