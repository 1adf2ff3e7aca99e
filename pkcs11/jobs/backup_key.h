/* A backup's root, made with its header or found through it, and the header's HMAC. What backup.c and
 * backup_rewrap.c stand on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_BACKUP_KEY_H
#define STRONGROOM_JOBS_BACKUP_KEY_H

#include "jobs/backup.h"
#include "jobs/root.h"

struct sr_backup_key {
    struct sr_backup_facts facts;
    unsigned char fixed[SR_BACKUP_FIXED]; /* the header's immutable part, as it is in the file */
    struct sr_backup_fixed parts;
    struct sr_backup_slot list; /* of the slot in use; points into the header */
    struct sr_root root;        /* in the keeper's session */
    unsigned long life;         /* of jobs, in which the root's handles are good */
};

/* Makes a root under the family's current version, and HEADER with it. */
enum sr_job_result sr_backup_key_make(struct sr_jobs *jobs, const struct sr_bench *bench,
                                      const struct sr_family_name *family, size_t chunk_size,
                                      unsigned char *header, struct sr_backup_key *key, struct sr_why *why);

/* Opens HEADER's root. LEAVING: to rewrap, which a revoked version still does. */
enum sr_job_result sr_backup_key_open(struct sr_jobs *jobs, const unsigned char *header, bool leaving,
                                      struct sr_backup_key *key, struct sr_why *why);

/* Writes the HMAC at the end of SLOT. */
enum sr_job_result sr_backup_key_sign(struct sr_jobs *jobs, const struct sr_backup_key *key,
                                      unsigned char *slot, struct sr_why *why);

/* SR_JOB_FAILED, and WHY says so, where the token has lost the root's keys with its sessions. */
enum sr_job_result sr_backup_key_there(struct sr_jobs *jobs, const struct sr_backup_key *key,
                                       struct sr_why *why);

/* Destroys the root's keys. One that was zeroed or closed may be closed. */
void sr_backup_key_close(struct sr_jobs *jobs, struct sr_backup_key *key);

/* sr_use_kek, where a version that is not good (any more) is one that is not found. */
enum sr_job_result sr_backup_kek(struct sr_jobs *jobs, const struct sr_family_name *family,
                                 unsigned long version, bool leaving, CK_OBJECT_HANDLE *kek,
                                 struct sr_why *why);

/* SR_JOB_INVALID for a family of another role. */
enum sr_job_result sr_backup_check_role(const struct sr_family_name *family, struct sr_why *why);

/* The registry is to know of the file, under the version. */
enum sr_job_result sr_backup_key_record(struct sr_jobs *jobs, const struct sr_backup_key *key,
                                        struct sr_why *why);

/* registry_backups.c's, each within a transaction. */
struct sr_backup_row {
    struct sr_family_name family;
    unsigned char id[SR_BACKUP_ID];
    unsigned long version;
    long long created;
};
enum sr_job_result sr_registry_put_backup(struct sr_registry *registry, const struct sr_backup_row *row,
                                          struct sr_why *why);
/* FAMILY NULL: of all. *ROWS is to be freed with free(). */
enum sr_job_result sr_registry_backups(struct sr_registry *registry, const struct sr_family_name *family,
                                       struct sr_backup_row **rows, size_t *count, struct sr_why *why);
/* The family's backup of that id; NULL in *ROW where there is none. To be freed with free(). */
enum sr_job_result sr_registry_backup(struct sr_registry *registry, const struct sr_family_name *family,
                                      const unsigned char id[SR_BACKUP_ID], struct sr_backup_row **row,
                                      struct sr_why *why);
enum sr_job_result sr_registry_remove_backup(struct sr_registry *registry,
                                             const struct sr_family_name *family,
                                             const unsigned char id[SR_BACKUP_ID], struct sr_why *why);

#endif
