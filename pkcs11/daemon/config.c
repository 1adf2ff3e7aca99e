/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include <errno.h>
#include <grp.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX SR_TOKENS_MAX
#define TOKEN_SESSIONS 16
#define CONNECTIONS 1024
#define DATA_KEY_S 300
#define DURATION_MAX 1000000UL /* of any unit */

const char *const sr_permissions[] = {
    "family.manage",   "family.list",   "session.sign", "session.verify", "jwt.sign",
    "jwt.verify",      "data.new-key",  "data.encrypt", "data.decrypt",   "data.rewrap",
    "registry.manage", "totp.enrol",    "totp.import",  "totp.verify",    "totp.resync",
    "totp.list",       "totp.remove",   "totp.rewrap",  "backup.encrypt", "backup.decrypt",
    "backup.verify",   "backup.rewrap", "backup.list",  "backup.forget",  NULL};
static const char *const permission_groups[] = {"family",   "session", "jwt",    "data",
                                                "registry", "totp",    "backup", NULL};

struct reader {
    const char *file;
    CONF *conf;
    struct sr_why *why;
};

/* The value of KEY in SECTION, or NULL. NCONF_get_string falls back to the default section, which we do not
 * want. */
static const char *value_of(const struct reader *r, const char *section, const char *key)
{
    STACK_OF(CONF_VALUE) *values = NCONF_get_section(r->conf, section);
    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        const CONF_VALUE *v = sk_CONF_VALUE_value(values, i);
        if (strcmp(v->name, key) == 0)
            return v->value;
    }
    return NULL;
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static bool is_permission(const char *name)
{
    return is_one_of(name, sr_permissions) || is_one_of(name, permission_groups);
}

/* PERMISSIONS: are they keys of this section? */
static bool only_known(const struct reader *r, const char *section, const char *const *keys, bool permissions)
{
    STACK_OF(CONF_VALUE) *values = NCONF_get_section(r->conf, section);
    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        const char *name = sk_CONF_VALUE_value(values, i)->name;
        if (!is_one_of(name, keys) && !(permissions && is_permission(name))) {
            sr_why_set(r->why, "%s: [%s] has an unknown key \"%s\"; strongroomd.conf(5) lists the known ones",
                       r->file, section, name);
            return false;
        }
    }
    return true;
}

/* Copies KEY of SECTION to *TO; where it is absent, an error if it is NEEDED. */
static bool copy(const struct reader *r, const char *section, const char *key, bool needed, char **to)
{
    const char *value = value_of(r, section, key);
    if (value == NULL || *value == '\0') {
        if (needed)
            sr_why_set(r->why, "%s: [%s] lacks \"%s = ...\"", r->file, section, key);
        return !needed;
    }
    *to = strdup(value);
    if (*to == NULL)
        sr_why_set(r->why, "%s: out of memory", r->file);
    return *to != NULL;
}

static bool number(const struct reader *r, const char *section, const char *key, int base, unsigned long max,
                   unsigned long *to)
{
    const char *value = value_of(r, section, key);
    char *end;
    if (value == NULL)
        return true;
    errno = 0;
    unsigned long n = strtoul(value, &end, base);
    if (errno != 0 || *value < '0' || *value > '9' || *end != '\0' || n > max) {
        sr_why_set(r->why, "%s: [%s] %s: \"%s\" is not %s number up to %lu", r->file, section, key, value,
                   base == 8 ? "an octal" : "a", max);
        return false;
    }
    *to = n;
    return true;
}

/* A number and s, m, h or d. */
static bool duration(const struct reader *r, const char *section, const char *key, long long *seconds)
{
    static const struct {
        char letter;
        long long seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    const char *value = value_of(r, section, key);
    char *end;

    if (value == NULL)
        return true;
    errno = 0;
    unsigned long n = strtoul(value, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (errno == 0 && *value >= '0' && *value <= '9' && n > 0 && n <= DURATION_MAX &&
            *end == units[i].letter && end[1] == '\0') {
            *seconds = (long long)n * units[i].seconds;
            return true;
        }
    sr_why_set(r->why, "%s: [%s] %s: \"%s\" is no time; write a number and s, m, h or d, as in 5m", r->file,
               section, key, value);
    return false;
}

/* Calls ONE for each element of a list that is separated by commas or blanks. */
static bool each(const struct reader *r, const char *section, const char *key,
                 bool (*one)(const struct reader *, const char *element, void *arg), void *arg)
{
    const char *value = value_of(r, section, key);
    if (value == NULL)
        return true;
    char *list = strdup(value);
    bool ok = list != NULL;
    char *rest = list;
    for (char *word = ok ? strtok_r(list, ", \t", &rest) : NULL; ok && word != NULL;
         word = strtok_r(NULL, ", \t", &rest))
        ok = one(r, word, arg);
    free(list);
    return ok;
}

struct admission {
    struct sr_socket_config *socket;
    enum sr_right right;
    const char *permission;
};

static bool lookup(const char *name, bool group, id_t *id)
{
    char *end;
    if (*name >= '0' && *name <= '9') {
        errno = 0;
        unsigned long n = strtoul(name, &end, 10);
        *id = (id_t)n;
        return errno == 0 && *end == '\0' && n < (id_t)-1;
    }
    const struct group *gr = group ? getgrnam(name) : NULL;
    const struct passwd *pw = group ? NULL : getpwnam(name);
    if (gr != NULL)
        *id = gr->gr_gid;
    else if (pw != NULL)
        *id = pw->pw_uid;
    return gr != NULL || pw != NULL;
}

static bool admit(const struct reader *r, const char *who, void *arg)
{
    const struct admission *to = arg;
    struct sr_socket_config *s = to->socket;
    struct sr_admitted entry = {.right = to->right, .permission = to->permission};
    const char *name = NULL;

    if (strncmp(who, "user:", 5) == 0)
        name = who + 5;
    else if (strncmp(who, "group:", 6) == 0)
        name = who + 6;
    if (name == NULL) {
        sr_why_set(r->why, "%s: [%s] admits \"%s\"; write user:NAME or group:NAME", r->file, s->name, who);
        return false;
    }
    entry.group = who[0] == 'g';
    if (!lookup(name, entry.group, &entry.id)) {
        sr_why_set(r->why, "%s: [%s] admits \"%s\", and there is no such %s on this machine", r->file,
                   s->name, who, entry.group ? "group" : "user");
        return false;
    }
    struct sr_admitted *more = reallocarray(s->admitted, s->admitted_count + 1, sizeof(*more));
    if (more == NULL) {
        sr_why_set(r->why, "%s: out of memory", r->file);
        return false;
    }
    s->admitted = more;
    s->admitted[s->admitted_count++] = entry;
    return true;
}

static bool has_section(const struct reader *r, const char *list, const char *section)
{
    if (NCONF_get_section(r->conf, section) != NULL)
        return true;
    sr_why_set(r->why, "%s: \"%s\" names the section [%s], which is not there", r->file, list, section);
    return false;
}

static bool read_permissions(const struct reader *r, struct sr_socket_config *s, const char *const *names)
{
    bool ok = true;
    for (; ok && *names != NULL; names++) {
        struct admission permitted = {.socket = s, .permission = *names};
        ok = each(r, s->name, *names, admit, &permitted);
    }
    return ok;
}

static bool read_socket(const struct reader *r, const char *section, void *arg)
{
    static const char *const keys[] = {"path", "mode", "administration", "use", "manage", NULL};
    struct sr_config *config = arg;
    if (!has_section(r, "sockets", section) || !only_known(r, section, keys, true))
        return false;
    if (config->socket_count == LIST_MAX) {
        sr_why_set(r->why, "%s: more than %d sockets", r->file, LIST_MAX);
        return false;
    }
    struct sr_socket_config *s = &config->sockets[config->socket_count++];
    struct admission use = {.socket = s, .right = SR_RIGHT_USE};
    struct admission manage = {.socket = s, .right = SR_RIGHT_MANAGE};
    const char *administration = value_of(r, section, "administration");
    unsigned long mode = 0660;

    s->name = strdup(section);
    if (s->name == NULL || !copy(r, section, "path", true, &s->path) ||
        !number(r, section, "mode", 8, 0777, &mode) || !each(r, section, "use", admit, &use) ||
        !each(r, section, "manage", admit, &manage) || !read_permissions(r, s, sr_permissions) ||
        !read_permissions(r, s, permission_groups))
        return false;
    if (administration != NULL && strcmp(administration, "yes") != 0 && strcmp(administration, "no") != 0) {
        sr_why_set(r->why, "%s: [%s] administration: write yes or no", r->file, section);
        return false;
    }
    s->administration = administration != NULL && strcmp(administration, "yes") == 0;
    if (s->administration && value_of(r, section, "mode") != NULL && mode != 0600) {
        sr_why_set(r->why, "%s: [%s] is for administration: its mode is 0600, and no other", r->file,
                   section);
        return false;
    }
    s->mode = s->administration ? 0600 : (mode_t)mode;
    return true;
}

static bool read_token(const struct reader *r, const char *section, void *arg)
{
    static const char *const keys[] = {"module",       "init-args", "label", "pin-file",
                                       "max-sessions", "optional",  NULL};
    struct sr_config *config = arg;
    if (!has_section(r, "tokens", section) || !only_known(r, section, keys, false))
        return false;
    if (config->token_count == LIST_MAX) {
        sr_why_set(r->why, "%s: more than %d tokens", r->file, LIST_MAX);
        return false;
    }
    struct sr_token_config *t = &config->tokens[config->token_count];
    const char *optional = value_of(r, section, "optional");
    unsigned long sessions = TOKEN_SESSIONS;

    t->slot = config->token_count++;

    t->name = strdup(section);
    if (t->name == NULL || !copy(r, section, "module", true, &t->module) ||
        !copy(r, section, "init-args", false, &t->init_args) || !copy(r, section, "label", true, &t->label) ||
        !copy(r, section, "pin-file", true, &t->pin_file) ||
        !number(r, section, "max-sessions", 10, 4096, &sessions))
        return false;
    t->max_sessions = sessions > 0 ? sessions : 1;
    if (optional != NULL && strcmp(optional, "yes") != 0 && strcmp(optional, "no") != 0) {
        sr_why_set(r->why, "%s: [%s] optional: write yes or no", r->file, section);
        return false;
    }
    t->optional = optional != NULL && strcmp(optional, "yes") == 0;
    return true;
}

static bool read_level(const struct reader *r, struct sr_config *config)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    const char *value = value_of(r, "default", "log-level");
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

static bool set_environment(const struct reader *r)
{
    STACK_OF(CONF_VALUE) *values = NCONF_get_section(r->conf, "environment");
    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        const CONF_VALUE *v = sk_CONF_VALUE_value(values, i);
        if (setenv(v->name, v->value, 1) != 0) {
            sr_why_set(r->why, "%s: [environment] %s cannot be set: %s", r->file, v->name, strerror(errno));
            return false;
        }
    }
    return true;
}

static bool copy_path(const struct reader *r, const char *key, char **to)
{
    if (!copy(r, "default", key, false, to))
        return false;
    if (*to == NULL || **to == '/')
        return true;
    sr_why_set(r->why, "%s: %s: \"%s\" is not an absolute path", r->file, key, *to);
    return false;
}

static bool read_jobs(const struct reader *r, struct sr_config *config)
{
    const char *name = value_of(r, "default", "jobs-token");
    config->data_key_s = DATA_KEY_S;
    if (!copy_path(r, "registry", &config->registry) || !copy_path(r, "audit", &config->audit) ||
        !duration(r, "default", "data-key-time", &config->data_key_s))
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

static bool read_all(const struct reader *r, struct sr_config *config)
{
    static const char *const keys[] = {"tokens",          "sockets",       "log-level",
                                       "max-connections", "registry",      "jobs-token",
                                       "audit",           "data-key-time", NULL};
    unsigned long connections = CONNECTIONS;

    if (!only_known(r, "default", keys, false) || !read_level(r, config) ||
        !number(r, "default", "max-connections", 10, 65536, &connections) ||
        !each(r, "default", "tokens", read_token, config) ||
        !each(r, "default", "sockets", read_socket, config))
        return false;
    config->max_connections = connections;
    if (config->token_count == 0 || config->socket_count == 0) {
        sr_why_set(r->why, "%s: \"%s = NAME\" is missing, which names the section of a %s", r->file,
                   config->token_count == 0 ? "tokens" : "sockets",
                   config->token_count == 0 ? "token" : "socket");
        return false;
    }
    return read_jobs(r, config) && set_environment(r);
}

struct sr_config *sr_config_read(const char *file, struct sr_why *why)
{
    struct reader r = {.file = file, .why = why};
    struct sr_config *config = calloc(1, sizeof(*config));
    bool ok = false;
    long line = 0;

    if (config == NULL)
        return NULL;
    config->sockets = calloc(LIST_MAX, sizeof(*config->sockets));
    config->tokens = calloc(LIST_MAX, sizeof(*config->tokens));
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

void sr_config_free(struct sr_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->socket_count; i++) {
        free(config->sockets[i].name);
        free(config->sockets[i].path);
        free(config->sockets[i].admitted);
    }
    for (size_t i = 0; i < config->token_count; i++) {
        free(config->tokens[i].name);
        free(config->tokens[i].module);
        free(config->tokens[i].init_args);
        free(config->tokens[i].label);
        free(config->tokens[i].pin_file);
    }
    free(config->sockets);
    free(config->tokens);
    free(config->registry);
    free(config->audit);
    free(config);
}
