/* The registry made anew: from a backup, or from what the token has.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/copies.h"
#include "jobs/family.h"
#include "jobs/reconcile.h"
#include "jobs/registry_copy.h"
#include "jobs/totp_users.h"

#include <stdio.h>
#include <stdlib.h>

/* In the history such an event is the registry's, not a family's. */
static enum sr_job_result note(struct sr_registry *registry, const char *operation,
                               const struct sr_operator *who, struct sr_why *why)
{
    struct sr_event event = {
        .time = sr_job_now(), .family = {.role = "registry"}, .operator_uid = who->uid, .success = true};
    (void)snprintf(event.operation, sizeof(event.operation), "%s", operation);
    return sr_registry_add_event(registry, &event, why);
}

static enum sr_job_result count_all(struct sr_registry *registry, json_t *report, struct sr_why *why)
{
    struct sr_family *families = NULL;
    size_t count = 0;
    json_int_t total = 0;

    enum sr_job_result result = sr_registry_families(registry, &families, &count, why);
    for (size_t i = 0; i < count && result == SR_JOB_OK; i++) {
        struct sr_version *versions;
        size_t n;
        result = sr_registry_versions(registry, &families[i].name, &versions, &n, why);
        for (size_t v = 0; v < n; v++)
            total += versions[v].state != SR_VERSION_DESTROYED;
        free(versions);
    }
    free(families);
    if (result == SR_JOB_OK &&
        (json_object_set_new(report, "families", json_integer((json_int_t)count)) != 0 ||
         json_object_set_new(report, "versions", json_integer(total)) != 0)) {
        sr_why_set(why, "out of memory");
        result = SR_JOB_NO_MEMORY;
    }
    return result;
}

/* What happens within the transaction, for both. */
static enum sr_job_result change(void *arg, struct sr_why *why)
{
    struct sr_reconciliation *r = arg;

    enum sr_job_result result = SR_JOB_OK;
    if (r->restored)
        result = note(r->registry, "restore", r->who, why);
    if (result == SR_JOB_OK)
        result = sr_reconcile(r, why);
    return result == SR_JOB_OK ? count_all(r->registry, r->report, why) : result;
}

/* The report as text, where all went well. */
static enum sr_job_result finish(json_t *report, enum sr_job_result result, char **json, struct sr_why *why)
{
    if (result == SR_JOB_OK)
        *json = json_dumps(report, JSON_COMPACT);
    json_decref(report);
    if (result == SR_JOB_OK && *json == NULL) {
        sr_why_set(why, "it was done, but there is no memory to tell what");
        result = SR_JOB_NO_MEMORY;
    }
    return result;
}

/* No family changes, and no key is destroyed while it is looked at. */
static void begin(struct sr_jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->change);
    (void)pthread_rwlock_rdlock(&jobs->uses);
}

static void end(struct sr_jobs *jobs)
{
    (void)pthread_rwlock_unlock(&jobs->uses);
    sr_known_forget_all(jobs);
    (void)pthread_mutex_unlock(&jobs->change);
}

/* Takes the inventory. */
static enum sr_job_result prepare(struct sr_reconciliation *r, struct sr_inventory *inventory,
                                  struct sr_why *why)
{
    r->inventory = inventory;
    r->report = sr_reconcile_report();
    if (r->report == NULL) {
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    return sr_inventory_take(r->bench, inventory, why);
}

enum sr_job_result sr_registry_restore(struct sr_jobs *jobs, const struct sr_bench *bench, unsigned long id,
                                       bool force, const struct sr_operator *who, char **json,
                                       struct sr_why *why)
{
    struct sr_reconciliation r = {.registry = jobs->registry, .bench = bench, .who = who, .restored = true};
    struct sr_inventory inventory = {0};

    *json = NULL;
    enum sr_job_result result = sr_restore_claim(jobs->copies, id, why);
    if (result != SR_JOB_OK)
        return result;
    const char *path = sr_restore_path(jobs->copies);
    result = sr_registry_vet(jobs->registry, path, why);
    if (result != SR_JOB_OK)
        goto out;
    begin(jobs);
    result = prepare(&r, &inventory, why);
    if (result == SR_JOB_OK)
        result = sr_registry_replace(jobs->registry, path, force, change, &r, why);
    if (result == SR_JOB_OK)
        sr_totp_forget(jobs);
    end(jobs);
out:
    sr_restore_release(jobs->copies);
    sr_inventory_free(&inventory);
    return finish(r.report, result, json, why);
}

enum sr_job_result sr_registry_rebuild(struct sr_jobs *jobs, const struct sr_bench *bench,
                                       const struct sr_operator *who, char **json, struct sr_why *why)
{
    struct sr_reconciliation r = {.registry = jobs->registry, .bench = bench, .who = who};
    struct sr_inventory inventory = {0};

    *json = NULL;
    begin(jobs);
    enum sr_job_result result = prepare(&r, &inventory, why);
    if (result == SR_JOB_OK)
        result = sr_registry_begin(jobs->registry, true, why);
    if (result == SR_JOB_OK)
        result = sr_registry_end(jobs->registry, change(&r, why), why);
    end(jobs);
    sr_inventory_free(&inventory);
    return finish(r.report, result, json, why);
}
