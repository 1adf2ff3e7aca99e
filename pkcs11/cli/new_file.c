/* SPDX-License-Identifier: Apache-2.0 */
#include "new_file.h"
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot(const struct sr_new_file *file)
{
    sr_say("%s cannot be written: %s", file->path, strerror(errno));
    return false;
}

static bool exists(const struct sr_new_file *file)
{
    sr_say("%s exists: choose another file, or replace it with --force", file->path);
    return false;
}

bool sr_new_file_open(struct sr_new_file *file, const char *path, bool replace)
{
    struct stat st;

    *file = (struct sr_new_file){.path = path, .fd = -1, .replace = replace};
    if (strcmp(path, "-") == 0) {
        file->path = "standard output";
        file->fd = STDOUT_FILENO;
        return true;
    }
    if (!replace && lstat(path, &st) == 0)
        return exists(file);
    if (asprintf(&file->temporary, "%s.XXXXXX", path) < 0) {
        file->temporary = NULL;
        sr_say("out of memory");
        return false;
    }
    file->fd = mkostemp(file->temporary, O_CLOEXEC); /* mode 0600 */
    if (file->fd >= 0)
        return true;
    (void)cannot(file);
    free(file->temporary);
    file->temporary = NULL;
    return false;
}

/* The name is on the disk when its folder is. */
static bool sync_folder(const char *path)
{
    char *folder = strdup(path);
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    const char *name = ".";

    if (folder == NULL)
        return false;
    if (slash != NULL) {
        slash[slash == folder] = '\0'; /* "/" stays */
        name = folder;
    }
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    free(folder);
    return ok;
}

/* Without --force, link refuses what came into being meanwhile. */
static bool put_in_place(const struct sr_new_file *file)
{
    if (file->replace)
        return rename(file->temporary, file->path) == 0;
    return link(file->temporary, file->path) == 0;
}

bool sr_new_file_finish(struct sr_new_file *file)
{
    if (file->temporary == NULL)
        return true;
    if (fsync(file->fd) != 0)
        return cannot(file);
    if (!put_in_place(file))
        return errno == EEXIST ? exists(file) : cannot(file);
    return sync_folder(file->path) || cannot(file);
}

void sr_new_file_close(struct sr_new_file *file)
{
    if (file->temporary != NULL) {
        if (file->fd >= 0)
            (void)close(file->fd);
        (void)unlink(file->temporary); /* after rename there is nothing left to remove */
    }
    free(file->temporary);
    *file = SR_NEW_FILE_NONE;
}
