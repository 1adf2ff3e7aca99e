/* SPDX-License-Identifier: Apache-2.0 */
/* What the registry knows of backups, and their way from one version to the next. */
#include "jobs/backup_key.h"
#include "jobs/keys_make.h"
#include "jobs/known.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Is the version still one that its data survive? With the change lock held: nobody destroys it meanwhile. */
static enum sr_job_result check_version(struct sr_jobs *jobs, const struct sr_backup_facts *facts,
                                        struct sr_why *why)
{
    struct sr_state state;
    bool good = false;

    enum sr_job_result result = sr_state_read(jobs, &facts->family, &state, why);
    for (size_t i = 0; result == SR_JOB_OK && i < state.count; i++)
        if (state.versions[i].number == facts->version)
            good = state.versions[i].state == SR_VERSION_CURRENT ||
                   state.versions[i].state == SR_VERSION_OLD || state.versions[i].state == SR_VERSION_REVOKED;
    sr_state_free(&state);
    if (result != SR_JOB_OK || good)
        return result;
    sr_why_set(why, "%s:%s:%lu was destroyed meanwhile, and this backup with it", facts->family.role,
               facts->family.name, facts->version);
    return SR_JOB_NOT_FOUND;
}

/* The row as it is, or a new one, with the version. */
static enum sr_job_result put_row(struct sr_jobs *jobs, const struct sr_backup_key *key, struct sr_why *why)
{
    struct sr_backup_row row = {
        .family = key->facts.family, .version = key->facts.version, .created = sr_job_now()};
    struct sr_backup_row *old = NULL;

    memcpy(row.id, key->parts.id, SR_BACKUP_ID);
    enum sr_job_result result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_backup(jobs->registry, &row.family, row.id, &old, why);
    if (result == SR_JOB_OK && old != NULL)
        row.created = old->created;
    if (result == SR_JOB_OK)
        result = sr_registry_put_backup(jobs->registry, &row, why);
    free(old);
    return sr_registry_end(jobs->registry, result, why);
}

enum sr_job_result sr_backup_key_record(struct sr_jobs *jobs, const struct sr_backup_key *key,
                                        struct sr_why *why)
{
    (void)pthread_mutex_lock(&jobs->change);
    enum sr_job_result result = check_version(jobs, &key->facts, why);
    if (result == SR_JOB_OK)
        result = put_row(jobs, key, why);
    (void)pthread_mutex_unlock(&jobs->change);
    return result;
}

enum sr_job_result sr_backup_record(struct sr_jobs *jobs, const unsigned char *header,
                                    struct sr_backup_facts *facts, struct sr_why *why)
{
    struct sr_backup_key key;

    enum sr_job_result result = sr_backup_key_open(jobs, header, true, &key, why);
    if (result != SR_JOB_OK)
        return result;
    *facts = key.facts;
    result = sr_backup_key_record(jobs, &key, why);
    sr_backup_key_close(jobs, &key);
    return result;
}

/* One recipient to its family's current version. *CHANGED stays where it is there already. */
static enum sr_job_result move(struct sr_jobs *jobs, const struct sr_bench *bench,
                               struct sr_backup_family *family, bool *changed, struct sr_why *why)
{
    struct sr_family_name name;
    struct sr_wrapped wrapped = {.size = family->wrapped_size};
    char label[SR_LABEL_MAX];
    unsigned long current;
    CK_OBJECT_HANDLE from;
    CK_OBJECT_HANDLE to;

    enum sr_job_result result = sr_family_parse(family->name, strlen(family->name), &name, why);
    if (result != SR_JOB_OK)
        return result;
    memcpy(wrapped.bytes, family->wrapped, family->wrapped_size);
    sr_use_begin(jobs, &name);
    result = sr_use_current(jobs, &name, &current, why);
    if (result != SR_JOB_OK || current == family->version)
        return sr_use_end(jobs, &name, result);
    result = sr_backup_kek(jobs, &name, family->version, true, &from, why);
    if (result == SR_JOB_OK)
        result = sr_backup_kek(jobs, &name, current, false, &to, why);
    if (result == SR_JOB_OK)
        result = sr_key_label(name.role, name.name, current, ":file", label, why);
    if (result == SR_JOB_OK)
        result = sr_rewrap(bench, from, to, NULL, label, &wrapped, why);
    result = sr_use_end(jobs, &name, result);
    if (result != SR_JOB_OK)
        return result;
    *changed = true;
    family->version = current;
    family->wrapped_size = wrapped.size;
    memcpy(family->wrapped, wrapped.bytes, wrapped.size);
    return SR_JOB_OK;
}

/* All recipients that can be moved are; the others stay as they are. Those that the file was opened with are
 * among the former. */
static enum sr_job_result move_all(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_backup_key *key, struct sr_backup_slot *list,
                                   unsigned char contents[][SR_BACKUP_CONTENT_MAX], bool *changed,
                                   struct sr_why *why)
{
    struct sr_backup_family family;

    for (size_t i = 0; i < list->count; i++) {
        bool moved = false;
        if (list->recipients[i].type != SR_BACKUP_FAMILY_KEK ||
            sr_backup_family_parse(&list->recipients[i], &family) != NULL)
            continue;
        bool used = strcmp(strchr(family.name, ':') != NULL ? strchr(family.name, ':') + 1 : "",
                           key->facts.family.name) == 0 &&
                    family.version == key->facts.version;
        enum sr_job_result result = move(jobs, bench, &family, &moved, used ? why : NULL);
        if (used && result != SR_JOB_OK)
            return result;
        if (!moved)
            continue;
        list->recipients[i] = sr_backup_family_write(&family, contents[i]);
        *changed = true;
    }
    return SR_JOB_OK;
}

enum sr_job_result sr_backup_rewrap(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    const unsigned char *header, unsigned char *list, bool *changed,
                                    struct sr_backup_facts *facts, struct sr_why *why)
{
    unsigned char contents[SR_BACKUP_RECIPIENTS_MAX][SR_BACKUP_CONTENT_MAX];
    struct sr_backup_slot moved;
    struct sr_backup_key key;

    *changed = false;
    memset(list, 0, SR_BACKUP_SLOT);
    enum sr_job_result result = sr_backup_key_open(jobs, header, true, &key, why);
    if (result != SR_JOB_OK)
        return result;
    *facts = key.facts;
    moved = key.list;
    moved.sequence++;
    result = move_all(jobs, bench, &key, &moved, contents, changed, why);
    if (result == SR_JOB_OK && *changed && !sr_backup_slot_write(&moved, list)) {
        sr_why_set(why, "the backup's header has no room for its recipients");
        result = SR_JOB_REFUSED;
    }
    if (result == SR_JOB_OK && *changed)
        result = sr_backup_key_sign(jobs, &key, list, why);
    sr_backup_key_close(jobs, &key);
    return result;
}

#define ID_DIGITS ((size_t)2 * SR_BACKUP_ID)

static void id_text(const unsigned char id[SR_BACKUP_ID], char text[ID_DIGITS + 1])
{
    for (size_t i = 0; i < SR_BACKUP_ID; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", id[i]);
}

static bool id_parse(const char *text, unsigned char id[SR_BACKUP_ID])
{
    if (strlen(text) != ID_DIGITS || strspn(text, "0123456789abcdef") != ID_DIGITS)
        return false;
    for (size_t i = 0; i < SR_BACKUP_ID; i++) {
        const char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
        id[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return true;
}

static json_t *row_json(const struct sr_backup_row *row)
{
    char family[SR_FAMILY_MAX + 1];
    char id[ID_DIGITS + 1];

    (void)snprintf(family, sizeof(family), "%s:%s", row->family.role, row->family.name);
    id_text(row->id, id);
    return json_pack("{s:s, s:s, s:I, s:I}", "family", family, "file", id, "version",
                     (json_int_t)row->version, "created", (json_int_t)row->created);
}

static enum sr_job_result read_rows(struct sr_jobs *jobs, const struct sr_family_name *family,
                                    struct sr_backup_row **rows, size_t *count, struct sr_why *why)
{
    struct sr_family known;

    *rows = NULL;
    *count = 0;
    enum sr_job_result result = family != NULL ? sr_backup_check_role(family, why) : SR_JOB_OK;
    if (result == SR_JOB_OK)
        result = sr_registry_begin(jobs->registry, false, why);
    if (result != SR_JOB_OK)
        return result;
    if (family != NULL)
        result = sr_registry_family(jobs->registry, family, &known, why);
    if (result == SR_JOB_OK)
        result = sr_registry_backups(jobs->registry, family, rows, count, why);
    return sr_registry_end(jobs->registry, result, why);
}

enum sr_job_result sr_backup_list(struct sr_jobs *jobs, const struct sr_family_name *family, char **json,
                                  struct sr_why *why)
{
    struct sr_backup_row *rows;
    size_t count;

    *json = NULL;
    enum sr_job_result result = read_rows(jobs, family, &rows, &count, why);
    if (result != SR_JOB_OK)
        return result;
    json_t *list = json_array();
    for (size_t i = 0; i < count && list != NULL; i++) {
        if (json_array_append_new(list, row_json(&rows[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    *json = list != NULL ? json_dumps(list, JSON_COMPACT) : NULL;
    json_decref(list);
    free(rows);
    if (*json != NULL)
        return SR_JOB_OK;
    sr_why_set(why, "out of memory");
    return SR_JOB_NO_MEMORY;
}

enum sr_job_result sr_backup_forget(struct sr_jobs *jobs, const struct sr_family_name *family, const char *id,
                                    struct sr_why *why)
{
    unsigned char bytes[SR_BACKUP_ID];
    struct sr_backup_row *row = NULL;

    enum sr_job_result result = sr_backup_check_role(family, why);
    if (result == SR_JOB_OK && !id_parse(id, bytes)) {
        sr_why_set(why, "a file's id has %zu hex digits, as \"strongroom backup list\" and \"info\" print it",
                   ID_DIGITS);
        result = SR_JOB_INVALID;
    }
    if (result == SR_JOB_OK)
        result = sr_registry_begin(jobs->registry, true, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_registry_backup(jobs->registry, family, bytes, &row, why);
    if (result == SR_JOB_OK && row == NULL) {
        sr_why_set(why, "the registry knows of no such backup of %s:%s", family->role, family->name);
        result = SR_JOB_NOT_FOUND;
    }
    if (result == SR_JOB_OK)
        result = sr_registry_remove_backup(jobs->registry, family, bytes, why);
    free(row);
    return sr_registry_end(jobs->registry, result, why);
}

enum sr_job_result sr_backup_count(struct sr_jobs *jobs, const struct sr_family_name *family,
                                   unsigned long version, size_t *count, struct sr_why *why)
{
    struct sr_backup_row *rows;
    size_t all = 0;

    *count = 0;
    enum sr_job_result result = read_rows(jobs, family, &rows, &all, why);
    for (size_t i = 0; result == SR_JOB_OK && i < all; i++)
        *count += rows[i].version == version;
    if (result == SR_JOB_OK)
        free(rows);
    return result;
}
