/* Keys and values that go over to the current version.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data.h"
#include "jobs/data_value.h"
#include "jobs/keys_make.h"
#include "jobs/known.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static enum sr_job_result no_memory(struct sr_why *why)
{
    sr_why_set(why, "out of memory");
    return SR_JOB_NO_MEMORY;
}

static void unchanged(const struct sr_data_item *item, unsigned long version, struct sr_data_result *out)
{
    memcpy(out->bytes, item->data, item->size);
    out->size = item->size;
    out->version = version;
}

/* Wraps KEY with another KEK, and checks before that that it is what its id says. Its root is not one of
 * those that stay open: a table of keys would drive out those that are in use. */
static enum sr_job_result move_key(struct sr_jobs *jobs, const struct sr_bench *bench, unsigned long current,
                                   struct sr_data_key *key, struct sr_why *why)
{
    char label[SR_LABEL_MAX];
    CK_OBJECT_HANDLE from;
    CK_OBJECT_HANDLE to;
    struct sr_root root;

    enum sr_job_result result = sr_use_kek(jobs, &key->family, key->version, true, &from, why);
    if (result == SR_JOB_OK)
        result = sr_use_kek(jobs, &key->family, current, false, &to, why);
    if (result == SR_JOB_OK)
        result = sr_key_label(key->family.role, key->family.name, current, ":key", label, why);
    if (result == SR_JOB_OK)
        result = sr_data_unwrap(bench, key, from, &root, why);
    if (result != SR_JOB_OK)
        return result;
    sr_root_close(bench, &root);
    if (key->version != current)
        result = sr_rewrap(bench, from, to, NULL, label, &key->wrapped, why);
    key->version = current;
    return result;
}

static enum sr_job_result rewrap_key(struct sr_jobs *jobs, const struct sr_bench *bench,
                                     const struct sr_data_ask *ask, const struct sr_data_item *item,
                                     struct sr_data_result *out, struct sr_why *why)
{
    bool binary = memcmp(item->data, "SRK", 3) == 0;
    struct sr_data_ask of_key = {.family = ask->family};
    struct sr_data_key key;
    unsigned long current;

    enum sr_job_result result = sr_data_key_read(item->data, item->size, &key, why);
    of_key.key = &key;
    if (result == SR_JOB_OK)
        result = sr_data_check(&of_key, why);
    if (result == SR_JOB_OK)
        result = sr_data_check_age(ask, key.version, why);
    if (result == SR_JOB_OK)
        result = sr_use_current(jobs, &ask->family, &current, why);
    if (result == SR_JOB_OK)
        result = move_key(jobs, bench, current, &key, why);
    if (result == SR_JOB_OK) {
        out->size = sr_data_key_write(&key, binary, out->bytes);
        out->version = current;
    }
    return result;
}

/* The plaintext is there between the two halves, and nowhere else. */
static enum sr_job_result move_value(struct sr_jobs *jobs, const struct sr_bench *bench,
                                     const struct sr_data_ask *ask, const struct sr_data_value *value,
                                     const struct sr_data_item *item, struct sr_data_result *out,
                                     struct sr_why *why)
{
    struct sr_data_item plain = *item;
    struct sr_data_ask own = {.family = ask->family, .binary = value->binary};
    unsigned char *text = malloc(value->sealed_size);
    unsigned long current;

    if (text == NULL)
        return no_memory(why);
    enum sr_job_result result = sr_use_current(jobs, &ask->family, &current, why);
    if (result == SR_JOB_OK)
        result = sr_data_unseal(jobs, bench, ask, value, item, true, text, why);
    plain.data = text;
    plain.size = value->sealed_size - SR_GCM_TAG;
    if (result == SR_JOB_OK && ask->key == NULL && value->version == current)
        unchanged(item, current, out);
    else if (result == SR_JOB_OK)
        result = sr_data_seal(jobs, bench, &own, current, &plain, out, why);
    OPENSSL_cleanse(text, value->sealed_size);
    free(text);
    return result;
}

static enum sr_job_result rewrap_value(struct sr_jobs *jobs, const struct sr_bench *bench,
                                       const struct sr_data_ask *ask, const struct sr_data_item *item,
                                       struct sr_data_result *out, struct sr_why *why)
{
    struct sr_data_value value;

    enum sr_job_result result = sr_data_value_read(item->data, item->size, &value, why);
    if (result != SR_JOB_OK)
        return result;
    result = move_value(jobs, bench, ask, &value, item, out, why);
    free(value.bytes);
    return result;
}

enum sr_job_result sr_data_rewrap(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_data_ask *ask, const struct sr_data_item *item,
                                  struct sr_data_result *out, struct sr_why *why)
{
    enum sr_job_result result = sr_data_check(ask, why);
    if (result == SR_JOB_OK)
        result = sr_data_check_item(item, why);
    if (result != SR_JOB_OK)
        return result;
    sr_use_begin(jobs, &ask->family);
    result = sr_data_is_key(item->data, item->size) ? rewrap_key(jobs, bench, ask, item, out, why)
                                                    : rewrap_value(jobs, bench, ask, item, out, why);
    return sr_use_end(jobs, &ask->family, result);
}
