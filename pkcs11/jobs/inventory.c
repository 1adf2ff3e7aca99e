/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/inventory.h"
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "jobs/keys_make.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LABELS_MAX 4 /* keys that a version may have, at most */

/* What a version's keys are called behind "role:name:version"; roles that are not here have one, without a
 * suffix. */
static const char *const session_suffixes[LABELS_MAX] = {"", ":hs512"};
static const char *const other_suffixes[LABELS_MAX] = {""};

static const char *const *suffixes_of(const struct sr_family_name *family)
{
    return strcmp(family->role, "session") == 0 ? session_suffixes : other_suffixes;
}

static unsigned all_parts(const struct sr_family_name *family)
{
    const char *const *suffixes = suffixes_of(family);
    unsigned parts = 0;
    for (size_t i = 0; i < LABELS_MAX && suffixes[i] != NULL; i++)
        parts |= 1U << i;
    return parts;
}

int sr_family_compare(const struct sr_family_name *a, const struct sr_family_name *b)
{
    int roles = strcmp(a->role, b->role);
    return roles != 0 ? roles : strcmp(a->name, b->name);
}

static int compare(const void *a, const void *b)
{
    const struct sr_token_version *one = a;
    const struct sr_token_version *other = b;
    int families = sr_family_compare(&one->family, &other->family);
    if (families != 0)
        return families;
    return one->number < other->number ? -1 : one->number > other->number;
}

/* Takes a label apart. False where it is none of the jobs' families'. */
static bool parse_label(const CK_ATTRIBUTE *label, struct sr_token_version *version)
{
    char text[SR_LABEL_MAX];
    char *rest;

    if (label->pValue == NULL || label->ulValueLen >= sizeof(text) ||
        memchr(label->pValue, '\0', label->ulValueLen) != NULL)
        return false;
    memcpy(text, label->pValue, label->ulValueLen);
    text[label->ulValueLen] = '\0';
    char *name = strchr(text, ':');
    char *number = name != NULL ? strchr(name + 1, ':') : NULL;
    /* As it is written: no sign, no zero before it. */
    if (number == NULL || number[1] < '1' || number[1] > '9' ||
        sr_family_parse(text, (size_t)(number - text), &version->family, NULL) != SR_JOB_OK)
        return false;
    errno = 0;
    version->number = strtoul(number + 1, &rest, 10);
    if (errno != 0)
        return false;
    const char *const *suffixes = suffixes_of(&version->family);
    for (size_t i = 0; i < LABELS_MAX && suffixes[i] != NULL; i++)
        if (strcmp(rest, suffixes[i]) == 0) {
            version->parts = 1U << i;
            return true;
        }
    return false;
}

/* Looks at one object; *OURS says whether it is a version's key. */
static enum sr_job_result look_at(const struct sr_bench *bench, CK_OBJECT_HANDLE object,
                                  struct sr_token_version *version, bool *ours, struct sr_why *why)
{
    CK_ATTRIBUTE a[] = {{.type = CKA_LABEL}, {.type = CKA_SENSITIVE}, {.type = CKA_EXTRACTABLE}};
    const size_t n = sizeof(a) / sizeof(a[0]);

    *ours = false;
    memset(version, 0, sizeof(*version));
    CK_RV rv = sr_attributes_read(bench->f, bench->session, object, a, n);
    if (rv == CKR_OBJECT_HANDLE_INVALID) { /* somebody has just destroyed it */
        sr_attributes_free(a, n);
        return SR_JOB_OK;
    }
    if (rv == CKR_OK && parse_label(&a[0], version)) {
        *ours = true;
        version->readable = !sr_attribute_bool(&a[1], false) || sr_attribute_bool(&a[2], true);
    }
    sr_attributes_free(a, n);
    return rv == CKR_OK ? SR_JOB_OK : sr_key_failed("the keys' labels", "show them", rv, why);
}

static enum sr_job_result duplicate(const struct sr_token_version *version, unsigned part, struct sr_why *why)
{
    const char *const *suffixes = suffixes_of(&version->family);
    size_t i = 0;
    while (i + 1 < LABELS_MAX && suffixes[i + 1] != NULL && part != 1U << i)
        i++;
    sr_why_set(why,
               "the token has several keys labelled \"%s:%s:%lu%s\", of which strongroomd made one; remove "
               "the others with the token's own tools",
               version->family.role, version->family.name, version->number, suffixes[i]);
    return SR_JOB_REFUSED;
}

/* One entry for each version, instead of one for each key. */
static enum sr_job_result merge(struct sr_inventory *inventory, struct sr_why *why)
{
    size_t n = 0;

    if (inventory->count > 0)
        qsort(inventory->versions, inventory->count, sizeof(*inventory->versions), compare);
    for (size_t i = 0; i < inventory->count; i++) {
        const struct sr_token_version *key = &inventory->versions[i];
        struct sr_token_version *last = n > 0 ? &inventory->versions[n - 1] : NULL;
        if (last == NULL || compare(last, key) != 0) {
            inventory->versions[n++] = *key;
        } else if (last->parts & key->parts) {
            return duplicate(key, key->parts, why);
        } else {
            last->parts |= key->parts;
            last->readable = last->readable || key->readable;
        }
    }
    inventory->count = n;
    for (size_t i = 0; i < n; i++)
        inventory->versions[i].whole =
            inventory->versions[i].parts == all_parts(&inventory->versions[i].family);
    return SR_JOB_OK;
}

/* One entry for each key. */
static enum sr_job_result collect(const struct sr_bench *bench, struct sr_inventory *inventory,
                                  struct sr_why *why)
{
    static CK_BBOOL yes = CK_TRUE;
    static CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
    const CK_ATTRIBUTE template[] = {{CKA_TOKEN, &yes, sizeof(yes)},
                                     {CKA_CLASS, &secret_key, sizeof(secret_key)}};
    CK_OBJECT_HANDLE *found = NULL;
    size_t count = 0;
    bool ours;

    *inventory = (struct sr_inventory){0};
    enum sr_job_result result = sr_key_logged_in(bench, why);
    if (result != SR_JOB_OK)
        return result;
    CK_RV rv =
        sr_find(bench->f, bench->session, template, sizeof(template) / sizeof(template[0]), &found, &count);
    if (rv != CKR_OK)
        return sr_key_failed("the families' keys", "search for them", rv, why);
    if (count > 0)
        inventory->versions = calloc(count, sizeof(*inventory->versions));
    if (count > 0 && inventory->versions == NULL) {
        sr_why_set(why, "out of memory");
        result = SR_JOB_NO_MEMORY;
    }
    for (size_t i = 0; i < count && result == SR_JOB_OK; i++) {
        result = look_at(bench, found[i], &inventory->versions[inventory->count], &ours, why);
        inventory->count += ours;
    }
    free(found);
    /* A login that was lost meanwhile would look like keys that are gone. */
    return result == SR_JOB_OK ? sr_key_logged_in(bench, why) : result;
}

enum sr_job_result sr_inventory_take(const struct sr_bench *bench, struct sr_inventory *inventory,
                                     struct sr_why *why)
{
    enum sr_job_result result = collect(bench, inventory, why);
    return result == SR_JOB_OK ? merge(inventory, why) : result;
}

enum sr_job_result sr_inventory_newest(const struct sr_bench *bench, const struct sr_family_name *family,
                                       unsigned long *number, struct sr_why *why)
{
    struct sr_inventory inventory;

    *number = 0;
    enum sr_job_result result = collect(bench, &inventory, why);
    for (size_t i = 0; i < inventory.count && result == SR_JOB_OK; i++)
        if (sr_family_compare(&inventory.versions[i].family, family) == 0 &&
            inventory.versions[i].number > *number)
            *number = inventory.versions[i].number;
    sr_inventory_free(&inventory);
    return result;
}

void sr_inventory_free(struct sr_inventory *inventory)
{
    free(inventory->versions);
    *inventory = (struct sr_inventory){0};
}

const struct sr_token_version *sr_inventory_find(const struct sr_inventory *inventory,
                                                 const struct sr_family_name *family, unsigned long number)
{
    const struct sr_token_version key = {.family = *family, .number = number};
    if (inventory->count == 0)
        return NULL;
    return bsearch(&key, inventory->versions, inventory->count, sizeof(key), compare);
}
