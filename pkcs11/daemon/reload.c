/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reload.h"

#include "daemon/custody_switch.h"
#include "jobs/data.h"

#include <stdlib.h>
#include <string.h>

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void say_restart(const char *what)
{
    sr_log(SR_LOG_WARNING, "reload: %s takes effect when strongroomd is restarted", what);
}

static bool same_tokens(const struct sr_config *a, const struct sr_config *b)
{
    if (a->token_count != b->token_count || a->jobs_token != b->jobs_token)
        return false;
    for (size_t i = 0; i < a->token_count; i++) {
        const struct sr_token_config *x = &a->tokens[i];
        const struct sr_token_config *y = &b->tokens[i];
        if (!same(x->name, y->name) || !same(x->module, y->module) || !same(x->init_args, y->init_args) ||
            !same(x->label, y->label) || !same(x->pin_file, y->pin_file) ||
            x->max_sessions != y->max_sessions)
            return false;
    }
    return true;
}

static bool same_environment(const struct sr_config *a, const struct sr_config *b)
{
    if (a->environment_count != b->environment_count)
        return false;
    for (size_t i = 0; i < a->environment_count; i++)
        if (!same(a->environment[i].name, b->environment[i].name) ||
            !same(a->environment[i].value, b->environment[i].value))
            return false;
    return true;
}

static size_t place_of(const struct sr_config *config, const char *socket)
{
    size_t i = 0;
    while (i < config->socket_count && strcmp(config->sockets[i].name, socket) != 0)
        i++;
    return i;
}

/* The rules' sets of sockets, by the places that those have in FIRST. */
static void renumber(struct sr_config *fresh, const struct sr_config *first)
{
    for (size_t r = 0; r < fresh->rule_count; r++) {
        uint64_t there = fresh->rules[r].sockets;
        uint64_t here = 0;
        if (there == UINT64_MAX)
            continue;
        for (size_t i = 0; i < fresh->socket_count; i++) {
            size_t place = place_of(first, fresh->sockets[i].name);
            if ((there & (uint64_t)1 << i) && place < first->socket_count)
                here |= (uint64_t)1 << place;
        }
        fresh->rules[r].sockets = here;
    }
}

/* The sockets that are open are those of FIRST: their lists are FRESH's, and nobody's where FRESH has no such
 * socket. */
static bool take_sockets(struct sr_config *fresh, const struct sr_config *first)
{
    struct sr_socket_config *sockets = calloc(SR_LIST_MAX, sizeof(*sockets));
    bool moved = fresh->socket_count != first->socket_count;
    bool ok = sockets != NULL;

    if (!ok)
        return false;
    renumber(fresh, first);
    for (size_t i = 0; i < first->socket_count; i++) {
        const struct sr_socket_config *open = &first->sockets[i];
        size_t place = place_of(fresh, open->name);
        struct sr_socket_config *named = place < fresh->socket_count ? &fresh->sockets[place] : NULL;
        moved = moved || named == NULL || !same(named->path, open->path) || named->mode != open->mode ||
                named->administration != open->administration;
        if (named != NULL) {
            sockets[i].admitted = named->admitted;
            sockets[i].admitted_count = named->admitted_count;
            named->admitted = NULL;
            named->admitted_count = 0;
        }
        sockets[i].name = strdup(open->name);
        sockets[i].path = strdup(open->path);
        sockets[i].mode = open->mode;
        sockets[i].administration = open->administration;
        ok = ok && sockets[i].name != NULL && sockets[i].path != NULL;
    }
    struct sr_socket_config *old = fresh->sockets;
    size_t old_count = fresh->socket_count;
    fresh->sockets = sockets;
    fresh->socket_count = first->socket_count;
    sr_sockets_free(old, old_count);
    if (moved)
        say_restart("a socket that is new, gone, or has another path or mode");
    return ok;
}

void sr_reload(struct sr_daemon *daemon)
{
    const struct sr_config *first = daemon->config;
    struct sr_why why = {""};
    struct sr_config *fresh = sr_config_read(daemon->file, &why);

    if (fresh == NULL) {
        sr_log(SR_LOG_ERROR, "reload: %s; the configuration that was read before stays in force", why.text);
        return;
    }
    if (!take_sockets(fresh, first)) {
        sr_log(SR_LOG_ERROR, "reload: out of memory; the configuration that was read before stays in force");
        sr_config_free(fresh);
        return;
    }
    if (!same_tokens(first, fresh))
        say_restart("a change of tokens");
    if (!same(first->registry, fresh->registry) || !same(first->audit, fresh->audit))
        say_restart("another registry or audit log");
    if (!same_environment(first, fresh))
        say_restart("a change of [environment]");
    if (daemon->jobs != NULL)
        sr_data_set_time(daemon->jobs, fresh->data_key_s);
    sr_log_set_level(fresh->log_level);
    sr_custody_say(fresh);
    sr_current_set(&daemon->current, fresh);
    sr_log(SR_LOG_INFO, "reload: %s is in force", daemon->file);
}
