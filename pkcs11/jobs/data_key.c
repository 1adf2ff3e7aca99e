/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data_key.h"
#include "jobs/keys_make.h"
#include "jobs/known.h"

#include <openssl/crypto.h>
#include <string.h>

#define PURPOSE "data"
#define FIRST_BLOCK 256UL

static bool same_family(const struct sr_family_name *a, const struct sr_family_name *b)
{
    return strcmp(a->role, b->role) == 0 && strcmp(a->name, b->name) == 0;
}

static enum sr_job_result label_of(const struct sr_family_name *family, unsigned long version,
                                   char label[SR_LABEL_MAX], struct sr_why *why)
{
    return sr_key_label(family->role, family->name, version, ":key", label, why);
}

enum sr_job_result sr_data_unwrap(const struct sr_bench *bench, const struct sr_data_key *key,
                                  CK_OBJECT_HANDLE kek, struct sr_root *root, struct sr_why *why)
{
    char label[SR_LABEL_MAX];

    enum sr_job_result result = label_of(&key->family, key->version, label, why);
    if (result == SR_JOB_OK)
        result = sr_root_open(bench, kek, &key->wrapped, PURPOSE, label, root, why);
    if (result == SR_JOB_OK && CRYPTO_memcmp(root->commitment, key->id, SR_DATA_ID) != 0) {
        sr_root_close(bench, root);
        sr_why_set(why, "the data key is damaged: it is not the one that its id names");
        result = SR_JOB_BAD;
    } else if (result == SR_JOB_BAD) {
        sr_why_set(why, "the data key is damaged, or was not made by %s:%s:%lu", key->family.role,
                   key->family.name, key->version);
    }
    return result;
}

enum sr_job_result sr_data_make(const struct sr_bench *bench, const struct sr_family_name *family,
                                unsigned long version, CK_OBJECT_HANDLE kek, struct sr_data_key *key,
                                struct sr_why *why)
{
    char label[SR_LABEL_MAX];
    struct sr_root root;

    *key = (struct sr_data_key){.family = *family, .version = version};
    enum sr_job_result result = label_of(family, version, label, why);
    if (result == SR_JOB_OK)
        result = sr_root_make(bench, kek, label, &key->wrapped, why);
    if (result == SR_JOB_OK && key->wrapped.size != SR_WRAPPED_ROOT) {
        sr_why_set(why, "the token has wrapped a key of 32 bytes into %zu; use another token",
                   key->wrapped.size);
        result = SR_JOB_FAILED;
    }
    if (result == SR_JOB_OK)
        result = sr_root_open(bench, kek, &key->wrapped, PURPOSE, label, &root, why);
    if (result == SR_JOB_BAD) /* what the token has just wrapped */
        result = SR_JOB_FAILED;
    if (result != SR_JOB_OK)
        return result;
    memcpy(key->id, root.commitment, SR_DATA_ID);
    sr_root_close(bench, &root);
    return SR_JOB_OK;
}

/* Puts KEY into the registry as the version's current one, unless another thread was first: then KEY becomes
 * that one. */
static enum sr_job_result keep(struct sr_jobs *jobs, struct sr_data_key *key, struct sr_why *why)
{
    struct sr_data_row row;
    bool found;

    enum sr_job_result result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_data_row_current(jobs->registry, &key->family, key->version, &row, &found, why);
    if (result == SR_JOB_OK && !found) {
        row = (struct sr_data_row){.key = *key, .state = SR_DATA_CURRENT, .created = sr_job_now()};
        result = sr_data_row_put(jobs->registry, &row, why);
    }
    if (result == SR_JOB_OK)
        *key = row.key;
    return sr_registry_end(jobs->registry, result, why);
}

static enum sr_job_result look_up_current(struct sr_jobs *jobs, const struct sr_family_name *family,
                                          unsigned long version, struct sr_data_key *key, bool *found,
                                          struct sr_why *why)
{
    struct sr_data_row row;

    enum sr_job_result result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_data_row_current(jobs->registry, family, version, &row, found, why);
    if (result == SR_JOB_OK && *found)
        *key = row.key;
    return sr_registry_end(jobs->registry, result, why);
}

enum sr_job_result sr_data_current(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_family_name *family, unsigned long version,
                                   struct sr_data_key *key, struct sr_why *why)
{
    CK_OBJECT_HANDLE kek;
    bool found;

    if (sr_data_recall_current(jobs, family, version, key))
        return SR_JOB_OK;
    enum sr_job_result result = look_up_current(jobs, family, version, key, &found, why);
    if (result == SR_JOB_OK && !found) {
        result = sr_use_kek(jobs, family, version, false, &kek, why);
        if (result == SR_JOB_OK)
            result = sr_data_make(bench, family, version, kek, key, why);
        if (result == SR_JOB_OK)
            result = keep(jobs, key, why);
    }
    if (result == SR_JOB_OK)
        sr_data_remember_current(jobs, key);
    return result;
}

static enum sr_job_result missing(const struct sr_family_name *family, const unsigned char id[SR_DATA_ID],
                                  bool outside, struct sr_why *why)
{
    char text[SR_DATA_ID_TEXT];

    sr_data_id_text(id, text);
    if (outside)
        sr_why_set(why,
                   "the value was made with a data key of its own (%s...), which has to be given with it",
                   text);
    else
        sr_why_set(why,
                   "the value's data key is missing: %s:%s has none with the id %s...; was it given with "
                   "another key, or is the registry an old one?",
                   family->role, family->name, text);
    return SR_JOB_NOT_FOUND;
}

enum sr_job_result sr_data_find(struct sr_jobs *jobs, const struct sr_family_name *family,
                                const unsigned char id[SR_DATA_ID], struct sr_data_key *key,
                                struct sr_why *why)
{
    struct sr_data_row row = {.state = SR_DATA_CURRENT};
    bool found = sr_data_recall(jobs, id, key);
    unsigned long version;

    if (!found) {
        enum sr_job_result result = sr_registry_begin(jobs->registry, false, why);
        if (result != SR_JOB_OK)
            return result;
        result = sr_data_row_get(jobs->registry, id, &row, &found, why);
        result = sr_registry_end(jobs->registry, result, why);
        if (result != SR_JOB_OK)
            return result;
        *key = row.key;
    }
    if (!found)
        return missing(family, id, false, why);
    if (!same_family(&key->family, family)) {
        if (sr_use_current(jobs, family, &version, why) == SR_JOB_NOT_FOUND)
            return SR_JOB_NOT_FOUND; /* there is no such family */
        sr_why_set(why, "wrong key: the value was not made by %s:%s, but by another family", family->role,
                   family->name);
        return SR_JOB_WRONG_KEY;
    }
    return row.state == SR_DATA_OUTSIDE ? missing(family, id, true, why) : SR_JOB_OK;
}

static enum sr_job_result too_many(const struct sr_data_key *key, struct sr_why *why)
{
    char text[SR_DATA_ID_TEXT];

    sr_data_id_text(key->id, text);
    sr_why_set(
        why,
        "the data key %s... has protected %lu values, as many as random nonces are safe for: make a new "
        "one with \"strongroom data new-key\"",
        text, SR_DATA_OUTSIDE_LIMIT);
    return SR_JOB_REFUSED;
}

/* Reserves the next messages in ROW: few for a key that had few, so that not many are lost with a restart. */
static enum sr_job_result reserve(struct sr_jobs *jobs, struct sr_data_row *row, bool kept,
                                  unsigned long *count, struct sr_why *why)
{
    unsigned long limit = kept ? SR_DATA_KEPT_LIMIT : SR_DATA_OUTSIDE_LIMIT;
    unsigned long left = row->messages < limit ? limit - row->messages : 0;

    *count = row->messages < FIRST_BLOCK ? FIRST_BLOCK : row->messages;
    if (*count > SR_DATA_BLOCK)
        *count = SR_DATA_BLOCK;
    if (*count > left)
        *count = left;
    if (kept && row->state != SR_DATA_CURRENT)
        *count = 0;
    if (*count == 0 && !kept)
        return too_many(&row->key, why);
    if (*count == 0 && row->state == SR_DATA_OLD)
        return SR_JOB_OK;
    if (*count == 0)
        row->state = SR_DATA_OLD;
    row->messages += *count;
    return sr_data_row_put(jobs->registry, row, why);
}

/* An outside key is seen for the first time, or with a newer version than before. */
static enum sr_job_result see_outside(const struct sr_data_key *key, struct sr_data_row *row, bool found,
                                      struct sr_why *why)
{
    if (!found) {
        *row = (struct sr_data_row){.key = *key, .state = SR_DATA_OUTSIDE, .created = sr_job_now()};
        row->key.wrapped = (struct sr_wrapped){0};
    } else if (row->state != SR_DATA_OUTSIDE || !same_family(&row->key.family, &key->family)) {
        sr_why_set(why, "wrong key: it is one of those that strongroomd keeps itself");
        return SR_JOB_WRONG_KEY;
    }
    if (key->version > row->key.version)
        row->key.version = key->version;
    return SR_JOB_OK;
}

enum sr_job_result sr_data_count(struct sr_jobs *jobs, const struct sr_data_key *key, bool kept, bool *full,
                                 struct sr_why *why)
{
    struct sr_data_row row;
    unsigned long count = 0;
    bool found;

    *full = false;
    if (sr_data_take(jobs, key))
        return SR_JOB_OK;
    enum sr_job_result result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_data_row_get(jobs->registry, key->id, &row, &found, why);
    if (result == SR_JOB_OK && kept && !found)
        result = missing(&key->family, key->id, false, why);
    if (result == SR_JOB_OK && !kept)
        result = see_outside(key, &row, found, why);
    if (result == SR_JOB_OK)
        result = reserve(jobs, &row, kept, &count, why);
    result = sr_registry_end(jobs->registry, result, why);
    if (result != SR_JOB_OK)
        return result;
    *full = count == 0;
    if (*full)
        sr_data_forget_current(jobs, &key->family);
    else
        sr_data_give(jobs, key, count - 1, row.key.version);
    return SR_JOB_OK;
}
