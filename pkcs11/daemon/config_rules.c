/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config_rules.h"

#include "cryptoki/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct sr_config *config;
    struct sr_rule *rule;
};

static bool out_of_memory(const struct sr_reader *r)
{
    sr_why_set(r->why, "%s: out of memory", r->file);
    return false;
}

/* One more element of an array of COUNT elements of SIZE bytes; NULL when out of memory. */
static void *one_more(const struct sr_reader *r, void **array, size_t *count, size_t size)
{
    unsigned char *more = reallocarray(*array, *count + 1, size);
    if (more == NULL) {
        (void)out_of_memory(r);
        return NULL;
    }
    *array = more;
    memset(more + *count * size, 0, size);
    return more + (*count)++ * size;
}

static bool read_client(const struct sr_reader *r, const char *who, void *arg)
{
    struct sr_rule *rule = arg;
    struct sr_admitted *client =
        one_more(r, (void **)&rule->clients, &rule->client_count, sizeof(*rule->clients));
    return client != NULL && sr_conf_who(r, rule->name, who, &client->group, &client->id);
}

static bool read_key(const struct sr_reader *r, const char *text, void *arg)
{
    struct sr_rule *rule = arg;
    struct sr_why why = {""};
    struct sr_pattern *key = one_more(r, (void **)&rule->keys, &rule->key_count, sizeof(*rule->keys));

    if (key == NULL)
        return false;
    if (sr_pattern_parse(text, key, &why))
        return true;
    sr_why_set(r->why, "%s: [%s] keys: \"%.200s\": %s", r->file, rule->name, text, why.text);
    return false;
}

static bool read_operation(const struct sr_reader *r, const char *word, void *arg)
{
    struct sr_rule *rule = arg;
    enum sr_operation operation = sr_operation_named(word);

    if (strcmp(word, "all") == 0) {
        rule->operations = SR_OPERATION_ALL;
        return true;
    }
    if (operation != SR_OPERATION_NONE) {
        rule->operations |= SR_OPERATION_BIT(operation);
        /* What a client sees it may read, secrets excepted. */
        if (operation == SR_OPERATION_FIND)
            rule->operations |= SR_OPERATION_BIT(SR_OPERATION_READ);
        return true;
    }
    sr_why_set(r->why, "%s: [%s] operations: \"%s\" is none; strongroomd.conf(5) lists them", r->file,
               rule->name, word);
    return false;
}

static bool read_socket_name(const struct sr_reader *r, const char *name, void *arg)
{
    const struct reading *to = arg;

    for (size_t i = 0; i < to->config->socket_count; i++)
        if (strcmp(to->config->sockets[i].name, name) == 0) {
            to->rule->sockets |= (uint64_t)1 << i;
            return true;
        }
    sr_why_set(r->why, "%s: [%s] sockets: \"%s\" is not one of \"sockets = ...\" before the first section",
               r->file, to->rule->name, name);
    return false;
}

static bool read_mechanism(const struct sr_reader *r, const char *name, void *arg)
{
    struct sr_rule *rule = arg;
    CK_MECHANISM_TYPE *type =
        one_more(r, (void **)&rule->mechanisms, &rule->mechanism_count, sizeof(*rule->mechanisms));

    if (type == NULL)
        return false;
    if (sr_mechanism_named(name, type))
        return true;
    sr_why_set(
        r->why,
        "%s: [%s] mechanisms: \"%s\" is no mechanism that is known here by name; write its number, as in "
        "0x80000001",
        r->file, rule->name, name);
    return false;
}

/* A list that is there, and names nothing, would say the opposite of what was meant. */
static bool is_empty(const struct sr_reader *r, const struct sr_rule *rule, const char *key, bool none)
{
    if (!none || sr_conf_value(r, rule->name, key) == NULL)
        return false;
    sr_why_set(r->why, "%s: [%s] %s: the list is empty; name some, or leave the line out", r->file,
               rule->name, key);
    return true;
}

static bool has_all(const struct sr_reader *r, const struct sr_rule *rule)
{
    const struct {
        const char *key;
        bool there;
        const char *example;
    } needed[] = {{"clients", rule->client_count > 0, "user:www-data"},
                  {"keys", rule->key_count > 0, "pkcs11:object=tls:*"},
                  {"operations", rule->operations != 0 || rule->import, "find, sign"}};

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!needed[i].there) {
            sr_why_set(r->why, "%s: the rule [%s] lacks \"%s = ...\", as in \"%s = %s\"", r->file, rule->name,
                       needed[i].key, needed[i].key, needed[i].example);
            return false;
        }
    return !is_empty(r, rule, "sockets", rule->sockets == 0) &&
           !is_empty(r, rule, "mechanisms", rule->mechanism_count == 0);
}

static bool read_rule(const struct sr_reader *r, const char *section, void *arg)
{
    static const char *const keys[] = {"clients",    "keys",   "operations", "sockets",
                                       "mechanisms", "import", NULL};
    struct sr_config *config = arg;
    struct reading to = {.config = config};

    if (!sr_conf_has_section(r, "rules", section) || !sr_conf_only_known(r, section, keys, NULL))
        return false;
    if (config->rule_count == SR_RULES_MAX) {
        sr_why_set(r->why, "%s: more than %d rules", r->file, SR_RULES_MAX);
        return false;
    }
    struct sr_rule *rule = one_more(r, (void **)&config->rules, &config->rule_count, sizeof(*config->rules));
    if (rule == NULL)
        return false;
    to.rule = rule;
    rule->name = strdup(section);
    if (rule->name == NULL)
        return out_of_memory(r);
    if (!sr_conf_each(r, section, "clients", read_client, rule) ||
        !sr_conf_each(r, section, "keys", read_key, rule) ||
        !sr_conf_each(r, section, "operations", read_operation, rule) ||
        !sr_conf_each(r, section, "sockets", read_socket_name, &to) ||
        !sr_conf_each(r, section, "mechanisms", read_mechanism, rule) ||
        !sr_conf_yes(r, section, "import", &rule->import) || !has_all(r, rule))
        return false;
    if (sr_conf_value(r, section, "sockets") == NULL)
        rule->sockets = UINT64_MAX;
    if (rule->import)
        rule->operations |= SR_OPERATION_BIT(SR_OPERATION_CREATE);
    rule->line =
        sr_conf_line(r, section, sr_conf_value(r, section, "operations") != NULL ? "operations" : "import");
    return true;
}

bool sr_rules_read(const struct sr_reader *r, struct sr_config *config)
{
    return sr_conf_each(r, "default", "rules", read_rule, config);
}

void sr_rules_free(struct sr_config *config)
{
    for (size_t i = 0; i < config->rule_count; i++) {
        struct sr_rule *rule = &config->rules[i];
        for (size_t k = 0; k < rule->key_count; k++)
            sr_pattern_free(&rule->keys[k]);
        free(rule->name);
        free(rule->clients);
        free(rule->keys);
        free(rule->mechanisms);
    }
    free(config->rules);
}
