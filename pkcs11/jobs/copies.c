/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/copies.h"
#include "jobs/family.h"
#include "jobs/registry_copy.h"
#include "jobs/totp_users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDLE_MS (10LL * 60 * 1000)

/* A file that goes through pieces. */
struct pieces {
    pthread_mutex_t lock; /* held for the length of a call */
    char *path;
    unsigned long id; /* 0: there is none */
    int fd;
    off_t size;
    long long used_ms;
};

struct sr_copies {
    struct pieces backup;  /* its file has no name any more */
    struct pieces restore; /* its file has one until it is over */
};

static void remove_file(const char *path)
{
    char journal[4096];

    (void)unlink(path);
    if (snprintf(journal, sizeof(journal), "%s-journal", path) < (int)sizeof(journal))
        (void)unlink(journal);
}

static void drop(struct pieces *p)
{
    if (p->fd >= 0)
        (void)close(p->fd);
    p->fd = -1;
    p->id = 0;
    p->size = 0;
    remove_file(p->path);
}

static bool init(struct pieces *p, const char *path, const char *suffix)
{
    p->fd = -1;
    (void)pthread_mutex_init(&p->lock, NULL); /* cannot fail with default attributes */
    if (asprintf(&p->path, "%s%s", path, suffix) < 0)
        p->path = NULL;
    else
        remove_file(p->path);
    return p->path != NULL;
}

static void end(struct pieces *p)
{
    if (p->path != NULL)
        drop(p);
    free(p->path);
    (void)pthread_mutex_destroy(&p->lock);
}

struct sr_copies *sr_copies_new(const char *path)
{
    struct sr_copies *copies = calloc(1, sizeof(*copies));
    if (copies == NULL)
        return NULL;
    bool ok = init(&copies->backup, path, ".backup");
    ok = init(&copies->restore, path, ".restore") && ok;
    if (ok)
        return copies;
    sr_copies_free(copies);
    return NULL;
}

void sr_copies_free(struct sr_copies *copies)
{
    if (copies == NULL)
        return;
    end(&copies->backup);
    end(&copies->restore);
    free(copies);
}

static void tidy(struct pieces *p)
{
    if (pthread_mutex_trylock(&p->lock) != 0)
        return; /* it is in use */
    if (p->id != 0 && sr_mono_ms() - p->used_ms > IDLE_MS)
        drop(p);
    (void)pthread_mutex_unlock(&p->lock);
}

void sr_copies_tidy(struct sr_copies *copies)
{
    tidy(&copies->backup);
    tidy(&copies->restore);
}

/* Makes the file known by a new id. */
static enum sr_job_result begin(struct pieces *p, struct sr_why *why)
{
    struct stat st;

    if (getrandom(&p->id, sizeof(p->id), 0) != (ssize_t)sizeof(p->id) || p->id == 0 ||
        fstat(p->fd, &st) != 0) {
        sr_why_set(why, "%s cannot be used: %s", p->path, strerror(errno));
        drop(p);
        return SR_JOB_FAILED;
    }
    p->size = st.st_size;
    p->used_ms = sr_mono_ms();
    return SR_JOB_OK;
}

static enum sr_job_result check_id(struct pieces *p, unsigned long id, struct sr_why *why)
{
    if (id != 0 && id == p->id) {
        p->used_ms = sr_mono_ms();
        return SR_JOB_OK;
    }
    sr_why_set(why, "it was ended by a newer one, by a restart of strongroomd, or by a pause of ten minutes: "
                    "begin again");
    return SR_JOB_REFUSED;
}

enum sr_job_result sr_copy_begin(struct sr_jobs *jobs, unsigned long *id, unsigned long *size,
                                 struct sr_why *why)
{
    struct pieces *p = &jobs->copies->backup;

    (void)pthread_mutex_lock(&p->lock);
    drop(p);
    /* With no family in the middle of a change: a version in the making would be cleared up after a restore,
     * although it was finished since. */
    (void)pthread_mutex_lock(&jobs->change);
    enum sr_job_result result = sr_totp_users_flush(jobs, why);
    if (result == SR_JOB_OK)
        result = sr_registry_copy(jobs->registry, p->path, why);
    (void)pthread_mutex_unlock(&jobs->change);
    if (result == SR_JOB_OK) {
        p->fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (p->fd < 0) {
            sr_why_set(why, "%s cannot be read: %s", p->path, strerror(errno));
            result = SR_JOB_FAILED;
        }
    }
    remove_file(p->path);
    if (result == SR_JOB_OK)
        result = begin(p, why);
    *id = p->id;
    *size = (unsigned long)p->size;
    (void)pthread_mutex_unlock(&p->lock);
    return result;
}

enum sr_job_result sr_copy_read(struct sr_jobs *jobs, unsigned long id, unsigned long offset, void *data,
                                size_t *size, struct sr_why *why)
{
    struct pieces *p = &jobs->copies->backup;
    const size_t room = *size;
    size_t done = 0;

    *size = 0;
    (void)pthread_mutex_lock(&p->lock);
    enum sr_job_result result = check_id(p, id, why);
    if (result == SR_JOB_OK && offset > (unsigned long)p->size) {
        sr_why_set(why, "there is nothing behind the backup's end");
        result = SR_JOB_INVALID;
    }
    while (result == SR_JOB_OK && done < room) {
        ssize_t n = pread(p->fd, (char *)data + done, room - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            sr_why_set(why, "the backup cannot be read: %s", strerror(errno));
            result = SR_JOB_FAILED;
        }
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (result == SR_JOB_OK) {
        *size = done;
        if (done < room)
            drop(p);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return result;
}

static enum sr_job_result open_upload(struct pieces *p, struct sr_why *why)
{
    drop(p);
    p->fd = open(p->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (p->fd >= 0)
        return begin(p, why);
    sr_why_set(why, "%s cannot be made: %s", p->path, strerror(errno));
    return SR_JOB_FAILED;
}

enum sr_job_result sr_copy_put(struct sr_jobs *jobs, unsigned long *id, unsigned long offset,
                               const void *data, size_t size, struct sr_why *why)
{
    struct pieces *p = &jobs->copies->restore;
    const char *from = data;

    (void)pthread_mutex_lock(&p->lock);
    enum sr_job_result result = *id == 0 ? open_upload(p, why) : check_id(p, *id, why);
    if (result == SR_JOB_OK && offset != (unsigned long)p->size) {
        sr_why_set(why, "a piece at %lu where %lld bytes have come", offset, (long long)p->size);
        result = SR_JOB_INVALID;
    }
    while (result == SR_JOB_OK && size > 0) {
        ssize_t n = pwrite(p->fd, from, size, p->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            sr_why_set(why, "%s cannot be written: %s", p->path, strerror(n < 0 ? errno : ENOSPC));
            result = SR_JOB_FAILED;
            break;
        }
        from += n;
        size -= (size_t)n;
        p->size += n;
    }
    if (result == SR_JOB_FAILED) /* the disk is full, say: leaves no part of it there */
        drop(p);
    *id = p->id;
    (void)pthread_mutex_unlock(&p->lock);
    return result;
}

const char *sr_restore_path(const struct sr_copies *copies)
{
    return copies->restore.path;
}

enum sr_job_result sr_restore_claim(struct sr_copies *copies, unsigned long id, struct sr_why *why)
{
    struct pieces *p = &copies->restore;

    (void)pthread_mutex_lock(&p->lock);
    enum sr_job_result result = check_id(p, id, why);
    if (result != SR_JOB_OK) {
        (void)pthread_mutex_unlock(&p->lock);
        return result;
    }
    /* SQLite's locks would go where this is closed later. */
    (void)close(p->fd);
    p->fd = -1;
    return SR_JOB_OK;
}

void sr_restore_release(struct sr_copies *copies)
{
    drop(&copies->restore);
    (void)pthread_mutex_unlock(&copies->restore.lock);
}
