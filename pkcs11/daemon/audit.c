/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit.h"

#include "daemon/audit_state.h"
#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYNC_MS 100
#define LOCK_MS 3000
#define SAY_MS 60000                /* between two reports of a log that cannot be written */
#define TAIL_MAX ((size_t)64 << 10) /* looked at for the last whole line */

long long sr_audit_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void sr_audit_say(struct sr_audit *audit, const char *text)
{
    long long now = sr_audit_now_ms();
    if (audit->said != 0 && now - audit->said < SAY_MS)
        return;
    audit->said = now;
    sr_log(SR_LOG_ERROR, "%s", text);
}

/* The date is made anew once a second: that takes longer than all the rest of it. */
void sr_audit_clock_text(struct sr_audit *audit)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != audit->second || audit->time[0] == '\0') {
        struct tm tm;
        if (gmtime_r(&now.tv_sec, &tm) == NULL)
            memset(&tm, 0, sizeof(tm));
        if (strftime(audit->time, sizeof(audit->time), "%Y-%m-%dT%H:%M:%S", &tm) != 19)
            memcpy(audit->time, "9999-12-31T23:59:59", 20);
        audit->second = now.tv_sec;
        memcpy(audit->time + 19, ".000000Z", 9);
    }
    long us = now.tv_nsec / 1000;
    for (size_t i = 0; i < 6; i++, us /= 10)
        audit->time[25 - i] = (char)('0' + us % 10);
}

static size_t count_feeds(const char *text, size_t length)
{
    size_t n = 0;
    for (const char *at = text; (at = memchr(at, '\n', length - (size_t)(at - text))) != NULL; at++)
        n++;
    return n;
}

/* Appends all of TEXT, whose end is the end of a whole line with the chain value CHAIN. */
static bool append(struct sr_audit *audit, const char *text, size_t length, const char *chain)
{
    ssize_t n;
    do
        n = write(audit->fd, text, length);
    while (n < 0 && errno == EINTR);
    bool whole = n >= 0 && (size_t)n == length;
    if (n >= 0 && !whole)
        errno = ENOSPC; /* a file is written in part only where there is no room for the rest */
    if (n > 0 && !audit->dirty) {
        audit->dirty = true;
        (void)pthread_cond_signal(&audit->changed);
    }
    atomic_store_explicit(&audit->broken, !whole, memory_order_relaxed);
    if (!whole)
        return false;
    memcpy(audit->chain, chain, SR_AUDIT_HEX + 1);
    /* The end is where the file's offset is now: O_APPEND sets it. */
    audit->end = lseek(audit->fd, 0, SEEK_CUR);
    return true;
}

bool sr_audit_append_line(struct sr_audit *audit, struct sr_audit_line *line)
{
    char chain[SR_AUDIT_HEX + 1];

    sr_audit_clock_text(audit);
    errno = 0;
    if (!sr_audit_line_end(line, audit->time, audit->md, audit->sha256, audit->chain, chain) ||
        !append(audit, line->text, line->length, chain))
        return false;
    audit->lines++;
    audit->since++;
    if (sr_audit_is_due(audit))
        (void)pthread_cond_signal(&audit->due);
    return true;
}

bool sr_audit_is_due(const struct sr_audit *audit)
{
    return audit->since >= audit->options.checkpoint ||
           (audit->options.rotate != 0 && !audit->rotation_fails && audit->since > 0 &&
            audit->end >= (off_t)audit->options.rotate);
}

/* What stands behind the last whole line is the beginning of one that was not written to its end: ends it
 * with a line feed, and a line of ours says what it was. TAIL has LENGTH bytes and room for one more. */
static bool mark(struct sr_audit *audit, char *tail, size_t length)
{
    const struct sr_audit_entry entry = {
        .uid = geteuid(), .pid = getpid(), .operation = "audit.resume", .result = "unfinished"};
    char fragment[SR_AUDIT_HEX + 1];
    char chain[SR_AUDIT_HEX + 1];
    struct sr_audit_line line;
    bool ended = tail[length - 1] == '\n';

    tail[length] = '\n';
    if (!sr_audit_digest(audit->md, audit->sha256, NULL, tail, length + (ended ? 0 : 1), fragment))
        return false;
    sr_audit_line_begin(&line, &entry);
    if (audit->lost > 0)
        sr_audit_line_number(&line, "lost", audit->lost);
    sr_audit_line_text(&line, "fragment", fragment);
    sr_audit_clock_text(audit);
    if (!sr_audit_line_end(&line, audit->time, audit->md, audit->sha256, audit->chain, chain) ||
        line.length == sizeof(line.text))
        return false;
    memmove(line.text + 1, line.text, line.length);
    line.text[0] = '\n';
    size_t skip = ended ? 1 : 0;
    size_t feeds = count_feeds(tail, length) + (ended ? 0 : 1);
    if (!append(audit, line.text + skip, line.length + 1 - skip, chain))
        return false;
    audit->lines += feeds + 1;
    audit->since++;
    audit->lost = 0;
    sr_log(SR_LOG_WARNING, "audit log %s: %zu bytes of a line that was not written to its end are marked",
           audit->path, length);
    return true;
}

static bool say_lost(struct sr_audit *audit)
{
    const struct sr_audit_entry entry = {
        .uid = geteuid(), .pid = getpid(), .operation = "audit.resume", .result = "lost"};
    struct sr_audit_line line;

    sr_audit_line_begin(&line, &entry);
    sr_audit_line_number(&line, "lost", audit->lost);
    if (!sr_audit_append_line(audit, &line))
        return false;
    sr_log(SR_LOG_WARNING, "audit log %s: there is room again; %zu lines could not be written", audit->path,
           audit->lost);
    audit->lost = 0;
    return true;
}

static bool resume_behind(struct sr_audit *audit, size_t length)
{
    char chain[SR_AUDIT_HEX + 1];
    bool ok = false;
    char *tail = malloc(length + 1);

    if (tail == NULL || pread(audit->fd, tail, length, audit->end) != (ssize_t)length)
        goto out;
    const char *feed = memrchr(tail, '\n', length);
    const char *last = feed != NULL ? feed + 1 : tail;
    if (sr_audit_line_whole(last, (size_t)(tail + length - last),
                            chain)) { /* only its line feed is missing */
        ok = append(audit, "\n", 1, chain);
        if (ok)
            audit->lines += count_feeds(tail, length) + 1;
    } else {
        ok = mark(audit, tail, length);
    }
out:
    free(tail);
    return ok;
}

bool sr_audit_resume(struct sr_audit *audit)
{
    struct stat st;

    if (fstat(audit->fd, &st) != 0)
        return false;
    if (st.st_size > audit->end) {
        size_t length = (size_t)(st.st_size - audit->end);
        if (length > TAIL_MAX) {
            errno = EFBIG;
            return false;
        }
        if (!resume_behind(audit, length))
            return false;
    }
    if (audit->lost > 0 && !say_lost(audit))
        return false;
    atomic_store_explicit(&audit->broken, false, memory_order_relaxed);
    return true;
}

/* Finds the last whole line, from which the chain goes on. */
static bool find_end(struct sr_audit *audit, off_t size, struct sr_why *why)
{
    size_t length = size > (off_t)TAIL_MAX ? TAIL_MAX : (size_t)size;
    off_t offset = size - (off_t)length;
    char first[sizeof(SR_AUDIT_BEGINNING) - 1];
    size_t known = length < sizeof(first) ? length : sizeof(first);
    char *tail = malloc(length + 1);
    bool ok = false;

    memset(audit->chain, '0', SR_AUDIT_HEX);
    if (tail == NULL || pread(audit->fd, tail, length, offset) != (ssize_t)length ||
        pread(audit->fd, first, known, 0) != (ssize_t)known) {
        sr_why_set(why, "the audit log %s cannot be read: %s", audit->path, strerror(errno));
        goto out;
    }
    size_t end = length;
    while (end > 0 && !ok) {
        const char *feed = memrchr(tail, '\n', end);
        if (feed == NULL)
            break;
        end = (size_t)(feed - tail);
        const char *before = memrchr(tail, '\n', end);
        const char *line = before != NULL ? before + 1 : tail;
        if (sr_audit_line_whole(line, (size_t)(feed - line), audit->chain)) {
            audit->end = offset + (off_t)(feed - tail) + 1;
            ok = true;
        }
    }
    /* None: where this is all there is, it is the beginning of the very first line. */
    ok = memcmp(first, SR_AUDIT_BEGINNING, known) == 0 && (ok || offset == 0);
    if (!ok)
        sr_why_set(why, "%s is not an audit log, or its end is damaged: move it away, or name another file",
                   audit->path);
out:
    free(tail);
    return ok;
}

/* Checkpoints name lines by their number. */
static bool count_lines(struct sr_audit *audit, struct sr_why *why)
{
    off_t at = 0;
    char *piece = malloc(TAIL_MAX);

    while (piece != NULL && at < audit->end) {
        size_t wanted = audit->end - at < (off_t)TAIL_MAX ? (size_t)(audit->end - at) : TAIL_MAX;
        ssize_t n = pread(audit->fd, piece, wanted, at);
        if (n <= 0)
            break;
        audit->lines += count_feeds(piece, (size_t)n);
        at += n;
    }
    free(piece);
    if (at < audit->end)
        sr_why_set(why, "the audit log %s cannot be read: %s", audit->path, strerror(errno));
    return at >= audit->end;
}

/* A strongroomd that was killed keeps the file for as long as one of its threads waits for the disk. */
bool sr_audit_lock_file(int fd)
{
    const struct timespec pause = {0, 10000000};
    long long until = sr_audit_now_ms() + LOCK_MS;
    int error;
    while ((error = flock(fd, LOCK_EX | LOCK_NB)) != 0 && (errno == EWOULDBLOCK || errno == EINTR) &&
           sr_audit_now_ms() < until)
        (void)nanosleep(&pause, NULL);
    return error == 0;
}

static bool open_file(struct sr_audit *audit, struct sr_why *why)
{
    struct stat st;

    if (!sr_audit_finish_rotation(audit->path)) {
        sr_why_set(why, "the audit log %s.new cannot be put in its place: %s", audit->path, strerror(errno));
        return false;
    }
    audit->fd = open(audit->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                     S_IRUSR | S_IWUSR);
    if (audit->fd < 0 || fstat(audit->fd, &st) != 0) {
        sr_why_set(why, "the audit log %s cannot be opened: %s", audit->path, strerror(errno));
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        sr_why_set(why, "the audit log %s is no regular file", audit->path);
        return false;
    }
    if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        sr_why_set(why,
                   "the audit log %s belongs to uid %u and has mode %04o: it must belong to uid %u, and "
                   "nobody else may write it",
                   audit->path, (unsigned)st.st_uid, (unsigned)(st.st_mode & 07777), (unsigned)geteuid());
        return false;
    }
    if (!sr_audit_lock_file(audit->fd)) {
        sr_why_set(why, "the audit log %s is in use by another strongroomd: %s", audit->path,
                   strerror(errno));
        return false;
    }
    /* Another process may have written until a moment ago. */
    if (fstat(audit->fd, &st) != 0) {
        sr_why_set(why, "the audit log %s cannot be read: %s", audit->path, strerror(errno));
        return false;
    }
    return find_end(audit, st.st_size, why) && count_lines(audit, why);
}

/* Brings what is new to the disk, and then lets SYNC_MS pass. */
static void *synchronise(void *arg)
{
    struct sr_audit *audit = arg;

    (void)pthread_mutex_lock(&audit->lock);
    for (;;) {
        while (!audit->dirty && audit->retired < 0 && !audit->closes)
            (void)pthread_cond_wait(&audit->changed, &audit->lock);
        if (!audit->dirty && audit->retired < 0)
            break;
        int retired = audit->retired;
        int fd = retired >= 0 ? retired : audit->fd; /* the keeper retires none while one is retired */
        if (retired < 0)
            audit->dirty = false;
        (void)pthread_mutex_unlock(&audit->lock);
        int error = fdatasync(fd) != 0 ? errno : 0;
        if (retired >= 0) {
            (void)close(retired);
            sr_audit_sync_folder(audit);
        }
        (void)pthread_mutex_lock(&audit->lock);
        if (retired >= 0) {
            audit->retired = -1;
            (void)pthread_cond_broadcast(&audit->due);
        }
        if (error != 0) {
            struct sr_why why;
            sr_why_set(&why, "the audit log %s does not reach the disk: %s", audit->path, strerror(error));
            sr_audit_say(audit, why.text);
        }
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += SYNC_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        int waited = 0;
        while (!audit->closes && audit->retired < 0 && waited == 0)
            waited = pthread_cond_timedwait(&audit->changed, &audit->lock, &until);
    }
    (void)pthread_mutex_unlock(&audit->lock);
    return NULL;
}

static bool start_thread(pthread_t *thread, void *(*run)(void *), struct sr_audit *audit, struct sr_why *why)
{
    int error = pthread_create(thread, NULL, run, audit);
    if (error != 0)
        sr_why_set(why, "no thread for the audit log: %s", strerror(error));
    return error == 0;
}

static void destroy(struct sr_audit *audit)
{
    if (audit->fd >= 0)
        (void)close(audit->fd);
    EVP_MD_CTX_free(audit->md);
    EVP_MD_free(audit->sha256);
    (void)pthread_cond_destroy(&audit->changed);
    (void)pthread_cond_destroy(&audit->due);
    (void)pthread_mutex_destroy(&audit->lock);
    free(audit->reason);
    free(audit->path);
    free(audit);
}

static struct sr_audit *new_log(const char *path, const struct sr_audit_options *options)
{
    struct sr_audit *audit = calloc(1, sizeof(*audit));
    pthread_condattr_t attributes;

    if (audit == NULL)
        return NULL;
    audit->fd = -1;
    audit->retired = -1;
    audit->options = *options;
    /* These do not fail on Linux. */
    (void)pthread_mutex_init(&audit->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* the wall clock may jump */
    (void)pthread_cond_init(&audit->changed, &attributes);
    (void)pthread_cond_init(&audit->due, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    audit->path = strdup(path);
    audit->md = EVP_MD_CTX_new();
    audit->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (audit->path != NULL && audit->md != NULL && audit->sha256 != NULL)
        return audit;
    destroy(audit);
    return NULL;
}

struct sr_audit *sr_audit_open(const char *path, const struct sr_audit_options *options, struct sr_why *why)
{
    struct sr_audit *audit = new_log(path, options);

    if (audit == NULL) {
        sr_why_set(why, "out of memory");
        return NULL;
    }
    if (open_file(audit, why)) {
        /* Where the disk is full strongroomd starts all the same; what is asked of it tries again. */
        atomic_init(&audit->broken, true);
        if (!sr_audit_resume(audit))
            sr_log(SR_LOG_ERROR, "the audit log %s cannot be written: %s", path, strerror(errno));
        if (start_thread(&audit->syncer, synchronise, audit, why))
            return audit;
    }
    destroy(audit);
    return NULL;
}

void sr_audit_header(struct sr_audit *audit, struct sr_audit_line *line, bool first, const char *after)
{
    const struct sr_audit_entry entry = {
        .uid = -1, .pid = getpid(), .operation = first ? "audit.begin" : "audit.start", .result = "ok"};
    sr_audit_line_begin(line, &entry);
    if (first) {
        sr_audit_line_text(line, "after", after);
        sr_audit_line_text(line, "previous", audit->chain);
    }
    if (audit->signer != NULL) {
        char point[2 * SR_AUDIT_POINT + 1];
        sr_audit_hex(audit->signer->point, SR_AUDIT_POINT, point);
        sr_audit_line_text(line, "public", point);
    } else {
        sr_audit_line_text(line, "public", NULL);
        sr_audit_line_text(line, "why", audit->reason);
    }
}

bool sr_audit_begin(struct sr_audit *audit, const struct sr_audit_signer *signer, const char *reason,
                    struct sr_why *why)
{
    struct sr_audit_line line;

    (void)pthread_mutex_lock(&audit->lock);
    bool ok = true;
    audit->signer = signer;
    if (signer != NULL) {
        ok = sr_audit_digest(audit->md, audit->sha256, NULL, signer->point, SR_AUDIT_POINT, audit->key);
    } else {
        audit->reason = strdup(reason);
        ok = audit->reason != NULL;
    }
    if (ok) {
        sr_audit_header(audit, &line, audit->end == 0, NULL);
        bool room = !atomic_load(&audit->broken) || sr_audit_resume(audit);
        if (!room || !sr_audit_append_line(audit, &line)) {
            audit->lost++;
            sr_log(SR_LOG_ERROR, "the audit log %s cannot be written: %s", audit->path, strerror(errno));
        }
    } else {
        sr_why_set(why, "out of memory");
    }
    (void)pthread_mutex_unlock(&audit->lock);
    audit->keeps = ok && start_thread(&audit->keeper, sr_audit_keep, audit, why);
    return audit->keeps;
}

bool sr_audit_stop(struct sr_audit *audit, long long wait_ms)
{
    if (audit == NULL || !audit->keeps)
        return true;
    long long until_ms = sr_audit_now_ms() + wait_ms;
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000L};
    int waited = 0;
    (void)pthread_mutex_lock(&audit->lock);
    audit->stop = true;
    (void)pthread_cond_broadcast(&audit->due);
    while (!audit->kept && waited == 0)
        waited = pthread_cond_timedwait(&audit->due, &audit->lock, &until);
    bool kept = audit->kept;
    (void)pthread_mutex_unlock(&audit->lock);
    if (!kept)
        return false;
    (void)pthread_join(audit->keeper, NULL);
    audit->keeps = false;
    return true;
}

void sr_audit_close(struct sr_audit *audit)
{
    if (audit == NULL)
        return;
    (void)pthread_mutex_lock(&audit->lock);
    audit->closes = true;
    (void)pthread_cond_signal(&audit->changed);
    (void)pthread_mutex_unlock(&audit->lock);
    (void)pthread_join(audit->syncer, NULL);
    destroy(audit);
}

bool sr_audit_ready(struct sr_audit *audit, struct sr_why *why)
{
    if (!atomic_load_explicit(&audit->broken, memory_order_relaxed) || audit->options.goes_on_when_full)
        return true;
    (void)pthread_mutex_lock(&audit->lock);
    errno = 0;
    bool ok = !atomic_load(&audit->broken) || sr_audit_resume(audit);
    if (!ok) {
        sr_why_set(why,
                   "the audit log %s cannot be written (%s): make room; or, to go on without its lines, set "
                   "\"audit-full = continue\" in strongroomd.conf",
                   audit->path, strerror(errno));
        sr_audit_say(audit, why->text);
    }
    (void)pthread_mutex_unlock(&audit->lock);
    return ok;
}

/* Counts the line that could not be written. */
static void lose(struct sr_audit *audit, struct sr_why *why)
{
    const char *reason = errno != 0 ? strerror(errno) : "the line cannot be made";
    audit->lost++;
    atomic_store(&audit->broken, true);
    if (audit->options.goes_on_when_full)
        sr_why_set(why, "the audit log %s cannot be written (%s): %zu lines are lost", audit->path, reason,
                   audit->lost);
    else
        sr_why_set(why,
                   "the audit log %s cannot be written (%s), so the answer is withheld; the request may "
                   "have been carried out",
                   audit->path, reason);
    sr_audit_say(audit, why->text);
}

bool sr_audit_write(struct sr_audit *audit, const struct sr_audit_entry *entry, struct sr_why *why)
{
    struct sr_audit_line line;

    sr_audit_line_begin(&line, entry);
    (void)pthread_mutex_lock(&audit->lock);
    errno = 0;
    bool ok = (!atomic_load_explicit(&audit->broken, memory_order_relaxed) || sr_audit_resume(audit)) &&
              sr_audit_append_line(audit, &line);
    if (!ok) {
        lose(audit, why);
        ok = audit->options.goes_on_when_full;
    }
    (void)pthread_mutex_unlock(&audit->lock);
    return ok;
}
