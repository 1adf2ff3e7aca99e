/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody_switch.h"

#include <string.h>

static const struct {
    const char *word;
    unsigned number;
    const char *consequence;
} rules[SR_CUSTODIES] = {
    [SR_CUSTODY_SECRECY] = {"secrecy", 1, "keys are as sensitive and extractable as clients ask for"},
    [SR_CUSTODY_ROLES] = {"roles", 2, "keys may have several roles, and be given further ones"},
    [SR_CUSTODY_READING] = {"reading", 3, "clients read whatever the token shows, key values included"},
    [SR_CUSTODY_IMPORT] = {"import", 3, "clients make keys of plain bytes, and weaker copies of keys"},
    [SR_CUSTODY_MECHANISMS] = {"mechanisms", 4, "mechanisms that leak keys and plaintexts work"},
};

bool sr_custody_on(const struct sr_config *config, enum sr_custody rule)
{
    return (config->custody_off & 1U << rule) == 0;
}

const char *sr_custody_word(enum sr_custody rule)
{
    return rules[rule].word;
}

unsigned sr_custody_number(enum sr_custody rule)
{
    return rules[rule].number;
}

const char *sr_custody_consequence(enum sr_custody rule)
{
    return rules[rule].consequence;
}

void sr_custody_say(const struct sr_config *config)
{
    for (size_t i = 0; i < SR_CUSTODIES; i++)
        if (!sr_custody_on(config, (enum sr_custody)i))
            sr_log(SR_LOG_WARNING, "custody rule %u (%s) is OFF (custody-off): %s", rules[i].number,
                   rules[i].word, rules[i].consequence);
}

static bool switch_off(const struct sr_reader *r, const char *word, void *arg)
{
    struct sr_config *config = arg;

    for (size_t i = 0; i < SR_CUSTODIES; i++)
        if (strcmp(rules[i].word, word) == 0) {
            config->custody_off |= 1U << i;
            return true;
        }
    if (strcmp(word, "labels") == 0)
        sr_why_set(r->why, "%s: custody-off: custody rule 5 (labels) cannot be switched off", r->file);
    else
        sr_why_set(r->why, "%s: custody-off: \"%s\" is none of secrecy, roles, reading, import, mechanisms",
                   r->file, word);
    return false;
}

bool sr_custody_read(const struct sr_reader *r, struct sr_config *config)
{
    return sr_conf_each(r, "default", "custody-off", switch_off, config);
}
