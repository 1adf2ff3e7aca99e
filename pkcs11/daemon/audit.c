/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit.h"

#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SYNC_MS 100
#define LOCK_MS 3000
#define SAY_MS 60000 /* between two reports of a log that cannot be written */
#define LINE_MAX_SIZE ((size_t)1024)
#define TAIL_MAX ((size_t)64 << 10) /* looked at for the last whole line */

#define BEGINNING "{\"time\":\""
#define CHAIN ",\"chain\":\""
#define HEX ((size_t)64) /* SHA-256 */
#define CHAIN_SIZE (sizeof(CHAIN) - 1 + HEX + 2)

struct sr_audit {
    char *path;
    int fd;
    EVP_MD *sha256;
    pthread_t syncer;
    pthread_mutex_t lock; /* for all that follows, and for the file's end */
    pthread_cond_t changed;
    EVP_MD_CTX *md;
    char chain[HEX + 1]; /* the last whole line's */
    off_t end;           /* of the last whole line */
    bool broken;         /* something may stand behind it */
    bool dirty;          /* something is not on the disk yet */
    bool stop;
    long long said; /* when the last failure was logged */
};

static long long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say_failure(struct sr_audit *audit, const char *text)
{
    long long now = now_ms();
    if (audit->said != 0 && now - audit->said < SAY_MS)
        return;
    audit->said = now;
    sr_log(SR_LOG_ERROR, "%s", text);
}

/* SHA-256 over two pieces (A may be NULL), in hexadecimal digits. */
static bool digest(struct sr_audit *audit, const char *a, const void *b, size_t length, char hex[HEX + 1])
{
    unsigned char raw[HEX / 2];
    if (EVP_DigestInit_ex2(audit->md, audit->sha256, NULL) != 1 ||
        (a != NULL && EVP_DigestUpdate(audit->md, a, strlen(a)) != 1) ||
        EVP_DigestUpdate(audit->md, b, length) != 1 || EVP_DigestFinal_ex(audit->md, raw, NULL) != 1)
        return false;
    for (size_t i = 0; i < sizeof(raw); i++) {
        hex[2 * i] = "0123456789abcdef"[raw[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
    }
    hex[HEX] = '\0';
    return true;
}

/* Is this a line that was written to its end, its line feed not counted? Then CHAIN gets its chain value. */
static bool is_whole(const char *line, size_t length, char chain[HEX + 1])
{
    if (length < sizeof(BEGINNING) - 1 + CHAIN_SIZE || memcmp(line, BEGINNING, sizeof(BEGINNING) - 1) != 0)
        return false;
    const char *at = line + length - CHAIN_SIZE;
    const char *hex = at + sizeof(CHAIN) - 1;
    if (memcmp(at, CHAIN, sizeof(CHAIN) - 1) != 0 || memcmp(hex + HEX, "\"}", 2) != 0)
        return false;
    for (size_t i = 0; i < HEX; i++)
        if (!((hex[i] >= '0' && hex[i] <= '9') || (hex[i] >= 'a' && hex[i] <= 'f')))
            return false;
    memcpy(chain, hex, HEX);
    chain[HEX] = '\0';
    return true;
}

static void now_text(char text[40])
{
    struct timespec now;
    struct tm tm;
    size_t length;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &tm) == NULL)
        memset(&tm, 0, sizeof(tm));
    length = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + length, 40 - length, ".%06ldZ", now.tv_nsec / 1000);
}

/* ENTRY as a line with its line feed; CHAIN gets its chain value. FRAGMENT may be NULL. 0 on failure. */
static size_t format_line(struct sr_audit *audit, const struct sr_audit_entry *entry, const char *fragment,
                          char line[LINE_MAX_SIZE], char chain[HEX + 1])
{
    char time[40];
    char family[128] = "null";
    char version[24] = "null";
    char more[96] = "";

    now_text(time);
    if (entry->family != NULL)
        (void)snprintf(family, sizeof(family), "\"%s\"", entry->family);
    if (entry->version != 0)
        (void)snprintf(version, sizeof(version), "%lu", entry->version);
    if (fragment != NULL)
        (void)snprintf(more, sizeof(more), ",\"fragment\":\"%s\"", fragment);
    else if (entry->items != 0)
        (void)snprintf(more, sizeof(more), ",\"items\":%zu,\"failed\":%zu", entry->items, entry->failed);
    int n = snprintf(
        line, LINE_MAX_SIZE,
        BEGINNING "%s\",\"uid\":%lld,\"pid\":%d,\"operation\":\"%s\",\"family\":%s,\"version\":%s,"
                  "\"result\":\"%s\",\"us\":%lld%s",
        time, entry->uid, (int)entry->pid, entry->operation, family, version, entry->result, entry->us, more);
    if (n < 0 || (size_t)n + CHAIN_SIZE + 2 > LINE_MAX_SIZE ||
        !digest(audit, audit->chain, line, (size_t)n, chain))
        return 0;
    return (size_t)n + (size_t)snprintf(line + n, LINE_MAX_SIZE - (size_t)n, CHAIN "%s\"}\n", chain);
}

/* Appends all of TEXT, whose end is the end of a whole line with the chain value CHAIN. */
static bool append(struct sr_audit *audit, const char *text, size_t length, const char *chain)
{
    ssize_t n;
    do
        n = write(audit->fd, text, length);
    while (n < 0 && errno == EINTR);
    if (n >= 0 && (size_t)n < length)
        errno = ENOSPC; /* a file is written in part only where there is no room for the rest */
    audit->broken = n < 0 || (size_t)n < length;
    if (n > 0 && !audit->dirty) {
        audit->dirty = true;
        (void)pthread_cond_signal(&audit->changed);
    }
    if (audit->broken)
        return false;
    memcpy(audit->chain, chain, HEX + 1);
    /* The end is where the file's offset is now: O_APPEND sets it. */
    audit->end = lseek(audit->fd, 0, SEEK_CUR);
    return true;
}

/* What stands behind the last whole line is the beginning of one that was not written to its end: ends it
 * with a line feed, and a line of ours says what it was. */
static bool mend(struct sr_audit *audit)
{
    const struct sr_audit_entry entry = {
        .uid = geteuid(), .pid = getpid(), .operation = "audit.resume", .result = "unfinished"};
    char text[1 + LINE_MAX_SIZE] = "\n";
    char fragment[HEX + 1];
    char chain[HEX + 1];
    struct stat st;
    bool ok = false;

    if (fstat(audit->fd, &st) != 0)
        return false;
    if (st.st_size <= audit->end) {
        audit->broken = false;
        return true;
    }
    size_t length = (size_t)(st.st_size - audit->end);
    if (length > TAIL_MAX) {
        errno = EFBIG;
        return false;
    }
    char *tail = malloc(length + 1);
    if (tail == NULL || pread(audit->fd, tail, length, audit->end) != (ssize_t)length)
        goto out;
    const char *feed = memrchr(tail, '\n', length);
    const char *last = feed != NULL ? feed + 1 : tail;
    if (is_whole(last, (size_t)(tail + length - last), chain)) { /* only its line feed is missing */
        ok = append(audit, text, 1, chain);
        goto out;
    }
    size_t skip = tail[length - 1] == '\n' ? 1 : 0;
    tail[length] = '\n';
    size_t n = 0;
    if (digest(audit, NULL, tail, length + 1 - skip, fragment))
        n = format_line(audit, &entry, fragment, text + 1, chain);
    ok = n > 0 && append(audit, text + skip, n + 1 - skip, chain);
    if (ok)
        sr_log(SR_LOG_WARNING, "audit log %s: %zu bytes of a line that was not written to its end are marked",
               audit->path, length);
out:
    free(tail);
    return ok;
}

/* Finds the last whole line, from which the chain goes on. */
static bool find_end(struct sr_audit *audit, off_t size, struct sr_why *why)
{
    size_t length = size > (off_t)TAIL_MAX ? TAIL_MAX : (size_t)size;
    off_t offset = size - (off_t)length;
    char first[sizeof(BEGINNING) - 1];
    size_t known = length < sizeof(first) ? length : sizeof(first);
    char *tail = malloc(length + 1);
    bool ok = false;

    memset(audit->chain, '0', HEX);
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
        if (is_whole(line, (size_t)(feed - line), audit->chain)) {
            audit->end = offset + (off_t)(feed - tail) + 1;
            ok = true;
        }
    }
    /* None: where this is all there is, it is the beginning of the very first line. */
    ok = memcmp(first, BEGINNING, known) == 0 && (ok || offset == 0);
    if (!ok)
        sr_why_set(why, "%s is not an audit log, or its end is damaged: move it away, or name another file",
                   audit->path);
out:
    free(tail);
    return ok;
}

/* A strongroomd that was killed keeps the file for as long as one of its threads waits for the disk. */
static bool lock_file(int fd)
{
    const struct timespec pause = {0, 10000000};
    long long until = now_ms() + LOCK_MS;
    int error;
    while ((error = flock(fd, LOCK_EX | LOCK_NB)) != 0 && (errno == EWOULDBLOCK || errno == EINTR) &&
           now_ms() < until)
        (void)nanosleep(&pause, NULL);
    return error == 0;
}

static bool open_file(struct sr_audit *audit, struct sr_why *why)
{
    struct stat st;

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
    if (!lock_file(audit->fd)) {
        sr_why_set(why, "the audit log %s is in use by another strongroomd: %s", audit->path,
                   strerror(errno));
        return false;
    }
    /* Another process may have written until a moment ago. */
    if (fstat(audit->fd, &st) != 0) {
        sr_why_set(why, "the audit log %s cannot be read: %s", audit->path, strerror(errno));
        return false;
    }
    return find_end(audit, st.st_size, why);
}

/* Brings what is new to the disk, and then lets SYNC_MS pass. */
static void *synchronise(void *arg)
{
    struct sr_audit *audit = arg;

    (void)pthread_mutex_lock(&audit->lock);
    for (;;) {
        while (!audit->dirty && !audit->stop)
            (void)pthread_cond_wait(&audit->changed, &audit->lock);
        if (!audit->dirty)
            break;
        audit->dirty = false;
        (void)pthread_mutex_unlock(&audit->lock);
        int error = fdatasync(audit->fd) != 0 ? errno : 0;
        (void)pthread_mutex_lock(&audit->lock);
        if (error != 0) {
            struct sr_why why;
            sr_why_set(&why, "the audit log %s does not reach the disk: %s", audit->path, strerror(error));
            say_failure(audit, why.text);
        }
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += SYNC_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        int waited = 0;
        while (!audit->stop && waited == 0)
            waited = pthread_cond_timedwait(&audit->changed, &audit->lock, &until);
    }
    (void)pthread_mutex_unlock(&audit->lock);
    return NULL;
}

static bool start_thread(struct sr_audit *audit, struct sr_why *why)
{
    int error = pthread_create(&audit->syncer, NULL, synchronise, audit);
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
    (void)pthread_mutex_destroy(&audit->lock);
    free(audit->path);
    free(audit);
}

struct sr_audit *sr_audit_open(const char *path, struct sr_why *why)
{
    struct sr_audit *audit = calloc(1, sizeof(*audit));
    pthread_condattr_t attributes;

    if (audit == NULL) {
        sr_why_set(why, "out of memory");
        return NULL;
    }
    audit->fd = -1;
    /* These do not fail on Linux. */
    (void)pthread_mutex_init(&audit->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* the wall clock may jump */
    (void)pthread_cond_init(&audit->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    audit->path = strdup(path);
    audit->md = EVP_MD_CTX_new();
    audit->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (audit->path == NULL || audit->md == NULL || audit->sha256 == NULL) {
        sr_why_set(why, "out of memory");
    } else if (open_file(audit, why)) {
        /* Where the disk is full the keys of TLS are served all the same; the next line tries again. */
        audit->broken = true;
        if (!mend(audit))
            sr_log(SR_LOG_ERROR, "the audit log %s cannot be written: %s", path, strerror(errno));
        if (start_thread(audit, why))
            return audit;
    }
    destroy(audit);
    return NULL;
}

void sr_audit_close(struct sr_audit *audit)
{
    if (audit == NULL)
        return;
    (void)pthread_mutex_lock(&audit->lock);
    audit->stop = true;
    (void)pthread_cond_signal(&audit->changed);
    (void)pthread_mutex_unlock(&audit->lock);
    (void)pthread_join(audit->syncer, NULL);
    destroy(audit);
}

bool sr_audit_write(struct sr_audit *audit, const struct sr_audit_entry *entry, struct sr_why *why)
{
    char line[LINE_MAX_SIZE];
    char chain[HEX + 1];
    size_t length = 0;

    (void)pthread_mutex_lock(&audit->lock);
    errno = 0;
    bool ok = !audit->broken || mend(audit);
    if (ok) {
        length = format_line(audit, entry, NULL, line, chain);
        ok = length > 0 && append(audit, line, length, chain);
    }
    if (!ok) {
        sr_why_set(why,
                   "the audit log %s cannot be written (%s), so the answer is withheld; the request may "
                   "have been carried out",
                   audit->path, errno != 0 ? strerror(errno) : "the line cannot be made");
        say_failure(audit, why->text);
    }
    (void)pthread_mutex_unlock(&audit->lock);
    return ok;
}
