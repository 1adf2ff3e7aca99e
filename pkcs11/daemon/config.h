/* strongroomd.conf: OpenSSL's configuration syntax (config(5)).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CONFIG_H
#define STRONGROOM_DAEMON_CONFIG_H

#include "cryptoki/why.h"
#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/pattern.h"
#include "daemon/seccomp.h"
#include "wire/calls.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One line of an admission list: "user:NAME" or "group:NAME", a number in place of the name. */
struct sr_admitted {
    const char *permission; /* "session.sign", or "session" for all of these; NULL: a right */
    id_t id;
    enum sr_right right;
    unsigned line; /* of the file; 0: not known */
    bool group;
};

/* Sockets, and tokens, that one file may have; a set of sockets is 64 bits. */
#define SR_LIST_MAX 64

/* A rule: what its clients may do with which keys. */
struct sr_rule {
    char *name; /* of its section */
    struct sr_admitted *clients;
    size_t client_count;
    struct sr_pattern *keys;
    size_t key_count;
    uint32_t operations;           /* SR_OPERATION_BIT of each */
    uint64_t sockets;              /* a bit for each index of the configuration's sockets */
    CK_MECHANISM_TYPE *mechanisms; /* none: those that are not turned off */
    size_t mechanism_count;
    bool import; /* may make secret and private keys of plain bytes (custody rule 3) */
    unsigned line;
};

#define SR_OPERATION_BIT(operation) (1U << (operation))
#define SR_OPERATION_ALL (SR_OPERATION_BIT(SR_OPERATIONS) - 1U - SR_OPERATION_BIT(SR_OPERATION_NONE))
#define SR_RULES_MAX 1024

struct sr_variable {
    char *name;
    char *value;
};

/* The permissions that there are, each a key of a socket's section; ends with NULL. */
extern const char *const sr_permissions[];

struct sr_socket_config {
    char *name; /* of its section */
    char *path;
    mode_t mode;
    bool administration;
    struct sr_admitted *admitted;
    size_t admitted_count;
};

struct sr_token_config {
    char *name; /* of its section */
    char *module;
    char *init_args; /* may be NULL */
    char *label;
    char *pin_file;
    size_t max_sessions;
    size_t slot;   /* its number for clients: the place in the list */
    bool optional; /* may be absent at the start */
};

struct sr_config {
    atomic_uint refs;
    unsigned long generation; /* counts reloads */
    enum sr_log_level log_level;
    enum sr_seccomp seccomp;
    size_t max_connections;
    size_t max_connections_per_user;
    struct sr_socket_config *sockets;
    size_t socket_count;
    struct sr_token_config *tokens;
    size_t token_count;
    struct sr_rule *rules;
    size_t rule_count;
    unsigned custody_off; /* a bit for each of enum sr_custody */
    struct sr_variable *environment;
    size_t environment_count;
    char *registry; /* the jobs' SQLite file; NULL: there are no jobs */
    char *audit;    /* the audit log; NULL: there is none */
    struct sr_audit_options audit_options;
    size_t jobs_token;    /* whose keys are the jobs': an index of tokens */
    long long data_key_s; /* how long an opened data key stays in the token at most */
};

/* Reads FILE. On failure the result is NULL, and WHY names the file, section, key and what would be right.
 * Unknown keys and sections' keys are errors. The caller has the one
 * reference. */
struct sr_config *sr_config_read(const char *file, struct sr_why *why);

/* Sets the variables of [environment] in this process, which has one thread as yet. */
bool sr_config_set_environment(const struct sr_config *config, struct sr_why *why);

/* Gives a reference back. CONFIG may be NULL. Thread-safe. */
void sr_config_free(struct sr_config *config);

/* Frees COUNT sockets and their array. */
void sr_sockets_free(struct sr_socket_config *sockets, size_t count);

#endif
