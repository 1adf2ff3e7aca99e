/* The hello: who is it, which wire, which client. The page for its answers. And the status, for people.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/token.h"
#include "daemon/custody_switch.h"
#include "daemon/recover.h"
#include "daemon/work.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

CK_RV sr_handle_hello(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_hello_request *r = request;
    struct sr_hello_reply *answer = reply;
    bool joined;

    if (work->client != NULL)
        return sr_explain(work, CKR_FUNCTION_FAILED, "a connection says hello once");
    if (r->version_min > SR_WIRE_MAX || r->version_max < SR_WIRE_MIN)
        return sr_refuse(
            work, CKR_GENERAL_ERROR, "wire version",
            "the client speaks the wire versions %lu to %lu, this strongroomd (" STRONGROOM_VERSION
            ") %d to %d; install the same version of Strongroom on both sides and restart the client",
            r->version_min, r->version_max, SR_WIRE_MIN, SR_WIRE_MAX);
    if (r->abi != SR_ABI)
        return sr_refuse(
            work, CKR_GENERAL_ERROR, "wire version",
            "the client is built for another kind of machine (32 bits?); use the module built for this one");
    work->client = sr_client_join(&r->client, &work->peer, &joined);
    if (work->client == NULL)
        return CKR_HOST_MEMORY;
    answer->version = r->version_max < SR_WIRE_MAX ? r->version_max : SR_WIRE_MAX;
    answer->joined = joined;
    answer->client = (struct sr_bytes){.length = SR_CLIENT_ID, .data = work->client->id};
    return CKR_OK;
}

CK_RV sr_handle_page(struct sr_work *work, const void *request, void *reply)
{
    (void)request;
    (void)reply;
    if (work->page != NULL)
        return sr_explain(work, CKR_FUNCTION_FAILED, "a connection has one page");
    work->page = sr_page_make(&work->descriptor);
    if (work->page == NULL) {
        work->descriptor = -1;
        return sr_explain(work, CKR_HOST_MEMORY, "no shared memory: %s", strerror(errno));
    }
    return CKR_OK;
}

/* Appends what fits to the text, whose LENGTH is known. */
__attribute__((format(printf, 4, 5))) static void add(char *text, size_t size, size_t *length,
                                                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text + *length, size - *length, format, args);
    va_end(args);
    if (n > 0)
        *length += (size_t)n < size - *length ? (size_t)n : size - *length - 1;
}

static void add_permissions(const struct sr_work *work, char *text, size_t size, size_t *length)
{
    const char *before = "may: ";
    for (const char *const *p = sr_permissions; *p != NULL; p++)
        if (sr_admission_permits(work->socket, &work->peer, *p)) {
            add(text, size, length, "%s%s", before, *p);
            before = ", ";
        }
    if (before[0] == ',')
        add(text, size, length, "\n");
}

static void add_rules(const struct sr_work *work, char *text, size_t size, size_t *length)
{
    const char *before = "rules: ";
    for (size_t i = 0; i < work->config->rule_count; i++) {
        const struct sr_rule *rule = &work->config->rules[i];
        if (!sr_rule_is_for(rule, work->place, &work->peer))
            continue;
        add(text, size, length, "%s%s", before, rule->name);
        before = ", ";
    }
    if (before[0] == ',')
        add(text, size, length, "\n");
}

CK_RV sr_handle_status(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_daemon *daemon = work->daemon;
    struct sr_status_reply *answer = reply;
    char text[4096];
    size_t length = 0;
    (void)request;

    add(text, sizeof(text), &length,
        "daemon: strongroomd " STRONGROOM_VERSION ", wire %d to %d, clients: %zu, connections: %zu\n"
        "socket: %s\nyou: uid %u, pid %d, right: %s\n",
        SR_WIRE_MIN, SR_WIRE_MAX, sr_client_count(), atomic_load(&work->daemon->connections),
        work->socket->path, (unsigned)work->peer.uid, (int)work->peer.pid, sr_right_name(work->right));
    add_permissions(work, text, sizeof(text), &length);
    add_rules(work, text, sizeof(text), &length);
    for (size_t i = 0; i < SR_CUSTODIES; i++)
        if (!sr_custody_on(work->config, (enum sr_custody)i))
            add(text, sizeof(text), &length, "custody rule %u (%s) is OFF: %s\n",
                sr_custody_number((enum sr_custody)i), sr_custody_word((enum sr_custody)i),
                sr_custody_consequence((enum sr_custody)i));
    if (daemon->jobs != NULL)
        add(text, sizeof(text), &length, "registry: %s\n", daemon->config->registry);
    if (daemon->audit != NULL)
        add(text, sizeof(text), &length, "audit: %s\n", daemon->config->audit);
    for (size_t i = 0; i < daemon->config->token_count; i++) {
        struct sr_token *token = &daemon->tokens[i];
        struct sr_token_use use = sr_token_use(token);
        struct sr_why why;
        CK_TOKEN_INFO info;
        char model[sizeof(info.model) + 1];
        sr_facts_token(&token->facts, &info);
        sr_unpad(info.model, sizeof(info.model), model, sizeof(model));
        if (sr_recover_gone(token, &why)) {
            add(text, sizeof(text), &length, "token: slot %zu, \"%s\", away, by %s: %s\n", i,
                token->config->label, token->config->module, why.text);
            continue;
        }
        add(text, sizeof(text), &length,
            "token: slot %zu, \"%s\" (%s), logged in, by %s\nsessions: %zu open of at most %zu, %zu of them "
            "in "
            "operations in parts\n",
            i, token->config->label, model, token->config->module, use.open, use.most, use.loans);
    }
    return sr_work_bytes(work, text, length, &answer->text);
}
