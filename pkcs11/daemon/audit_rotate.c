/* The audit log's file is set aside when it has its size, under a number that grows; nothing is overwritten.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS 6 /* at least */

/* The file's own name, and (to be freed) its folder's. */
static const char *base_of(const char *path, char **folder)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        *folder = strdup(".");
    else
        *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return slash != NULL ? slash + 1 : path;
}

/* The number of "BASE.000017"; 0 for another name. */
static unsigned long number_of(const char *name, const char *base)
{
    size_t length = strlen(base);
    if (strncmp(name, base, length) != 0 || name[length] != '.')
        return 0;
    const char *digits = name + length + 1;
    size_t n = strspn(digits, "0123456789");
    return n >= DIGITS && n <= 12 && digits[n] == '\0' ? strtoul(digits, NULL, 10) : 0;
}

char *sr_audit_next_name(struct sr_audit *audit)
{
    unsigned long last = 0;
    char *folder = NULL;
    char *name = NULL;
    const char *base = base_of(audit->path, &folder);
    DIR *dir = folder != NULL ? opendir(folder) : NULL;

    if (dir != NULL) {
        const struct dirent *entry;
        errno = 0;
        while ((entry = readdir(dir)) != NULL) {
            unsigned long number = number_of(entry->d_name, base);
            last = number > last ? number : last;
        }
        if (errno == 0 && asprintf(&name, "%s.%0*lu", audit->path, DIGITS, last + 1) < 0)
            name = NULL;
        (void)closedir(dir);
    }
    free(folder);
    return name;
}

/* A new file with its first line, under a name that is not the log's yet. */
static int begin_file(struct sr_audit *audit, const char *path, const char *after,
                      char chain[SR_AUDIT_HEX + 1], size_t *length)
{
    struct sr_audit_line line;
    int error;

    if (unlink(path) != 0 && errno != ENOENT)
        return -1;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -1;
    sr_audit_header(audit, &line, true, after);
    sr_audit_clock_text(audit);
    errno = ENOMEM;
    if (sr_audit_lock_file(fd) &&
        sr_audit_line_end(&line, audit->time, audit->md, audit->sha256, audit->chain, chain)) {
        ssize_t n = write(fd, line.text, line.length);
        if (n == (ssize_t)line.length && fdatasync(fd) == 0) {
            *length = line.length;
            return fd;
        }
        errno = n >= 0 && (size_t)n < line.length ? ENOSPC : errno;
    }
    error = errno;
    (void)close(fd);
    (void)unlink(path);
    errno = error;
    return -1;
}

void sr_audit_sync_folder(struct sr_audit *audit)
{
    char *folder = NULL;
    (void)base_of(audit->path, &folder);
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    free(folder);
}

/* NEW becomes PATH, and PATH becomes NAME. */
static bool exchange(const char *path, const char *name, const char *new)
{
    if (renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE) != 0)
        return false;
    if (rename(new, path) == 0)
        return true;
    int error = errno;
    (void)rename(name, path);
    errno = error;
    return false;
}

bool sr_audit_rotate(struct sr_audit *audit, const char *name)
{
    char chain[SR_AUDIT_HEX + 1];
    char *new = NULL;
    size_t length = 0;
    const char *slash = strrchr(name, '/');

    if (asprintf(&new, "%s.new", audit->path) < 0)
        return false;
    /* After a power failure the new file must not name what the old one has lost. */
    if (fdatasync(audit->fd) != 0) {
        free(new);
        return false;
    }
    int fd = begin_file(audit, new, slash != NULL ? slash + 1 : name, chain, &length);
    bool ok = fd >= 0 && exchange(audit->path, name, new);
    if (ok) {
        audit->retired = audit->fd;
        audit->fd = fd;
        audit->end = (off_t)length;
        audit->lines = 1;
        audit->since = 0;
        audit->dirty = true;
        memcpy(audit->chain, chain, sizeof(chain));
        (void)pthread_cond_signal(&audit->changed);
    } else if (fd >= 0) {
        int error = errno;
        (void)close(fd);
        (void)unlink(new);
        errno = error;
    }
    free(new);
    return ok;
}

bool sr_audit_finish_rotation(const char *path)
{
    struct stat st;
    char *new = NULL;

    if (asprintf(&new, "%s.new", path) < 0)
        return false;
    /* Killed between its two renamings. Where the log is in its place, what was begun is not needed. */
    bool ok = true;
    if (lstat(path, &st) != 0 && errno == ENOENT && lstat(new, &st) == 0)
        ok = rename(new, path) == 0;
    free(new);
    return ok;
}
