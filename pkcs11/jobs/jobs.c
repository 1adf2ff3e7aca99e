/* Opening and closing the jobs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jobs/copies.h"
#include "jobs/data_cache.h"
#include "jobs/totp_users.h"

#include <stdlib.h>

/* A revocation must not wait for clients that never stop signing. */
static void init_uses(pthread_rwlock_t *uses)
{
    pthread_rwlockattr_t attributes;
    (void)pthread_rwlockattr_init(&attributes);
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(uses, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
}

enum sr_job_result sr_jobs_open(const char *path, const struct sr_bench *seal, const struct sr_bench *keeper,
                                struct sr_jobs **jobs, struct sr_why *why)
{
    struct sr_seal mac;
    struct sr_jobs *j = calloc(1, sizeof(*j));

    *jobs = NULL;
    if (j == NULL || (j->data = sr_data_cache_new()) == NULL) {
        free(j);
        sr_why_set(why, "out of memory");
        return SR_JOB_NO_MEMORY;
    }
    (void)pthread_mutex_init(&j->change, NULL);
    (void)pthread_mutex_init(&j->lock, NULL);
    init_uses(&j->uses);
    sr_changes_init(&j->changes);
    j->keeper = *keeper;
    j->totp = sr_totp_open();
    enum sr_job_result result = SR_JOB_NO_MEMORY;
    if (j->totp == NULL)
        sr_why_set(why, "out of memory");
    else
        result = sr_keys_seal(seal, &j->seal, &mac, why);
    if (result == SR_JOB_OK)
        result = sr_registry_open(path, &mac, &j->registry, why);
    if (result == SR_JOB_OK && (j->copies = sr_copies_new(path)) == NULL) {
        sr_why_set(why, "out of memory");
        result = SR_JOB_NO_MEMORY;
    }
    if (result != SR_JOB_OK) {
        sr_jobs_close(j);
        return result;
    }
    /* Clears up what an earlier run did not bring to its end. A family that is in trouble says so at each
     * tick and at each use; the others, and the token's other keys, are not to suffer from it. */
    struct sr_why report;
    (void)sr_family_tick(j, keeper, &report);
    *jobs = j;
    return SR_JOB_OK;
}

void sr_jobs_lost(struct sr_jobs *jobs)
{
    /* From now on nobody destroys by handles that may be other objects' when the token is back: without a
     * session the calls for that fail. */
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->keeper.session = CK_INVALID_HANDLE;
    jobs->life++;
    (void)pthread_mutex_unlock(&jobs->lock);
    sr_known_forget_all(jobs);
}

enum sr_job_result sr_jobs_found(struct sr_jobs *jobs, const struct sr_bench *seal,
                                 const struct sr_bench *keeper, struct sr_why *why)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->keeper = *keeper;
    (void)pthread_mutex_unlock(&jobs->lock);
    return sr_keys_seal_again(jobs->seal, seal, why);
}

void sr_jobs_close(struct sr_jobs *jobs)
{
    if (jobs == NULL)
        return;
    if (jobs->registry != NULL)
        (void)sr_totp_users_flush(jobs, NULL);
    sr_totp_close(jobs->totp);
    sr_known_forget_all(jobs);
    sr_copies_free(jobs->copies);
    sr_changes_end(&jobs->changes);
    sr_data_cache_free(jobs->data);
    sr_registry_close(jobs->registry);
    sr_keys_seal_free(jobs->seal);
    (void)pthread_mutex_destroy(&jobs->change);
    (void)pthread_mutex_destroy(&jobs->lock);
    (void)pthread_rwlock_destroy(&jobs->uses);
    free(jobs);
}
