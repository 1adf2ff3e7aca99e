/* strongroomd.conf: OpenSSL's configuration syntax (config(5)).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CONFIG_H
#define STRONGROOM_DAEMON_CONFIG_H

#include "cryptoki/why.h"
#include "daemon/log.h"
#include "wire/calls.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One line of an admission list: "user:NAME" or "group:NAME", a number in place of the name. */
struct sr_admitted {
    bool group;
    id_t id;
    enum sr_right right;
    const char *permission; /* "session.sign", or "session" for all of these; NULL: a right */
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

#define SR_TOKENS_MAX 64

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
    enum sr_log_level log_level;
    size_t max_connections;
    struct sr_socket_config *sockets;
    size_t socket_count;
    struct sr_token_config *tokens;
    size_t token_count;
    char *registry;       /* the jobs' SQLite file; NULL: there are no jobs */
    char *audit;          /* the audit log; NULL: there is none */
    size_t jobs_token;    /* whose keys are the jobs': an index of tokens */
    long long data_key_s; /* how long an opened data key stays in the token at most */
};

/* Reads FILE. On failure the result is NULL, and WHY names the file, section, key and what would be right.
 * Unknown keys and sections' keys are errors. Sets the variables of [environment] in this process. Freed with
 * sr_config_free. */
struct sr_config *sr_config_read(const char *file, struct sr_why *why);

void sr_config_free(struct sr_config *config);

#endif
