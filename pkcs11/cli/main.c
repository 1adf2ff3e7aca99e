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
    {{"family", "create"}, sr_verb_family_create, "make a family of keys with its first version"},
    {{"family", "list"}, sr_verb_family_list, "name the families"},
    {{"family", "show"}, sr_verb_family_show, "tell about one family and its versions"},
    {{"family", "due"}, sr_verb_family_due, "name the families that are due for a new version"},
    {{"family", "rotate"}, sr_verb_family_rotate, "make a new version; the old one stays good for its grace"},
    {{"family", "revoke"}, sr_verb_family_revoke, "make a new version and refuse the old one from now on"},
    {{"family", "destroy"}, sr_verb_family_destroy, "destroy the keys of an old version"},
    {{"family", "history"}, sr_verb_family_history, "tell what was done, when, and by whom"},
    {{"session", "sign"}, sr_verb_session_sign, "sign data with a family's session key"},
    {{"session", "verify"}, sr_verb_session_verify, "check such a signature"},
    {{"jwt", "sign"}, sr_verb_jwt_sign, "make a JWT"},
    {{"jwt", "verify"}, sr_verb_jwt_verify, "check a JWT and print its claims"},
    {{"registry", "backup"}, sr_verb_registry_backup, "write a backup of what is known of the families"},
    {{"registry", "restore"}, sr_verb_registry_restore, "bring such a backup back"},
    {{"registry", "rebuild"}, sr_verb_registry_rebuild, "add the families that the token has keys of"},
    {{"token", "check"}, sr_verb_token_check, "tell which jobs the token can do"},
    {{"totp", "enrol"}, sr_verb_totp_enrol, "give a user a seed for one-time codes"},
    {{"totp", "import"}, sr_verb_totp_import, "bring in seeds that users have already"},
    {{"totp", "verify"}, sr_verb_totp_verify, "check a user's code, once"},
    {{"totp", "resync"}, sr_verb_totp_resync, "find out how far off a user's clock is"},
    {{"totp", "list"}, sr_verb_totp_list, "name the users and how their codes are made"},
    {{"totp", "remove"}, sr_verb_totp_remove, "remove a user's seed"},
    {{"totp", "rewrap"}, sr_verb_totp_rewrap, "wrap seeds under older versions anew"},
    {{"data", "new-key"}, sr_verb_data_new_key, "make a data key, wrapped by a family's key"},
    {{"data", "encrypt"}, sr_verb_data_encrypt, "encrypt a small value"},
    {{"data", "decrypt"}, sr_verb_data_decrypt, "decrypt one"},
    {{"data", "rewrap"}, sr_verb_data_rewrap, "bring data keys and values to the current version"},
    {{"data", "list"}, sr_verb_data_list, "name a family's data keys"},
    {{"backup", "encrypt"}, sr_verb_backup_encrypt, "encrypt a stream of any length"},
    {{"backup", "decrypt"}, sr_verb_backup_decrypt, "decrypt one, or a part of it"},
    {{"backup", "verify"}, sr_verb_backup_verify, "authenticate all of one, and write nothing"},
    {{"backup", "info"}, sr_verb_backup_info, "tell what a backup's header says"},
    {{"backup", "rewrap"},
     sr_verb_backup_rewrap,
     "bring backups to their family's current version, in place"},
    {{"backup", "list"}, sr_verb_backup_list, "list the backups that the daemon knows of"},
    {{"backup", "forget"}, sr_verb_backup_forget, "tell the daemon that a backup is no more"},
    {{"policy", "test"}, sr_verb_policy_test, "ask what a user may do with a key, and by which line"},
    {{"audit", "show"}, sr_verb_audit_show, "print the audit log: what was done, by whom"},
    {{"audit", "tip"}, sr_verb_audit_tip, "print its last line, signed, for keeping elsewhere"},
    {{"audit", "verify"}, sr_verb_audit_verify, "check that the audit log was not changed"},
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

/* GROUP: only the verbs whose first word it is; NULL for all. */
static int help(const char *group)
{
    (void)printf("Usage: strongroom %s%s [OPTION]...\n\nVerbs:\n", group != NULL ? group : "",
                 group != NULL ? " VERB" : "VERB");
    for (size_t i = 0; i < VERBS; i++) {
        char words[32];
        if (group != NULL && strcmp(group, verbs[i].words[0]) != 0)
            continue;
        (void)snprintf(words, sizeof(words), "%s%s%s", verbs[i].words[0],
                       verbs[i].words[1] != NULL ? " " : "",
                       verbs[i].words[1] != NULL ? verbs[i].words[1] : "");
        (void)printf("  %-16s %s\n", words, verbs[i].summary);
    }
    (void)printf("\n\"strongroom VERB --help\" tells about a verb, \"strongroom --version\" the version.\n"
                 "Exit status: 0 done, 1 failed, 2 called wrongly; family due: 3 something is due;\n"
                 "session verify, jwt verify and data decrypt: 1 not good, 4 could not be checked;\n"
                 "totp verify and totp resync: 1 refused, 2 could not be decided, 64 called wrongly.\n"
                 "backup: 5 wrong key, 6 damaged, 7 no key. policy test: 0 allow, 1 deny, 2 not answered.\n");
    return EXIT_OK;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int unknown(int argc, char **argv)
{
    bool first_known = false;
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(argv[1], verbs[i].words[0]) == 0)
            first_known = true;
    if (first_known && argc > 2 && asks_for_help(argv[2]))
        return help(argv[1]);
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
    if (asks_for_help(argv[1]))
        return help(NULL);
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
