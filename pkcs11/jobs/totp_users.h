/* The users of second factors: their rows in the registry, and those in memory that were seen lately.
 *
 * A verification changes the user in memory, and the row is written within some seconds: a flush of the disk
 * is not in a login's way. What must not be lost is written at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_TOTP_USERS_H
#define STRONGROOM_JOBS_TOTP_USERS_H

#include "jobs/family.h"
#include "jobs/totp.h"

/* A row of totp_users. */
struct sr_totp_user {
    struct sr_family_name family;
    char user[SR_TOTP_USER_MAX];
    unsigned long version; /* of the KEK that has wrapped the seed */
    struct sr_wrapped seed;
    char mechanism[40]; /* that it was wrapped by */
    struct sr_totp_kind kind;
    long long created;
    long long step;  /* the last one that was accepted; -1: none */
    long long drift; /* how many steps the user's clock is ahead */
    unsigned long failures;
    long long until; /* seconds since 1970: no code is looked at before */
};

struct sr_totp;

/* Begins with the jobs: all steps up to now count as used. Both NULL-safe where memory is short. */
struct sr_totp *sr_totp_open(void);
/* The registry is to be written back before. */
void sr_totp_close(struct sr_totp *totp);

/* Another registry has taken the place of this one: what is in memory does not count any more, and all steps
 * up to now count as used. */
void sr_totp_forget(struct sr_jobs *jobs);

/* When the jobs were opened, or the registry was replaced, seconds since 1970. */
long long sr_totp_opened(const struct sr_jobs *jobs);

/* A user in memory, whom nobody else sees or changes meanwhile. */
struct sr_totp_entry;

/* Takes hold of the user, who is read where not in memory; *USER may be changed. SR_JOB_NOT_FOUND where there
 * is none. To be given back with sr_totp_user_release. One thread holds one user at a time. */
enum sr_job_result sr_totp_user_hold(struct sr_jobs *jobs, const struct sr_family_name *family,
                                     const char *user, struct sr_totp_entry **entry,
                                     struct sr_totp_user **row, struct sr_why *why);
/* CHANGED: it is to be written back. */
void sr_totp_user_release(struct sr_jobs *jobs, struct sr_totp_entry *entry, bool changed);

/* Writes the row that is held, now. */
enum sr_job_result sr_totp_user_store(struct sr_jobs *jobs, struct sr_totp_entry *entry, struct sr_why *why);

/* Removes the user who is held; the entry is to be released all the same. */
enum sr_job_result sr_totp_user_delete(struct sr_jobs *jobs, struct sr_totp_entry *entry, struct sr_why *why);

/* Adds N users in one transaction, those that are not there yet: ADDED says which. */
enum sr_job_result sr_totp_users_add(struct sr_jobs *jobs, const struct sr_totp_user *users, size_t n,
                                     bool dry_run, bool *added, struct sr_why *why);

/* Writes back all that was changed until now. */
enum sr_job_result sr_totp_users_flush(struct sr_jobs *jobs, struct sr_why *why);

/* The rows behind AFTER, by name. *ROWS is to be freed with free(). */
enum sr_job_result sr_totp_users_page(struct sr_jobs *jobs, const struct sr_family_name *family,
                                      const char *after, size_t limit, struct sr_totp_user **rows,
                                      size_t *count, struct sr_why *why);

/* The names of up to LIMIT users whose seeds are under versions before CURRENT, behind the place that VERSION
 * and USER say, which go on to the last of them. *COUNT 0: there are no more. Their rows are not looked at.
 */
struct sr_totp_place {
    unsigned long version;
    char user[SR_TOTP_USER_MAX];
};
enum sr_job_result sr_totp_users_old(struct sr_jobs *jobs, const struct sr_family_name *family,
                                     unsigned long current, const struct sr_totp_place *after, size_t limit,
                                     struct sr_totp_place *places, size_t *count, struct sr_why *why);

/* How many rows are under versions FROM to TO. */
enum sr_job_result sr_totp_users_count(struct sr_jobs *jobs, const struct sr_family_name *family,
                                       unsigned long from, unsigned long to, size_t *count,
                                       struct sr_why *why);

#endif
