/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy.h"

#include "daemon/custody.h"
#include "daemon/custody_switch.h"

/* What "use" does not allow with token objects: to change and end them, and by whatever operation to make
 * them. To derive and unwrap session objects by a token's key is to use it. */
#define ENDING                                                                                               \
    (SR_OPERATION_BIT(SR_OPERATION_GENERATE) | SR_OPERATION_BIT(SR_OPERATION_CREATE) |                       \
     SR_OPERATION_BIT(SR_OPERATION_CHANGE) | SR_OPERATION_BIT(SR_OPERATION_DESTROY))
#define MAKING                                                                                               \
    (ENDING | SR_OPERATION_BIT(SR_OPERATION_UNWRAP) | SR_OPERATION_BIT(SR_OPERATION_DERIVE) |                \
     SR_OPERATION_BIT(SR_OPERATION_COPY))

uint32_t sr_policy_of_right(enum sr_right right, const struct sr_question *question)
{
    if (right == SR_RIGHT_NONE)
        return 0;
    if (right == SR_RIGHT_MANAGE || !question->on_token)
        return SR_OPERATION_ALL;
    return SR_OPERATION_ALL & ~(question->made ? MAKING : ENDING);
}

bool sr_policy_off(const struct sr_config *config, enum sr_operation operation, CK_MECHANISM_TYPE mechanism)
{
    if (mechanism == CK_UNAVAILABLE_INFORMATION || !sr_custody_on(config, SR_CUSTODY_MECHANISMS))
        return false;
    return mechanism >= CKM_VENDOR_DEFINED || sr_custody_leaks(operation, mechanism);
}

static uint32_t turned_off(const struct sr_config *config, CK_MECHANISM_TYPE mechanism)
{
    uint32_t off = 0;

    if (mechanism == CK_UNAVAILABLE_INFORMATION)
        return 0;
    for (unsigned i = SR_OPERATION_ENCRYPT; i < SR_OPERATIONS; i++)
        if (sr_policy_off(config, (enum sr_operation)i, mechanism))
            off |= SR_OPERATION_BIT(i);
    return off;
}

bool sr_rule_is_for(const struct sr_rule *rule, size_t socket, const struct sr_peer *peer)
{
    if (!(rule->sockets & (uint64_t)1 << socket))
        return false;
    for (size_t i = 0; i < rule->client_count; i++)
        if (sr_admitted_is(&rule->clients[i], peer))
            return true;
    return false;
}

static bool is_for(const struct sr_rule *rule, const struct sr_asker *asker)
{
    return sr_rule_is_for(rule, asker->socket, asker->peer);
}

static bool covers(const struct sr_rule *rule, const struct sr_subject *subject)
{
    for (size_t i = 0; subject != NULL && i < rule->key_count; i++)
        if (sr_pattern_match(&rule->keys[i], subject))
            return true;
    return subject == NULL;
}

static bool names(const struct sr_rule *rule, CK_MECHANISM_TYPE mechanism)
{
    for (size_t i = 0; i < rule->mechanism_count; i++)
        if (rule->mechanisms[i] == mechanism)
            return true;
    return false;
}

/* What the rule gives; OFF: the operations for which the mechanism is turned off unless it is named. */
static uint32_t given(const struct sr_rule *rule, const struct sr_asker *asker,
                      const struct sr_question *question, uint32_t off)
{
    if (!is_for(rule, asker) || !covers(rule, question->subject))
        return 0;
    if (question->mechanism == CK_UNAVAILABLE_INFORMATION || names(rule, question->mechanism))
        return rule->operations;
    return rule->mechanism_count > 0 ? 0 : rule->operations & ~off;
}

uint32_t sr_policy_operations(const struct sr_asker *asker, const struct sr_question *question)
{
    uint32_t off = turned_off(asker->config, question->mechanism);
    enum sr_right right = sr_admission(&asker->config->sockets[asker->socket], asker->peer);
    uint32_t allowed = sr_policy_of_right(right, question) & ~off;

    for (size_t i = 0; i < asker->config->rule_count; i++)
        allowed |= given(&asker->config->rules[i], asker, question, off);
    return allowed;
}

/* The line of the socket's lists that gives the asker its right. */
static bool grant_of_right(const struct sr_asker *asker, const struct sr_question *question, uint32_t wanted,
                           struct sr_grant *grant)
{
    const struct sr_socket_config *socket = &asker->config->sockets[asker->socket];

    for (size_t i = 0; i < socket->admitted_count; i++) {
        const struct sr_admitted *line = &socket->admitted[i];
        if (line->right == SR_RIGHT_NONE || !sr_admitted_is(line, asker->peer) ||
            !(sr_policy_of_right(line->right, question) & wanted))
            continue;
        *grant = (struct sr_grant){socket->name, sr_right_name(line->right), line->line};
        return true;
    }
    return false;
}

bool sr_policy_grant(const struct sr_asker *asker, const struct sr_question *question,
                     enum sr_operation operation, struct sr_grant *grant)
{
    uint32_t off = turned_off(asker->config, question->mechanism);
    uint32_t wanted = SR_OPERATION_BIT(operation);

    if (!(off & wanted) && grant_of_right(asker, question, wanted, grant))
        return true;
    for (size_t i = 0; i < asker->config->rule_count; i++) {
        const struct sr_rule *rule = &asker->config->rules[i];
        if (!(given(rule, asker, question, off) & wanted))
            continue;
        *grant = (struct sr_grant){rule->name, "operations", rule->line};
        return true;
    }
    return false;
}

bool sr_policy_admits(const struct sr_asker *asker)
{
    for (size_t i = 0; i < asker->config->rule_count; i++)
        if (is_for(&asker->config->rules[i], asker))
            return true;
    return false;
}

bool sr_policy_imports(const struct sr_asker *asker, const struct sr_question *question,
                       struct sr_grant *grant)
{
    for (size_t i = 0; i < asker->config->rule_count; i++) {
        const struct sr_rule *rule = &asker->config->rules[i];
        if (!rule->import || !is_for(rule, asker) || !covers(rule, question->subject))
            continue;
        *grant = (struct sr_grant){rule->name, "import", rule->line};
        return true;
    }
    return false;
}

bool sr_policy_names(const struct sr_asker *asker, CK_MECHANISM_TYPE mechanism)
{
    for (size_t i = 0; i < asker->config->rule_count; i++)
        if (is_for(&asker->config->rules[i], asker) && names(&asker->config->rules[i], mechanism))
            return true;
    return false;
}
