/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"
#include "daemon/config_reader.h"
#include "daemon/config_rules.h"
#include "daemon/custody_switch.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_SESSIONS 16
#define CONNECTIONS 2048
#define DATA_KEY_S 300
#define AUDIT_CHECKPOINT 1000
#define AUDIT_ROTATE ((size_t)64 << 20)
#define AUDIT_ROTATE_LEAST ((size_t)4096)

const char *const sr_permissions[] = {
    "family.manage",   "family.list",   "session.sign", "session.verify", "jwt.sign",
    "jwt.verify",      "data.new-key",  "data.encrypt", "data.decrypt",   "data.rewrap",
    "registry.manage", "totp.enrol",    "totp.import",  "totp.verify",    "totp.resync",
    "totp.list",       "totp.remove",   "totp.rewrap",  "backup.encrypt", "backup.decrypt",
    "backup.verify",   "backup.rewrap", "backup.list",  "backup.forget",  NULL};
static const char *const permission_groups[] = {"family",   "session", "jwt",    "data",
                                                "registry", "totp",    "backup", NULL};

static bool is_permission(const char *name)
{
    return sr_conf_is_one_of(name, sr_permissions) || sr_conf_is_one_of(name, permission_groups);
}

struct admission {
    struct sr_socket_config *socket;
    enum sr_right right;
    const char *permission;
    unsigned line;
};

static bool admit(const struct sr_reader *r, const char *who, void *arg)
{
    const struct admission *to = arg;
    struct sr_socket_config *s = to->socket;
    struct sr_admitted entry = {.right = to->right, .permission = to->permission, .line = to->line};

    if (!sr_conf_who(r, s->name, who, &entry.group, &entry.id))
        return false;
    struct sr_admitted *more = reallocarray(s->admitted, s->admitted_count + 1, sizeof(*more));
    if (more == NULL) {
        sr_why_set(r->why, "%s: out of memory", r->file);
        return false;
    }
    s->admitted = more;
    s->admitted[s->admitted_count++] = entry;
    return true;
}

static bool read_permissions(const struct sr_reader *r, struct sr_socket_config *s, const char *const *names)
{
    bool ok = true;
    for (; ok && *names != NULL; names++) {
        struct admission permitted = {.socket = s, .permission = *names};
        ok = sr_conf_each(r, s->name, *names, admit, &permitted);
    }
    return ok;
}

static bool read_socket(const struct sr_reader *r, const char *section, void *arg)
{
    static const char *const keys[] = {"path", "mode", "administration", "use", "manage", NULL};
    struct sr_config *config = arg;
    if (!sr_conf_has_section(r, "sockets", section) || !sr_conf_only_known(r, section, keys, is_permission))
        return false;
    if (config->socket_count == SR_LIST_MAX) {
        sr_why_set(r->why, "%s: more than %d sockets", r->file, SR_LIST_MAX);
        return false;
    }
    struct sr_socket_config *s = &config->sockets[config->socket_count++];
    struct admission use = {.socket = s, .right = SR_RIGHT_USE, .line = sr_conf_line(r, section, "use")};
    struct admission manage = {
        .socket = s, .right = SR_RIGHT_MANAGE, .line = sr_conf_line(r, section, "manage")};
    unsigned long mode = 0660;

    s->name = strdup(section);
    if (s->name == NULL || !sr_conf_copy(r, section, "path", true, &s->path) ||
        !sr_conf_number(r, section, "mode", 8, 0777, &mode) ||
        !sr_conf_each(r, section, "use", admit, &use) ||
        !sr_conf_each(r, section, "manage", admit, &manage) || !read_permissions(r, s, sr_permissions) ||
        !read_permissions(r, s, permission_groups) ||
        !sr_conf_yes(r, section, "administration", &s->administration))
        return false;
    if (s->administration && sr_conf_value(r, section, "mode") != NULL && mode != 0600) {
        sr_why_set(r->why, "%s: [%s] is for administration: its mode is 0600, and no other", r->file,
                   section);
        return false;
    }
    s->mode = s->administration ? 0600 : (mode_t)mode;
    return true;
}

static bool read_token(const struct sr_reader *r, const char *section, void *arg)
{
    static const char *const keys[] = {"module",       "init-args", "label", "pin-file",
                                       "max-sessions", "optional",  NULL};
    struct sr_config *config = arg;
    if (!sr_conf_has_section(r, "tokens", section) || !sr_conf_only_known(r, section, keys, NULL))
        return false;
    if (config->token_count == SR_LIST_MAX) {
        sr_why_set(r->why, "%s: more than %d tokens", r->file, SR_LIST_MAX);
        return false;
    }
    struct sr_token_config *t = &config->tokens[config->token_count];
    const char *optional = sr_conf_value(r, section, "optional");
    unsigned long sessions = TOKEN_SESSIONS;

    t->slot = config->token_count++;

    t->name = strdup(section);
    if (t->name == NULL || !sr_conf_copy(r, section, "module", true, &t->module) ||
        !sr_conf_copy(r, section, "init-args", false, &t->init_args) ||
        !sr_conf_copy(r, section, "label", true, &t->label) ||
        !sr_conf_copy(r, section, "pin-file", true, &t->pin_file) ||
        !sr_conf_number(r, section, "max-sessions", 10, 4096, &sessions))
        return false;
    t->max_sessions = sessions > 0 ? sessions : 1;
    if (optional != NULL && strcmp(optional, "yes") != 0 && strcmp(optional, "no") != 0) {
        sr_why_set(r->why, "%s: [%s] optional: write yes or no", r->file, section);
        return false;
    }
    t->optional = optional != NULL && strcmp(optional, "yes") == 0;
    return true;
}

static bool read_level(const struct sr_reader *r, struct sr_config *config)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    const char *value = sr_conf_value(r, "default", "log-level");
    config->log_level = SR_LOG_INFO;
    if (value == NULL)
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(value, names[i]) == 0) {
            config->log_level = (enum sr_log_level)i;
            return true;
        }
    sr_why_set(r->why, "%s: log-level is \"%s\"; write error, warning, info or debug", r->file, value);
    return false;
}

static bool read_connections(const struct sr_reader *r, struct sr_config *config)
{
    unsigned long all = CONNECTIONS;
    unsigned long one;

    if (!sr_conf_number(r, "default", "max-connections", 10, 65536, &all))
        return false;
    one = all - all / 10; /* so that nobody can take the last ones */
    if (!sr_conf_number(r, "default", "max-connections-per-user", 10, 65536, &one))
        return false;
    if (all == 0 || one == 0) {
        sr_why_set(r->why, "%s: %s: at least 1", r->file,
                   all == 0 ? "max-connections" : "max-connections-per-user");
        return false;
    }
    config->max_connections = all;
    config->max_connections_per_user = one;
    return true;
}

static bool read_seccomp(const struct sr_reader *r, struct sr_config *config)
{
    static const char *const names[] = {
        [SR_SECCOMP_YES] = "yes", [SR_SECCOMP_LOG] = "log", [SR_SECCOMP_NO] = "no"};
    const char *value = sr_conf_value(r, "default", "seccomp");
    config->seccomp = SR_SECCOMP_YES;
    if (value == NULL)
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(value, names[i]) == 0) {
            config->seccomp = (enum sr_seccomp)i;
            return true;
        }
    sr_why_set(r->why, "%s: seccomp is \"%s\"; write yes, log or no", r->file, value);
    return false;
}

static bool read_environment(const struct sr_reader *r, struct sr_config *config)
{
    STACK_OF(CONF_VALUE) *values = NCONF_get_section(r->conf, "environment");
    int count = sk_CONF_VALUE_num(values);

    if (count <= 0)
        return true;
    config->environment = calloc((size_t)count, sizeof(*config->environment));
    for (int i = 0; config->environment != NULL && i < count; i++) {
        const CONF_VALUE *v = sk_CONF_VALUE_value(values, i);
        struct sr_variable *to = &config->environment[config->environment_count++];
        to->name = strdup(v->name);
        to->value = strdup(v->value);
        if (to->name == NULL || to->value == NULL)
            break;
        if (i == count - 1)
            return true;
    }
    sr_why_set(r->why, "%s: out of memory", r->file);
    return false;
}

static bool copy_path(const struct sr_reader *r, const char *key, char **to)
{
    if (!sr_conf_copy(r, "default", key, false, to))
        return false;
    if (*to == NULL || **to == '/')
        return true;
    sr_why_set(r->why, "%s: %s: \"%s\" is not an absolute path", r->file, key, *to);
    return false;
}

static bool read_jobs(const struct sr_reader *r, struct sr_config *config)
{
    const char *name = sr_conf_value(r, "default", "jobs-token");
    config->data_key_s = DATA_KEY_S;
    if (!copy_path(r, "registry", &config->registry) ||
        !sr_conf_duration(r, "default", "data-key-time", &config->data_key_s))
        return false;
    for (size_t i = 0; name != NULL && i < config->token_count; i++)
        if (strcmp(config->tokens[i].name, name) == 0) {
            config->jobs_token = i;
            return true;
        }
    if (name != NULL)
        sr_why_set(r->why, "%s: jobs-token names \"%s\", which is not one of tokens", r->file, name);
    return name == NULL;
}

static bool read_audit(const struct sr_reader *r, struct sr_config *config)
{
    const char *full = sr_conf_value(r, "default", "audit-full");
    unsigned long checkpoint = AUDIT_CHECKPOINT;
    struct sr_audit_options *o = &config->audit_options;

    o->rotate = AUDIT_ROTATE;
    if (!copy_path(r, "audit", &config->audit) ||
        !sr_conf_number(r, "default", "audit-checkpoint", 10, 100000000, &checkpoint) ||
        !sr_conf_size(r, "default", "audit-rotate", AUDIT_ROTATE_LEAST, &o->rotate))
        return false;
    if (full != NULL && strcmp(full, "refuse") != 0 && strcmp(full, "continue") != 0) {
        sr_why_set(r->why, "%s: audit-full is \"%s\"; write refuse or continue", r->file, full);
        return false;
    }
    o->checkpoint = checkpoint > 0 ? checkpoint : 1;
    o->goes_on_when_full = full != NULL && strcmp(full, "continue") == 0;
    return true;
}

static bool read_all(const struct sr_reader *r, struct sr_config *config)
{
    static const char *const keys[] = {"tokens",
                                       "sockets",
                                       "log-level",
                                       "max-connections",
                                       "registry",
                                       "jobs-token",
                                       "rules",
                                       "custody-off",
                                       "data-key-time",
                                       "audit",
                                       "audit-checkpoint",
                                       "audit-rotate",
                                       "audit-full",
                                       "max-connections-per-user",
                                       "seccomp",
                                       NULL};
    if (!sr_conf_only_known(r, "default", keys, NULL) || !read_level(r, config) ||
        !read_connections(r, config) || !read_seccomp(r, config) ||
        !sr_conf_each(r, "default", "tokens", read_token, config) ||
        !sr_conf_each(r, "default", "sockets", read_socket, config))
        return false;
    if (config->token_count == 0 || config->socket_count == 0) {
        sr_why_set(r->why, "%s: \"%s = NAME\" is missing, which names the section of a %s", r->file,
                   config->token_count == 0 ? "tokens" : "sockets",
                   config->token_count == 0 ? "token" : "socket");
        return false;
    }
    return read_jobs(r, config) && read_audit(r, config) && read_environment(r, config) &&
           sr_rules_read(r, config) && sr_custody_read(r, config);
}

bool sr_config_set_environment(const struct sr_config *config, struct sr_why *why)
{
    for (size_t i = 0; i < config->environment_count; i++) {
        const struct sr_variable *v = &config->environment[i];
        if (setenv(v->name, v->value, 1) != 0) {
            sr_why_set(why, "[environment] %s cannot be set: %s", v->name, strerror(errno));
            return false;
        }
    }
    return true;
}

struct sr_config *sr_config_read(const char *file, struct sr_why *why)
{
    struct sr_reader r = {.file = file, .why = why};
    struct sr_config *config = calloc(1, sizeof(*config));
    bool ok = false;
    long line = 0;

    if (config == NULL) {
        sr_why_set(why, "%s: out of memory", file);
        return NULL;
    }
    atomic_init(&config->refs, 1);
    config->sockets = calloc(SR_LIST_MAX, sizeof(*config->sockets));
    config->tokens = calloc(SR_LIST_MAX, sizeof(*config->tokens));
    r.conf = NCONF_new(NULL);
    if (config->sockets == NULL || config->tokens == NULL || r.conf == NULL) {
        sr_why_set(why, "%s: out of memory", file);
        goto out;
    }
    if (NCONF_load(r.conf, file, &line) <= 0) {
        if (line > 0)
            sr_why_set(why, "%s, line %ld: %s", file, line, ERR_reason_error_string(ERR_peek_last_error()));
        else
            sr_why_set(why, "the configuration %s cannot be read: %s", file, strerror(errno));
        goto out;
    }
    ok = read_all(&r, config);
out:
    NCONF_free(r.conf);
    ERR_clear_error();
    if (!ok) {
        sr_config_free(config);
        config = NULL;
    }
    return config;
}

void sr_sockets_free(struct sr_socket_config *sockets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(sockets[i].name);
        free(sockets[i].path);
        free(sockets[i].admitted);
    }
    free(sockets);
}

void sr_config_free(struct sr_config *config)
{
    if (config == NULL || atomic_fetch_sub(&config->refs, 1) != 1)
        return;
    sr_sockets_free(config->sockets, config->socket_count);
    for (size_t i = 0; i < config->token_count; i++) {
        free(config->tokens[i].name);
        free(config->tokens[i].module);
        free(config->tokens[i].init_args);
        free(config->tokens[i].label);
        free(config->tokens[i].pin_file);
    }
    for (size_t i = 0; i < config->environment_count; i++) {
        free(config->environment[i].name);
        free(config->environment[i].value);
    }
    sr_rules_free(config);
    free(config->environment);
    free(config->tokens);
    free(config->registry);
    free(config->audit);
    free(config);
}
