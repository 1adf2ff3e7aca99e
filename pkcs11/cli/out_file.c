/* SPDX-License-Identifier: Apache-2.0 */
#include "out_file.h"
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a signal removes. */
static char *volatile to_remove;

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
#define ENDING (sizeof(ending) / sizeof(ending[0]))

static void remove_and_die(int number)
{
    if (to_remove != NULL)
        (void)unlink(to_remove);
    (void)raise(number); /* SA_RESETHAND: this time it ends us, once the handler returns */
}

/* A signal that is ignored (nohup) stays so. */
static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = remove_and_die, .sa_flags = (int)SA_RESETHAND};
    struct sigaction old;

    for (size_t i = 0; i < ENDING; i++)
        if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            (void)sigaction(ending[i], &action, NULL);
}

static void say_exists(const char *path)
{
    sr_say("%s exists: choose another file, or replace it with --force", path);
}

static bool open_stdout(struct sr_out_file *f)
{
    f->fd = STDOUT_FILENO;
    if (!isatty(STDOUT_FILENO))
        return true;
    sr_say(
        "this is binary data, and standard output is a terminal: name a file with -o, or instead of \"-\"");
    return false;
}

bool sr_out_file_open(struct sr_out_file *f, const char *path, bool replace)
{
    struct stat st;
    char *name;
    sigset_t set;
    sigset_t old;

    *f = (struct sr_out_file){.path = path, .fd = -1, .replace = replace};
    if (path == NULL || strcmp(path, "-") == 0) {
        f->path = NULL;
        return open_stdout(f);
    }
    if (lstat(path, &st) == 0 && !replace) {
        say_exists(path);
        return false;
    }
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        sr_say("%s is not a regular file: to write there, use \"> %s\"", path, path);
        return false;
    }
    if (asprintf(&name, "%s.XXXXXX", path) < 0) {
        sr_say("out of memory");
        return false;
    }
    /* Between the file's coming into being and our knowing its name, no signal. */
    (void)sigfillset(&set);
    (void)sigprocmask(SIG_BLOCK, &set, &old);
    f->fd = mkostemp(name, O_CLOEXEC); /* mode 0600 */
    int error = errno;
    if (f->fd >= 0) {
        f->temporary = name;
        to_remove = name;
        watch_signals();
    }
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    if (f->fd >= 0)
        return true;
    sr_say("%s cannot be written: %s", path, strerror(error));
    free(name);
    return false;
}

/* Without --force, nothing that came into being meanwhile is overwritten. */
static bool put_in_place(const struct sr_out_file *f)
{
    if (f->replace)
        return rename(f->temporary, f->path) == 0;
    if (renameat2(AT_FDCWD, f->temporary, AT_FDCWD, f->path, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    /* A file system that cannot do it can link. */
    return link(f->temporary, f->path) == 0;
}

/* The name is to be on the disk, too. */
static bool sync_folder(const char *path)
{
    char *copy = strdup(path);
    int fd = copy != NULL ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    int error = errno;

    if (fd >= 0)
        (void)close(fd);
    free(copy);
    errno = error;
    return ok;
}

bool sr_out_file_done(struct sr_out_file *f)
{
    if (f->path == NULL)
        return true;
    bool ok = fsync(f->fd) == 0 && put_in_place(f) && sync_folder(f->path);
    if (!ok && errno == EEXIST)
        say_exists(f->path);
    else if (!ok)
        sr_say("%s cannot be written: %s", f->path, strerror(errno));
    return ok;
}

void sr_out_file_close(struct sr_out_file *f)
{
    if (f->path != NULL && f->fd >= 0)
        (void)close(f->fd);
    if (f->temporary != NULL) {
        (void)unlink(f->temporary); /* after rename there is nothing left to remove */
        to_remove = NULL;
        free(f->temporary);
    }
    *f = SR_OUT_FILE_NONE;
}
