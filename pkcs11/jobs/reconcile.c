/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/reconcile.h"
#include "jobs/family.h"
#include "jobs/keys_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRACE_S (48LL * 3600) /* of families that the registry does not know: the command's own default */

/* A family as both sides have it. */
struct both {
    struct sr_family family;
    bool known; /* by the registry */
    struct sr_version *versions;
    size_t count;
};

json_t *sr_reconcile_report(void)
{
    return json_pack("{s:[], s:[], s:[]}", "added", "gone", "left");
}

static enum sr_job_result no_memory(struct sr_why *why)
{
    sr_why_set(why, "out of memory");
    return SR_JOB_NO_MEMORY;
}

/* Adds "ROLE:NAME:N" to one of the report's lists; MORE says in VALUE what that list says besides. */
static enum sr_job_result report(const struct sr_reconciliation *r, const char *list,
                                 const struct sr_family_name *family, unsigned long number, const char *more,
                                 const char *value, struct sr_why *why)
{
    char label[SR_LABEL_MAX];
    (void)snprintf(label, sizeof(label), "%s:%s:%lu", family->role, family->name, number);
    json_t *entry = json_pack("{s:s, s:s}", "version", label, more, value);
    if (json_array_append_new(json_object_get(r->report, list), entry) != 0)
        return no_memory(why);
    return SR_JOB_OK;
}

static enum sr_job_result note(const struct sr_reconciliation *r, const char *operation,
                               const struct sr_family_name *family, unsigned long number, struct sr_why *why)
{
    struct sr_event event = {.time = sr_job_now(),
                             .family = *family,
                             .version = number,
                             .operator_uid = r->who->uid,
                             .success = true};
    (void)snprintf(event.operation, sizeof(event.operation), "%s", operation);
    return sr_registry_add_event(r->registry, &event, why);
}

static enum sr_job_result read_both(const struct sr_reconciliation *r, const struct sr_family_name *name,
                                    struct both *both, struct sr_why *why)
{
    memset(both, 0, sizeof(*both));
    enum sr_job_result result = sr_registry_family(r->registry, name, &both->family, why);
    both->known = result == SR_JOB_OK;
    if (result == SR_JOB_NOT_FOUND) {
        both->family = (struct sr_family){.name = *name, .created = sr_job_now(), .grace_s = GRACE_S};
        return SR_JOB_OK;
    }
    if (result == SR_JOB_OK)
        result = sr_registry_versions(r->registry, name, &both->versions, &both->count, why);
    return result;
}

static struct sr_version *known_version(const struct both *both, unsigned long number)
{
    for (size_t i = 0; i < both->count; i++)
        if (both->versions[i].number == number)
            return &both->versions[i];
    return NULL;
}

/* The token says that none of the version's keys is there: asks once more, for what is said to be destroyed
 * stays so. */
static enum sr_job_result confirm_gone(const struct sr_bench *bench, const struct sr_family_name *family,
                                       unsigned long number, struct sr_why *why)
{
    static const char *const suffixes[] = {"", ":hs512"};
    char label[SR_LABEL_MAX];
    CK_OBJECT_HANDLE key;

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        (void)snprintf(label, sizeof(label), "%s:%s:%lu%s", family->role, family->name, number, suffixes[i]);
        enum sr_job_result result = sr_key_find(bench, label, &key, why);
        if (result == SR_JOB_NOT_FOUND)
            continue;
        if (result == SR_JOB_OK || result == SR_JOB_TAMPERED) {
            sr_why_set(why, "the token shows the key \"%s\" at one time and not at another; try again",
                       label);
            return SR_JOB_FAILED;
        }
        return result;
    }
    return SR_JOB_OK;
}

/* After a restore: what the registry takes for good, and is gone. */
static enum sr_job_result end_gone(const struct sr_reconciliation *r, struct both *both, struct sr_why *why)
{
    const struct sr_family_name *name = &both->family.name;
    enum sr_job_result result = SR_JOB_OK;

    for (size_t i = 0; i < both->count && result == SR_JOB_OK; i++) {
        struct sr_version *v = &both->versions[i];
        if ((v->state != SR_VERSION_CURRENT && v->state != SR_VERSION_OLD &&
             v->state != SR_VERSION_REVOKED) ||
            sr_inventory_find(r->inventory, name, v->number) != NULL)
            continue;
        result = confirm_gone(r->bench, name, v->number, why);
        v->state = SR_VERSION_DESTROYED;
        if (v->retires == 0)
            v->retires = sr_job_now();
        if (result == SR_JOB_OK)
            result = sr_registry_put_version(r->registry, name, v, why);
        if (result == SR_JOB_OK)
            result = note(r, "gone", name, v->number, why);
        if (result == SR_JOB_OK)
            result = report(r, "gone", name, v->number, "state", "destroyed", why);
    }
    return result;
}

/* Is the version one to be added? Says of what is neither known nor to be added why it is left. */
static enum sr_job_result is_missing(const struct sr_reconciliation *r, const struct both *both,
                                     const struct sr_token_version *t, bool *missing, struct sr_why *why)
{
    const struct sr_version *v = known_version(both, t->number);
    const char *left = NULL;

    *missing = false;
    if (v != NULL && v->state == SR_VERSION_DESTROYED) {
        left = "the registry says that it was destroyed, and the token has keys of it: destroy them with the "
               "token's own tools";
    } else if (v != NULL && (v->state != SR_VERSION_MAKING || !r->restored)) {
        if (!t->whole && (v->state == SR_VERSION_CURRENT || v->state == SR_VERSION_OLD))
            left = "the token has lost a part of its keys";
    } else if (!t->whole) {
        left = "the token has a part of its keys only";
    } else if (t->readable) {
        left = "its keys can be read or extracted, so strongroomd did not make them";
    } else {
        *missing = true;
    }
    return left != NULL ? report(r, "left", &t->family, t->number, "reason", left, why) : SR_JOB_OK;
}

static long long retires(const struct sr_family *family, long long now)
{
    return sr_role_expires(&family->name) ? now + family->grace_s : 0;
}

static enum sr_job_result retire_current(const struct sr_reconciliation *r, struct both *both, long long now,
                                         struct sr_why *why)
{
    for (size_t i = 0; i < both->count; i++) {
        struct sr_version *v = &both->versions[i];
        if (v->state != SR_VERSION_CURRENT)
            continue;
        v->state = SR_VERSION_OLD;
        v->retires = retires(&both->family, now);
        return sr_registry_put_version(r->registry, &both->family.name, v, why);
    }
    return SR_JOB_OK;
}

static enum sr_job_result add(const struct sr_reconciliation *r, struct both *both,
                              const struct sr_token_version *t, bool current, struct sr_why *why)
{
    long long now = sr_job_now();
    struct sr_version version = {.number = t->number,
                                 .state = current ? SR_VERSION_CURRENT : SR_VERSION_OLD,
                                 .created = now,
                                 .retires = current ? 0 : retires(&both->family, now)};
    enum sr_job_result result = SR_JOB_OK;

    (void)snprintf(version.mechanism, sizeof(version.mechanism), "%s",
                   sr_role_expires(&t->family) ? "CKM_AES_CBC_ENCRYPT_DATA" : "CKM_AES_KEY_WRAP_PAD");
    if (!both->known)
        result = sr_registry_put_family(r->registry, &both->family, why);
    both->known = both->known || result == SR_JOB_OK;
    if (result == SR_JOB_OK && current)
        result = retire_current(r, both, now, why);
    if (result == SR_JOB_OK)
        result = sr_registry_put_version(r->registry, &t->family, &version, why);
    if (result == SR_JOB_OK)
        result = note(r, "rebuild", &t->family, t->number, why);
    if (result == SR_JOB_OK)
        result = report(r, "added", &t->family, t->number, "state", current ? "current" : "old", why);
    return result;
}

/* The highest number that the registry knows, but for one that counts as not known. */
static unsigned long newest_known(const struct sr_reconciliation *r, const struct both *both,
                                  const bool *missing, const struct sr_token_version *t, size_t n)
{
    unsigned long newest = 0;
    for (size_t i = 0; i < both->count; i++) {
        bool counts = true;
        for (size_t j = 0; r->restored && j < n; j++)
            counts = counts && !(missing[j] && t[j].number == both->versions[i].number);
        if (counts && both->versions[i].number > newest)
            newest = both->versions[i].number;
    }
    return newest;
}

/* One family, of which the token has the N versions at T, by number. */
static enum sr_job_result reconcile_family(const struct sr_reconciliation *r,
                                           const struct sr_family_name *name,
                                           const struct sr_token_version *t, size_t n, struct sr_why *why)
{
    struct both both;
    bool *missing = calloc(n + 1, sizeof(*missing));
    size_t last = n;

    if (missing == NULL)
        return no_memory(why);
    enum sr_job_result result = read_both(r, name, &both, why);
    if (result == SR_JOB_OK && r->restored)
        result = end_gone(r, &both, why);
    for (size_t i = 0; i < n && result == SR_JOB_OK; i++) {
        result = is_missing(r, &both, &t[i], &missing[i], why);
        if (missing[i])
            last = i;
    }
    const unsigned long newest = newest_known(r, &both, missing, t, n);
    for (size_t i = 0; i < n && result == SR_JOB_OK; i++)
        if (missing[i])
            result = add(r, &both, &t[i], i == last && t[i].number > newest, why);
    free(both.versions);
    free(missing);
    return result;
}

/* How many of the token's versions from AT on are of the family at AT. */
static size_t same_family(const struct sr_inventory *inventory, size_t at)
{
    const struct sr_token_version *t = &inventory->versions[at];
    size_t n = 1;
    while (at + n < inventory->count && sr_family_compare(&t->family, &t[n].family) == 0)
        n++;
    return n;
}

enum sr_job_result sr_reconcile(struct sr_reconciliation *r, struct sr_why *why)
{
    const struct sr_inventory *inventory = r->inventory;
    struct sr_family *families = NULL;
    size_t count = 0;
    size_t n;

    enum sr_job_result result = sr_registry_families(r->registry, &families, &count, why);
    for (size_t at = 0; at < inventory->count && result == SR_JOB_OK; at += n) {
        n = same_family(inventory, at);
        result = reconcile_family(r, &inventory->versions[at].family, &inventory->versions[at], n, why);
    }
    /* And the families that the token has nothing of. */
    for (size_t i = 0; i < count && result == SR_JOB_OK; i++) {
        bool seen = false;
        for (size_t at = 0; at < inventory->count && !seen; at++)
            seen = sr_family_compare(&families[i].name, &inventory->versions[at].family) == 0;
        if (!seen)
            result = reconcile_family(r, &families[i].name, NULL, 0, why);
    }
    free(families);
    return result;
}
