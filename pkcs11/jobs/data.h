/* Data keys: small values, encrypted under keys that only the token opens.
 *
 * docs/data-format.md has the two forms of keys and values. All functions are thread-safe; BENCH is a token's
 * session that the caller borrowed for the length of the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_DATA_H
#define STRONGROOM_JOBS_DATA_H

#include "jobs/data_format.h"
#include "jobs/jobs.h"

#define SR_DATA_VALUE_MAX ((size_t)256 << 10)
#define SR_DATA_CONTEXT_MAX ((size_t)64 << 10)

/* The family, and how. */
struct sr_data_ask {
    struct sr_family_name family;
    const struct sr_data_key *key; /* the caller's own; NULL: the family's, which the registry keeps */
    unsigned long min_version;     /* what is of an older version is refused; 0: none is */
    bool binary;                   /* the form of what sr_data_new_key and sr_data_encrypt give */
};

struct sr_data_item {
    const void *context; /* that the value is bound to: any bytes */
    size_t context_size;
    const void *data;
    size_t size;
};

/* Room for what becomes of SIZE bytes, whichever of the functions makes it of them: a key that is rewrapped
 * stays as long as it is. */
#define SR_DATA_ROOM(size) (SR_DATA_PRINTED((size) + SR_DATA_OVERHEAD) + 1)

struct sr_data_result {
    unsigned char *bytes; /* SR_DATA_ROOM of the item's size; for sr_data_new_key SR_DATA_KEY_ROOM */
    size_t size;
    unsigned long version; /* that was used; 0: not known */
};

/* SR_JOB_INVALID unless the family is one of data keys; SR_JOB_WRONG_KEY where ask->key is another family's.
 */
enum sr_job_result sr_data_check(const struct sr_data_ask *ask, struct sr_why *why);

/* A key of the caller's own, wrapped by the current version's KEK. The registry does not have it. */
enum sr_job_result sr_data_new_key(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_data_ask *ask, struct sr_data_result *out,
                                   struct sr_why *why);

/* Encrypts. Without ask->key: under the family's data key of the current version, which is made where there
 * is none. SR_JOB_REFUSED where ask->key has made as many values as random nonces allow. */
enum sr_job_result sr_data_encrypt(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_data_ask *ask, const struct sr_data_item *item,
                                   struct sr_data_result *out, struct sr_why *why);

/* Decrypts either form. SR_JOB_BAD: damaged, or made for another context, or of a version that is refused;
 * SR_JOB_WRONG_KEY: ask->key is not the value's, or the value is another family's; SR_JOB_NOT_FOUND: its key
 * is missing, or was destroyed with its version. */
enum sr_job_result sr_data_decrypt(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_data_ask *ask, const struct sr_data_item *item,
                                   struct sr_data_result *out, struct sr_why *why);

/* Brings a key or a value to the current version, in the form that it has; what is of it already, and good,
 * stays as it is. A key of a revoked version as well. A value under ask->key goes over to the family's own.
 */
enum sr_job_result sr_data_rewrap(struct sr_jobs *jobs, const struct sr_bench *bench,
                                  const struct sr_data_ask *ask, const struct sr_data_item *item,
                                  struct sr_data_result *out, struct sr_why *why);

/* The keys that the registry knows, as JSON (to be freed with free()): an array of {"id" (hexadecimal),
 * "version", "state" ("current", "old", "outside": the wrapped key is the caller's), "created", "messages"
 * (at most as many were made with it)}. */
enum sr_job_result sr_data_list(struct sr_jobs *jobs, const struct sr_family_name *family, char **json,
                                struct sr_why *why);

/* For how long an opened key stays in the token at most. */
void sr_data_set_time(struct sr_jobs *jobs, long long seconds);

/* Closes the keys whose time is over. To be called every few seconds. */
void sr_data_tick(struct sr_jobs *jobs);

#endif
