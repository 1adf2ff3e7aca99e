/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/backup_key.h"
#include "cryptoki/names.h"
#include "jobs/keys_make.h"
#include "jobs/known.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define PURPOSE "backup"
#define LABEL_SUFFIX ":file"
#define HMAC_TEXT "strongroom backup header"

enum sr_job_result sr_backup_check_role(const struct sr_family_name *family, struct sr_why *why)
{
    if (strcmp(family->role, "backup") == 0)
        return SR_JOB_OK;
    sr_why_set(why, "%s:%s is no family of backup keys", family->role, family->name);
    return SR_JOB_INVALID;
}

enum sr_job_result sr_backup_kek(struct sr_jobs *jobs, const struct sr_family_name *family,
                                 unsigned long version, bool leaving, CK_OBJECT_HANDLE *kek,
                                 struct sr_why *why)
{
    enum sr_job_result result = sr_use_kek(jobs, family, version, leaving, kek, why);
    return result == SR_JOB_BAD ? SR_JOB_NOT_FOUND : result;
}

void sr_backup_key_close(struct sr_jobs *jobs, struct sr_backup_key *key)
{
    (void)pthread_mutex_lock(&jobs->lock);
    if (key->life == jobs->life)
        sr_root_close(&jobs->keeper, &key->root);
    key->root = (struct sr_root){0};
    (void)pthread_mutex_unlock(&jobs->lock);
}

enum sr_job_result sr_backup_key_there(struct sr_jobs *jobs, const struct sr_backup_key *key,
                                       struct sr_why *why)
{
    (void)pthread_mutex_lock(&jobs->lock);
    bool there = key->life == jobs->life;
    (void)pthread_mutex_unlock(&jobs->lock);
    if (there)
        return SR_JOB_OK;
    sr_why_set(why, "the token lost its sessions in the middle of the backup: begin it again");
    return SR_JOB_FAILED;
}

/* In the keeper's session: the keys outlive the session that was borrowed for a call. */
static enum sr_job_result open_root(struct sr_jobs *jobs, const struct sr_family_name *family,
                                    unsigned long version, CK_OBJECT_HANDLE kek,
                                    const struct sr_wrapped *wrapped, struct sr_backup_key *key,
                                    struct sr_why *why)
{
    char label[SR_LABEL_MAX];

    enum sr_job_result result = sr_key_label(family->role, family->name, version, LABEL_SUFFIX, label, why);
    if (result != SR_JOB_OK)
        return result;
    (void)pthread_mutex_lock(&jobs->lock);
    result = sr_root_open(&jobs->keeper, kek, wrapped, PURPOSE, label, &key->root, why);
    key->life = jobs->life;
    (void)pthread_mutex_unlock(&jobs->lock);
    return result;
}

static enum sr_job_result slot_hmac(struct sr_jobs *jobs, const struct sr_backup_key *key,
                                    const unsigned char *slot, unsigned char hmac[SR_BACKUP_HMAC],
                                    struct sr_why *why)
{
    unsigned char text[sizeof(HMAC_TEXT) - 1 + SR_BACKUP_FIXED + SR_BACKUP_LIST];
    unsigned char *at = text + sizeof(HMAC_TEXT) - 1;
    size_t size = SR_BACKUP_HMAC;

    memcpy(text, HMAC_TEXT, sizeof(HMAC_TEXT) - 1);
    memcpy(at, key->fixed, SR_BACKUP_FIXED);
    memcpy(at + SR_BACKUP_FIXED, slot, SR_BACKUP_LIST);
    (void)pthread_mutex_lock(&jobs->lock);
    CK_RV rv = sr_keys_hmac(&jobs->keeper, CKM_SHA256_HMAC, key->root.mac, text, sizeof(text), hmac, &size);
    (void)pthread_mutex_unlock(&jobs->lock);
    if (rv == CKR_OK && size == SR_BACKUP_HMAC)
        return SR_JOB_OK;
    sr_why_set(why, "the token cannot make the HMAC of a backup's header: %s", sr_rv_name(rv));
    return SR_JOB_FAILED;
}

enum sr_job_result sr_backup_key_sign(struct sr_jobs *jobs, const struct sr_backup_key *key,
                                      unsigned char *slot, struct sr_why *why)
{
    return slot_hmac(jobs, key, slot, slot + SR_BACKUP_LIST, why);
}

/* A root under the current version, which *WRAPPED gets, open. */
static enum sr_job_result make_root(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    struct sr_backup_key *key, struct sr_wrapped *wrapped, struct sr_why *why)
{
    const struct sr_family_name *family = &key->facts.family;
    char label[SR_LABEL_MAX];
    CK_OBJECT_HANDLE kek;

    sr_use_begin(jobs, family);
    enum sr_job_result result = sr_use_current(jobs, family, &key->facts.version, why);
    if (result == SR_JOB_OK)
        result = sr_backup_kek(jobs, family, key->facts.version, false, &kek, why);
    if (result == SR_JOB_OK)
        result = sr_key_label(family->role, family->name, key->facts.version, LABEL_SUFFIX, label, why);
    if (result == SR_JOB_OK)
        result = sr_root_make(bench, kek, label, wrapped, why);
    if (result == SR_JOB_OK)
        result = open_root(jobs, family, key->facts.version, kek, wrapped, key, why);
    return sr_use_end(jobs, family, result);
}

static enum sr_job_result choose_numbers(const struct sr_bench *bench, struct sr_backup_fixed *parts,
                                         struct sr_why *why)
{
    CK_RV rv = bench->f->C_GenerateRandom(bench->session, parts->id, SR_BACKUP_ID);
    if (rv == CKR_OK)
        rv = bench->f->C_GenerateRandom(bench->session, parts->prefix, SR_BACKUP_PREFIX);
    if (rv == CKR_OK)
        return SR_JOB_OK;
    sr_why_set(why, "the token gives no random numbers: %s", sr_rv_name(rv));
    return SR_JOB_FAILED;
}

static enum sr_job_result write_header(struct sr_jobs *jobs, struct sr_backup_key *key,
                                       const struct sr_wrapped *wrapped, unsigned char *header,
                                       struct sr_why *why)
{
    unsigned char content[SR_BACKUP_CONTENT_MAX];
    struct sr_backup_family family = {.version = key->facts.version,
                                      .wrap = SR_BACKUP_WRAP_KWP,
                                      .derivation = SR_BACKUP_DERIVE_CBC,
                                      .wrapped_size = wrapped->size};
    struct sr_backup_slot list = {.sequence = 1, .count = 1};

    (void)snprintf(family.name, sizeof(family.name), "%s:%s", key->facts.family.role, key->facts.family.name);
    memcpy(family.wrapped, wrapped->bytes, wrapped->size);
    list.recipients[0] = sr_backup_family_write(&family, content);
    memcpy(key->parts.commitment, key->root.commitment, SR_BACKUP_COMMITMENT);
    sr_backup_fixed_write(&key->parts, key->fixed);
    memset(header, 0, SR_BACKUP_HEADER);
    memcpy(header, key->fixed, SR_BACKUP_FIXED);
    (void)sr_backup_slot_write(&list, header + SR_BACKUP_FIXED); /* one recipient has room */
    return sr_backup_key_sign(jobs, key, header + SR_BACKUP_FIXED, why);
}

enum sr_job_result sr_backup_key_make(struct sr_jobs *jobs, const struct sr_bench *bench,
                                      const struct sr_family_name *family, size_t chunk_size,
                                      unsigned char *header, struct sr_backup_key *key, struct sr_why *why)
{
    struct sr_wrapped wrapped = {0};

    memset(key, 0, sizeof(*key));
    key->facts = (struct sr_backup_facts){.family = *family, .chunk_size = chunk_size};
    key->parts.chunk_size = (uint32_t)chunk_size;
    enum sr_job_result result = sr_backup_check_role(family, why);
    if (result == SR_JOB_OK && !sr_backup_chunk_size_good(chunk_size)) {
        sr_why_set(why, "a chunk of %zu bytes: it may have %u to %u, and a power of two", chunk_size,
                   SR_BACKUP_CHUNK_MIN, SR_BACKUP_CHUNK_MAX);
        result = SR_JOB_INVALID;
    }
    if (result == SR_JOB_OK)
        result = choose_numbers(bench, &key->parts, why);
    if (result == SR_JOB_OK)
        result = make_root(jobs, bench, key, &wrapped, why);
    if (result == SR_JOB_OK)
        result = write_header(jobs, key, &wrapped, header, why);
    if (result != SR_JOB_OK)
        sr_backup_key_close(jobs, key);
    return result;
}

static enum sr_job_result wrong_key(struct sr_why *why, const char *reason)
{
    sr_why_set(why, "the backup's header is damaged, or its key is another token's: %s", reason);
    return SR_JOB_WRONG_KEY;
}

/* Is what was unwrapped the key that the file was made with, and the slot what was written with it? */
static enum sr_job_result check_slot(struct sr_jobs *jobs, const struct sr_backup_key *key,
                                     const unsigned char *slot, struct sr_why *why)
{
    unsigned char hmac[SR_BACKUP_HMAC];

    if (CRYPTO_memcmp(key->root.commitment, key->parts.commitment, SR_BACKUP_COMMITMENT) != 0)
        return wrong_key(why, "the key is not the one that it commits to");
    enum sr_job_result result = slot_hmac(jobs, key, slot, hmac, why);
    if (result == SR_JOB_OK && CRYPTO_memcmp(hmac, slot + SR_BACKUP_LIST, SR_BACKUP_HMAC) != 0)
        result = wrong_key(why, "its HMAC does not fit");
    OPENSSL_cleanse(hmac, sizeof(hmac)); /* what a forger would like to know */
    return result;
}

/* With one recipient. */
static enum sr_job_result open_with(struct sr_jobs *jobs, const struct sr_backup_recipient *recipient,
                                    const unsigned char *slot, bool leaving, struct sr_backup_key *key,
                                    struct sr_why *why)
{
    struct sr_backup_family family;
    struct sr_wrapped wrapped;
    struct sr_why reason = {""};
    CK_OBJECT_HANDLE kek;

    const char *wrong = sr_backup_family_parse(recipient, &family);
    if (wrong == NULL &&
        (sr_family_parse(family.name, strlen(family.name), &key->facts.family, NULL) != SR_JOB_OK ||
         sr_backup_check_role(&key->facts.family, NULL) != SR_JOB_OK))
        wrong = "names a family that cannot be";
    if (wrong != NULL) {
        sr_why_set(&reason, "it %s", wrong);
        return wrong_key(why, reason.text);
    }
    key->facts.version = family.version;
    wrapped.size = family.wrapped_size;
    memcpy(wrapped.bytes, family.wrapped, family.wrapped_size);
    sr_use_begin(jobs, &key->facts.family);
    enum sr_job_result result =
        sr_backup_kek(jobs, &key->facts.family, key->facts.version, leaving, &kek, why);
    if (result == SR_JOB_OK) {
        result = open_root(jobs, &key->facts.family, key->facts.version, kek, &wrapped, key, why);
        if (result == SR_JOB_BAD)
            result = wrong_key(why, "it cannot be unwrapped");
    }
    result = sr_use_end(jobs, &key->facts.family, result);
    if (result == SR_JOB_OK)
        result = check_slot(jobs, key, slot, why);
    if (result != SR_JOB_OK)
        sr_backup_key_close(jobs, key);
    return result;
}

/* Which of two failures says more: that something does not work, then that a key is missing. */
static int weight(enum sr_job_result result)
{
    return result == SR_JOB_WRONG_KEY ? 1 : result == SR_JOB_NOT_FOUND ? 2 : 3;
}

static void keep_worse(enum sr_job_result *kept, enum sr_job_result result, struct sr_why *why,
                       const struct sr_why *reason)
{
    if (*kept != SR_JOB_OK && weight(result) <= weight(*kept))
        return;
    *kept = result;
    sr_why_set(why, "%s", reason->text);
}

static enum sr_job_result open_slot(struct sr_jobs *jobs, const unsigned char *slot, bool leaving,
                                    struct sr_backup_key *key, struct sr_why *why)
{
    enum sr_job_result kept = SR_JOB_OK;
    struct sr_why reason = {""};

    const char *wrong = sr_backup_slot_parse(slot, &key->list);
    if (wrong != NULL) {
        sr_why_set(&reason, "it %s", wrong);
        return wrong_key(why, reason.text);
    }
    for (size_t i = 0; i < key->list.count; i++) {
        if (key->list.recipients[i].type != SR_BACKUP_FAMILY_KEK)
            continue;
        enum sr_job_result result = open_with(jobs, &key->list.recipients[i], slot, leaving, key, &reason);
        if (result == SR_JOB_OK)
            return SR_JOB_OK;
        keep_worse(&kept, result, why, &reason);
    }
    if (kept != SR_JOB_OK)
        return kept;
    sr_why_set(why, "the backup has no recipient of a kind that this strongroom can open");
    return SR_JOB_NOT_FOUND;
}

enum sr_job_result sr_backup_key_open(struct sr_jobs *jobs, const unsigned char *header, bool leaving,
                                      struct sr_backup_key *key, struct sr_why *why)
{
    struct sr_backup_key keys[SR_BACKUP_SLOTS];
    const struct sr_backup_key *best = NULL;
    enum sr_job_result kept = SR_JOB_OK;
    struct sr_why reason = {""};

    memset(key, 0, sizeof(*key));
    memset(keys, 0, sizeof(keys));
    const char *wrong = sr_backup_fixed_parse(header, &key->parts);
    if (wrong != NULL) {
        sr_why_set(why, "this is no backup, or its first bytes are damaged: it %s", wrong);
        return SR_JOB_BAD;
    }
    memcpy(key->fixed, header, SR_BACKUP_FIXED);
    key->facts.chunk_size = key->parts.chunk_size;
    for (size_t i = 0; i < SR_BACKUP_SLOTS; i++) {
        const unsigned char *slot = sr_backup_slot(header, i);
        keys[i] = *key;
        keys[i].facts.slot = i;
        if (sr_backup_slot_empty(slot))
            continue;
        enum sr_job_result result = open_slot(jobs, slot, leaving, &keys[i], &reason);
        if (result != SR_JOB_OK)
            keep_worse(&kept, result, why, &reason);
        else if (best == NULL || keys[i].list.sequence > best->list.sequence)
            best = &keys[i];
    }
    for (size_t i = 0; i < SR_BACKUP_SLOTS; i++)
        if (best != &keys[i])
            sr_backup_key_close(jobs, &keys[i]);
    if (best != NULL) {
        *key = *best;
        return SR_JOB_OK;
    }
    return kept != SR_JOB_OK ? kept : wrong_key(why, "it has no recipients");
}
