/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/open_jobs.h"

#include "cryptoki/names.h"
#include "jobs/data.h"

/* The token's sessions are lost, and what the jobs had in them. */
static void lost(void *arg)
{
    const struct sr_daemon *daemon = arg;
    sr_jobs_lost(daemon->jobs);
}

/* A session for the jobs alone; the token's login is every session's (PKCS#11 v3.0 §5.6.2). */
static bool open_session(const struct sr_token *token, struct sr_bench *bench, struct sr_why *why)
{
    *bench = (struct sr_bench){.f = token->module.f, .slot = token->slot};
    CK_RV rv = bench->f->C_OpenSession(bench->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                       &bench->session);
    if (rv != CKR_OK)
        sr_why_set(why, "no session with the token \"%s\" for the jobs: %s", token->config->label,
                   sr_rv_name(rv));
    return rv == CKR_OK;
}

static bool found(void *arg, struct sr_why *why)
{
    const struct sr_daemon *daemon = arg;
    struct sr_bench seal;
    struct sr_bench keeper;

    return open_session(daemon->jobs_token, &seal, why) && open_session(daemon->jobs_token, &keeper, why) &&
           sr_jobs_found(daemon->jobs, &seal, &keeper, why) == SR_JOB_OK;
}

/* On a token that counts its sessions, these two and the keeper's are not left for lending. */
static void leave_room(struct sr_token *token)
{
    CK_ULONG limit = token->info.ulMaxSessionCount;
    if (limit == CK_UNAVAILABLE_INFORMATION || limit == CK_EFFECTIVELY_INFINITE)
        return;
    size_t left = limit > 3 ? limit - 3 : 1;
    if (left < token->open_max)
        token->open_max = left;
}

bool sr_open_jobs(struct sr_daemon *daemon, struct sr_why *why)
{
    const struct sr_config *config = daemon->config;
    struct sr_token *token = &daemon->tokens[config->jobs_token];
    struct sr_bench seal;
    struct sr_bench keeper;

    if (config->registry == NULL)
        return true;
    if (token->unset) {
        sr_why_set(why, "the token \"%s\", which is to hold the jobs' keys, has no user PIN yet",
                   token->config->label);
        return false;
    }
    if (token->recovery.away) {
        *why = token->recovery.why;
        return false; /* the registry is sealed with its keys: optional or not, it has to be there */
    }
    if (!open_session(token, &seal, why) || !open_session(token, &keeper, why))
        return false;
    if (sr_jobs_open(config->registry, &seal, &keeper, &daemon->jobs, why) != SR_JOB_OK)
        return false;
    sr_data_set_time(daemon->jobs, config->data_key_s);
    leave_room(token);
    daemon->jobs_token = token;
    token->recovery.lost = lost;
    token->recovery.found = found;
    token->recovery.arg = daemon;
    sr_log(SR_LOG_INFO, "registry %s: open, its keys in the token \"%s\"", config->registry,
           token->config->label);
    return true;
}
