/* SPDX-License-Identifier: Apache-2.0 */
/* A backup's chunks: AES-256-GCM as in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015):
 * the nonce is the file's prefix, the chunk's number and whether it is the last. */
#include "jobs/backup_key.h"
#include "jobs/gcm.h"
#include "jobs/known.h"

#include <stdlib.h>
#include <string.h>

#define CHUNKS_MAX ((uint64_t)1 << 32)
#define NEIGHBOURS 8 /* how far around a chunk that is not in its place its own number is looked for */

struct sr_backup {
    struct sr_jobs *jobs;
    struct sr_backup_key key;
    bool encrypts;
    bool complete; /* its last chunk was encrypted */
    bool broken;   /* an encryption failed: its nonce may have been used */
    uint64_t next; /* number of the chunk to be encrypted */
};

static enum sr_job_result new_stream(struct sr_jobs *jobs, bool encrypts, struct sr_backup **backup,
                                     struct sr_why *why)
{
    *backup = calloc(1, sizeof(**backup));
    if (*backup == NULL) {
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    (*backup)->jobs = jobs;
    (*backup)->encrypts = encrypts;
    return SR_JOB_OK;
}

enum sr_job_result sr_backup_begin(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_family_name *family, size_t chunk_size,
                                   unsigned char *header, struct sr_backup **backup, struct sr_why *why)
{
    enum sr_job_result result = new_stream(jobs, true, backup, why);
    if (result == SR_JOB_OK)
        result = sr_backup_key_make(jobs, bench, family, chunk_size, header, &(*backup)->key, why);
    if (result != SR_JOB_OK) {
        free(*backup);
        *backup = NULL;
    }
    return result;
}

enum sr_job_result sr_backup_open(struct sr_jobs *jobs, const unsigned char *header,
                                  struct sr_backup **backup, struct sr_why *why)
{
    enum sr_job_result result = new_stream(jobs, false, backup, why);
    if (result == SR_JOB_OK)
        result = sr_backup_key_open(jobs, header, false, &(*backup)->key, why);
    if (result != SR_JOB_OK) {
        free(*backup);
        *backup = NULL;
    }
    return result;
}

const struct sr_backup_facts *sr_backup_facts(const struct sr_backup *backup)
{
    return &backup->key.facts;
}

void sr_backup_close(struct sr_backup *backup)
{
    if (backup == NULL)
        return;
    sr_backup_key_close(backup->jobs, &backup->key);
    free(backup);
}

static void make_nonce(const struct sr_backup *backup, uint64_t number, bool last,
                       unsigned char nonce[SR_GCM_NONCE])
{
    memcpy(nonce, backup->key.parts.prefix, SR_BACKUP_PREFIX);
    for (int i = 0; i < 4; i++)
        nonce[SR_BACKUP_PREFIX + i] = (unsigned char)(number >> (24 - 8 * i));
    nonce[SR_GCM_NONCE - 1] = last ? 1 : 0;
}

/* The version is asked for with each chunk: one that is destroyed or revoked meanwhile is so at once. */
static enum sr_job_result begin_use(const struct sr_backup *backup, struct sr_why *why)
{
    const struct sr_backup_facts *facts = &backup->key.facts;
    CK_OBJECT_HANDLE kek;
    sr_use_begin(backup->jobs, &facts->family);
    enum sr_job_result result = sr_backup_key_there(backup->jobs, &backup->key, why);
    if (result == SR_JOB_OK)
        result = sr_backup_kek(backup->jobs, &facts->family, facts->version, false, &kek, why);
    return result;
}

static enum sr_job_result check_next(const struct sr_backup *backup, size_t size, bool last,
                                     struct sr_why *why)
{
    size_t whole = backup->key.facts.chunk_size;

    if (!backup->encrypts || backup->complete || backup->broken) {
        sr_why_set(why, !backup->encrypts  ? "this backup is open for reading"
                        : backup->complete ? "the backup has its last chunk: nothing follows it"
                                           : "a chunk could not be encrypted: begin the backup anew");
        return SR_JOB_REFUSED;
    }
    if (size > whole || (!last && size != whole) || (last && size == 0 && backup->next > 0)) {
        sr_why_set(why, "a chunk of %zu bytes where the chunk size is %zu", size, whole);
        return SR_JOB_INVALID;
    }
    if (backup->next == CHUNKS_MAX) {
        sr_why_set(why, "the backup has 2^32 chunks, and can have no more: use a larger --chunk-size");
        return SR_JOB_REFUSED;
    }
    return SR_JOB_OK;
}

enum sr_job_result sr_backup_encrypt(struct sr_backup *backup, const struct sr_bench *bench,
                                     unsigned char *data, size_t size, bool last, struct sr_why *why)
{
    unsigned char nonce[SR_GCM_NONCE];
    const struct sr_gcm gcm = {backup->key.root.cipher, nonce, backup->key.fixed, SR_BACKUP_FIXED};

    enum sr_job_result result = check_next(backup, size, last, why);
    if (result != SR_JOB_OK)
        return result;
    result = begin_use(backup, why);
    if (result == SR_JOB_OK) {
        make_nonce(backup, backup->next++, last, nonce);
        result = sr_gcm_encrypt_shared(bench, &gcm, data, size, why);
    }
    backup->broken = result != SR_JOB_OK;
    backup->complete = last && result == SR_JOB_OK;
    return sr_use_end(backup->jobs, &backup->key.facts.family, result);
}

struct chunk {
    const void *data;
    size_t size; /* with the tag */
    bool last;
    uint64_t number;
};

/* Does it open as that chunk? */
static enum sr_job_result opens(const struct sr_backup *backup, const struct sr_bench *bench,
                                const struct chunk *chunk, uint64_t number, bool last, unsigned char *out,
                                struct sr_why *why)
{
    unsigned char nonce[SR_GCM_NONCE];
    const struct sr_gcm gcm = {backup->key.root.cipher, nonce, backup->key.fixed, SR_BACKUP_FIXED};

    make_nonce(backup, number, last, nonce);
    return sr_gcm_decrypt(bench, &gcm, chunk->data, chunk->size, out, why);
}

/* Is it a chunk of this file all the same, and if so, which? Its text goes to no one. */
static bool is_chunk(const struct sr_backup *backup, const struct sr_bench *bench, const struct chunk *chunk,
                     uint64_t number, bool last, unsigned char *out)
{
    bool good = opens(backup, bench, chunk, number, last, out, NULL) == SR_JOB_OK;
    explicit_bzero(out, chunk->size);
    return good;
}

/* Which of the chunks around it, before or behind, it is. */
static bool find_number(const struct sr_backup *backup, const struct sr_bench *bench,
                        const struct chunk *chunk, unsigned char *out, uint64_t *number)
{
    uint64_t from = chunk->number > NEIGHBOURS ? chunk->number - NEIGHBOURS : 0;

    for (*number = from; *number <= chunk->number + NEIGHBOURS && *number < CHUNKS_MAX; (*number)++)
        if (*number != chunk->number && (is_chunk(backup, bench, chunk, *number, false, out) ||
                                         is_chunk(backup, bench, chunk, *number, true, out)))
            return true;
    return false;
}

/* A chunk that is not what belongs there: says what became of the file. */
static void explain(const struct sr_backup *backup, const struct sr_bench *bench, const struct chunk *chunk,
                    unsigned char *out, struct sr_why *why)
{
    size_t whole = backup->key.facts.chunk_size + SR_BACKUP_TAG;
    unsigned long long number = chunk->number;
    unsigned long long at = SR_BACKUP_HEADER + number * whole;
    uint64_t is;

    if (is_chunk(backup, bench, chunk, chunk->number, !chunk->last, out)) {
        if (chunk->last)
            sr_why_set(why,
                       "the backup is truncated: the file ends after chunk %llu (at byte %llu), which is "
                       "not the last one",
                       number, at);
        else
            sr_why_set(why,
                       "the backup is extended: data follow chunk %llu (at byte %llu), which is the last "
                       "one",
                       number, at);
    } else if (chunk->last && chunk->size < whole) {
        sr_why_set(why,
                   "the backup's chunk %llu (at byte %llu) is damaged, or the file is "
                   "truncated or extended there",
                   number, at);
    } else if (find_number(backup, bench, chunk, out, &is)) {
        sr_why_set(why,
                   "the backup's chunks are not in their order: where chunk %llu should be (at byte %llu) "
                   "is chunk %llu%s",
                   number, at, (unsigned long long)is, is < number ? " once more" : "");
    } else {
        sr_why_set(why, "the backup's chunk %llu (at byte %llu) is damaged", number, at);
    }
}

enum sr_job_result sr_backup_decrypt(struct sr_backup *backup, const struct sr_bench *bench,
                                     unsigned long number, const void *data, size_t size, bool last,
                                     unsigned char *out, struct sr_why *why)
{
    size_t whole = backup->key.facts.chunk_size + SR_BACKUP_TAG;
    const struct chunk chunk = {.data = data, .size = size, .last = last, .number = number};

    if (backup->encrypts) {
        sr_why_set(why, "this backup is being written");
        return SR_JOB_REFUSED;
    }
    if (size > whole || (!last && size != whole) || number >= CHUNKS_MAX) {
        sr_why_set(why, "a chunk of %zu bytes where the chunk size is %zu, or a number of none", size, whole);
        return SR_JOB_INVALID;
    }
    if (size < SR_BACKUP_TAG || (size == SR_BACKUP_TAG && number > 0)) {
        sr_why_set(why,
                   "the backup is truncated or extended: its last chunk, %lu (at byte %llu), has %zu bytes",
                   number, SR_BACKUP_HEADER + (unsigned long long)number * whole, size);
        return SR_JOB_BAD;
    }
    enum sr_job_result result = begin_use(backup, why);
    if (result == SR_JOB_OK)
        result = opens(backup, bench, &chunk, number, last, out, why);
    if (result == SR_JOB_BAD)
        explain(backup, bench, &chunk, out, why);
    return sr_use_end(backup->jobs, &backup->key.facts.family, result);
}

enum sr_job_result sr_backup_end(struct sr_backup *backup, struct sr_why *why)
{
    if (!backup->encrypts)
        return SR_JOB_OK;
    if (!backup->complete) {
        sr_why_set(why, "the backup has no last chunk: it is not complete");
        return SR_JOB_REFUSED;
    }
    return sr_backup_key_record(backup->jobs, &backup->key, why);
}
