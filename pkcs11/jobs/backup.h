/* Backups: streams of chunks that are encrypted or opened one after another, and what the registry knows of
 * them. docs/backup-format.md is the format.
 *
 * Thread-safe, but that a stream is used by one thread at a time. BENCH is a token's session that the caller
 * borrowed for the length of the call. Beside what job.h says, results are: SR_JOB_WRONG_KEY where the header
 * is damaged, or its key another token's; SR_JOB_NOT_FOUND where the family or its version is not there (any
 * more), or was revoked; SR_JOB_BAD for a chunk that is not what was written there, or no backup at all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_BACKUP_H
#define STRONGROOM_JOBS_BACKUP_H

#include "formats/backup_header.h"
#include "jobs/jobs.h"

struct sr_backup;

/* Begins a backup under the family's current version, in chunks of CHUNK_SIZE bytes. HEADER, which is
 * SR_BACKUP_HEADER bytes, comes before the first chunk. *BACKUP is to be closed. */
enum sr_job_result sr_backup_begin(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_family_name *family, size_t chunk_size,
                                   unsigned char *header, struct sr_backup **backup, struct sr_why *why);

/* Opens a backup that has this header. */
enum sr_job_result sr_backup_open(struct sr_jobs *jobs, const unsigned char *header,
                                  struct sr_backup **backup, struct sr_why *why);

struct sr_backup_facts {
    struct sr_family_name family; /* that the stream uses */
    unsigned long version;
    size_t chunk_size;
    size_t slot; /* which of the header's is in use */
};
const struct sr_backup_facts *sr_backup_facts(const struct sr_backup *backup);

/* Encrypts the next chunk of a backup that was begun, in place: SIZE is the chunk size, but for the last
 * chunk, which may have less, and none only where it is the first one as well. DATA has room for
 * SR_BACKUP_TAG bytes more, and may be memory that a client can change. Nothing follows the last chunk, nor
 * one that failed. */
enum sr_job_result sr_backup_encrypt(struct sr_backup *backup, const struct sr_bench *bench,
                                     unsigned char *data, size_t size, bool last, struct sr_why *why);

/* Opens the chunk of that number, from 0, of a backup that was opened; SIZE is that of DATA with its tag.
 * LAST: it is the last one in the file. OUT needs room for SIZE bytes, and gets SIZE - SR_BACKUP_TAG. WHY
 * says what became of the file, as far as that can be told. */
enum sr_job_result sr_backup_decrypt(struct sr_backup *backup, const struct sr_bench *bench,
                                     unsigned long number, const void *data, size_t size, bool last,
                                     unsigned char *out, struct sr_why *why);

/* Ends a backup. One that was begun has to have its last chunk, and the registry knows of it then. */
enum sr_job_result sr_backup_end(struct sr_backup *backup, struct sr_why *why);

/* Destroys its keys and frees it; a backup that was not ended is none. BACKUP may be NULL. */
void sr_backup_close(struct sr_backup *backup);

/* Brings the recipients of a header to their families' current versions. *SLOT is the number of the slot in
 * use. Where something is to be done, *CHANGED is set and LIST has SR_BACKUP_SLOT bytes for the other slot;
 * FACTS say what was used. The registry is told by sr_backup_record, when the file has changed. */
enum sr_job_result sr_backup_rewrap(struct sr_jobs *jobs, const struct sr_bench *bench,
                                    const unsigned char *header, unsigned char *list, bool *changed,
                                    struct sr_backup_facts *facts, struct sr_why *why);

/* The registry is to know that there is a file with this header. */
enum sr_job_result sr_backup_record(struct sr_jobs *jobs, const unsigned char *header,
                                    struct sr_backup_facts *facts, struct sr_why *why);

/* The backups that the registry knows, of a family or (FAMILY NULL) of all, as JSON (to be freed with
 * free()): an array of {"family", "file" (its id, 32 hex digits), "version", "created"}. */
enum sr_job_result sr_backup_list(struct sr_jobs *jobs, const struct sr_family_name *family, char **json,
                                  struct sr_why *why);

/* The file is not there any more: its row goes. SR_JOB_NOT_FOUND where there is none. ID is hex digits. */
enum sr_job_result sr_backup_forget(struct sr_jobs *jobs, const struct sr_family_name *family, const char *id,
                                    struct sr_why *why);

#endif
