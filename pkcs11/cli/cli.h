/* The strongroom command: what its verbs share.
 *
 * Messages go to standard error as "strongroom: ...", results to standard output.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_H
#define STRONGROOM_CLI_H

#include <stdbool.h>
#include <stddef.h>

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_DUE = 3,       /* family due: something is */
    EXIT_UNDECIDED = 4, /* session verify, jwt verify, data decrypt: neither good nor bad, for it could not be
                           checked */
    EXIT_WRONG_KEY = 5, /* backup: the header is damaged, or its key another token's */
    EXIT_DAMAGED = 6,   /* backup: a chunk is not what was written there */
    EXIT_NO_KEY = 7,    /* backup: the family or its version is not there any more */
};

/* "strongroom: " and the message, on standard error. */
void sr_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says how to get help for VERB ("" for the command itself); returns EXIT_USAGE. */
int sr_usage(const char *verb);

/* The socket where no --socket was given: NULL for libstrongroom's own choice. Administration has a socket of
 * its own, which is taken where there is one that this user may open. */
const char *sr_default_socket(void);

#define SR_ADMIN_SOCKET "/run/strongroom/admin"
#define SR_SOCKET_HELP                                                                                       \
    "  --socket PATH  the daemon's socket (default: $STRONGROOM_SOCKET; else " SR_ADMIN_SOCKET "\n"          \
    "                 where you may open it; else /run/strongroom/socket)\n"

/* The verbs. ARGV is the program's name and what follows the verb, for getopt_long, which says itself what is
 * wrong with an option. They return an exit status. */
int sr_verb_audit_show(int argc, char **argv);
int sr_verb_audit_tip(int argc, char **argv);
int sr_verb_audit_verify(int argc, char **argv);
int sr_verb_data_decrypt(int argc, char **argv);
int sr_verb_data_encrypt(int argc, char **argv);
int sr_verb_data_list(int argc, char **argv);
int sr_verb_data_new_key(int argc, char **argv);
int sr_verb_data_rewrap(int argc, char **argv);
int sr_verb_backup_decrypt(int argc, char **argv);
int sr_verb_backup_encrypt(int argc, char **argv);
int sr_verb_backup_forget(int argc, char **argv);
int sr_verb_backup_info(int argc, char **argv);
int sr_verb_backup_list(int argc, char **argv);
int sr_verb_backup_rewrap(int argc, char **argv);
int sr_verb_backup_verify(int argc, char **argv);
int sr_verb_family_create(int argc, char **argv);
int sr_verb_family_destroy(int argc, char **argv);
int sr_verb_family_due(int argc, char **argv);
int sr_verb_family_history(int argc, char **argv);
int sr_verb_family_list(int argc, char **argv);
int sr_verb_family_revoke(int argc, char **argv);
int sr_verb_family_rotate(int argc, char **argv);
int sr_verb_family_show(int argc, char **argv);
int sr_verb_init(int argc, char **argv);
int sr_verb_jwt_sign(int argc, char **argv);
int sr_verb_jwt_verify(int argc, char **argv);
int sr_verb_key_generate(int argc, char **argv);
int sr_verb_policy_test(int argc, char **argv);
int sr_verb_registry_backup(int argc, char **argv);
int sr_verb_registry_rebuild(int argc, char **argv);
int sr_verb_registry_restore(int argc, char **argv);
int sr_verb_session_sign(int argc, char **argv);
int sr_verb_session_verify(int argc, char **argv);
int sr_verb_status(int argc, char **argv);
int sr_verb_token_check(int argc, char **argv);
int sr_verb_totp_enrol(int argc, char **argv);
int sr_verb_totp_import(int argc, char **argv);
int sr_verb_totp_list(int argc, char **argv);
int sr_verb_totp_remove(int argc, char **argv);
int sr_verb_totp_resync(int argc, char **argv);
int sr_verb_totp_rewrap(int argc, char **argv);
int sr_verb_totp_verify(int argc, char **argv);

#endif
