/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pin_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".new"
#define WAIT_STEP_MS 20

/* FILE itself where it is a link, and its neighbour; both freed by the caller. */
static bool names(const char *file, char **real, char **new)
{
    *new = NULL;
    *real = realpath(file, NULL);
    if (*real != NULL && asprintf(new, "%s" SUFFIX, *real) < 0)
        *new = NULL;
    if (*new != NULL)
        return true;
    free(*real);
    *real = NULL;
    return false;
}

bool sr_pin_file_holds(const struct sr_pin *pin)
{
    return pin->length > 0 && memchr(pin->value, '\n', pin->length) == NULL &&
           memchr(pin->value, '\r', pin->length) == NULL;
}

/* The PIN and a line feed, on the disk. */
static bool write_pin(int fd, const struct sr_pin *pin)
{
    char line[SR_PIN_MAX + 1];
    memcpy(line, pin->value, pin->length);
    line[pin->length] = '\n';
    bool ok = write(fd, line, pin->length + 1) == (ssize_t)(pin->length + 1) && fsync(fd) == 0;
    explicit_bzero(line, sizeof(line));
    return ok;
}

/* Nobody but the owner may read it, so its group does not matter. */
static bool keep_owner(int fd, const struct stat *old)
{
    return (old->st_uid == geteuid() || fchown(fd, old->st_uid, (gid_t)-1) == 0) &&
           fchmod(fd, old->st_mode & (S_IRUSR | S_IWUSR)) == 0;
}

/* The reason where it cannot be made. */
static void explain(struct sr_why *why, const char *file, const char *new, int error)
{
    if (error == EEXIST)
        sr_why_set(why,
                   "%s is there: an earlier change of the PIN was interrupted; restart strongroomd, which "
                   "finds out which PIN is the right one",
                   new);
    else
        sr_why_set(
            why,
            "the PIN file %s cannot be replaced, as %s cannot be written: %s; the token's PIN was not "
            "changed. Keep the PIN file in a folder that strongroomd may write, or stop strongroomd and "
            "change both with the token's own tools",
            file, new, strerror(error));
}

int sr_pin_file_prepare(const char *file, const struct sr_pin *pin, struct sr_why *why)
{
    char *real;
    char *new;
    struct stat old;
    int fd = -1;

    if (!names(file, &real, &new) || stat(real, &old) != 0) {
        sr_why_set(why, "the PIN file %s cannot be read: %s", file, strerror(errno));
        goto out;
    }
    fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        explain(why, file, new, errno);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0 || !keep_owner(fd, &old) || !write_pin(fd, pin)) {
        explain(why, file, new, errno);
        (void)unlink(new);
        (void)close(fd);
        fd = -1;
    }
out:
    free(real);
    free(new);
    return fd;
}

/* The new name is on the disk as well. */
static void sync_folder(const char *file)
{
    char *folder = strdup(file);
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    if (slash != NULL) {
        slash[1] = '\0';
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            (void)fsync(fd);
            (void)close(fd);
        }
    }
    free(folder);
}

bool sr_pin_file_commit(const char *file, struct sr_why *why)
{
    char *real;
    char *new;
    bool ok = names(file, &real, &new) && rename(new, real) == 0;
    if (ok)
        sync_folder(real);
    else
        sr_why_set(why,
                   "%s" SUFFIX " has the PIN that is the right one now, and cannot take the place of %s: %s",
                   file, file, strerror(errno));
    free(real);
    free(new);
    return ok;
}

/* Is FILE.new there and locked? */
static bool is_locked(const char *new)
{
    int fd = open(new, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
    if (fd >= 0)
        (void)close(fd);
    return locked;
}

void sr_pin_file_abandon(const char *file)
{
    char *real;
    char *new;
    if (names(file, &real, &new) && !is_locked(new))
        (void)unlink(new);
    free(real);
    free(new);
}

void sr_pin_file_wait(const char *file, long long wait_ms)
{
    char *real;
    char *new;
    if (names(file, &real, &new))
        for (long long waited = 0; waited < wait_ms && is_locked(new); waited += WAIT_STEP_MS) {
            struct timespec pause = {.tv_nsec = WAIT_STEP_MS * 1000L * 1000};
            (void)nanosleep(&pause, NULL);
        }
    free(real);
    free(new);
}

struct sr_pin *sr_pin_file_pending(const char *file)
{
    struct sr_why why = {""};
    struct sr_pin *pin = NULL;
    char *real;
    char *new;
    if (names(file, &real, &new) && access(new, F_OK) == 0)
        pin = sr_pin_read(new, &why);
    free(real);
    free(new);
    return pin;
}
