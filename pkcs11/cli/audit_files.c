/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_files.h"
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool add(struct sr_audit_files *files, const char *path, FILE *file)
{
    struct sr_audit_file *more = reallocarray(files->list, files->count + 1, sizeof(*more));
    if (more != NULL)
        files->list = more;
    char *copy = more != NULL ? strdup(path) : NULL;
    if (copy == NULL) {
        if (file != NULL)
            (void)fclose(file);
        sr_say("out of memory");
        return false;
    }
    files->list[files->count++] = (struct sr_audit_file){copy, file};
    return true;
}

static void forget_last(struct sr_audit_files *files)
{
    struct sr_audit_file *last = &files->list[--files->count];
    if (last->file != NULL)
        (void)fclose(last->file);
    free(last->path);
}

/* The number of "BASE.000017"; 0 for another name. *LENGTH is BASE's. */
static unsigned long number_of(const char *name, size_t *length)
{
    const char *dot = strrchr(name, '.');
    size_t digits = dot != NULL ? strspn(dot + 1, "0123456789") : 0;
    if (digits < 6 || digits > 12 || dot[1 + digits] != '\0' || dot == name)
        return 0;
    *length = (size_t)(dot - name);
    return strtoul(dot + 1, NULL, 10);
}

/* BASE's files that were set aside, and itself; BASE "" is what the folder has files set aside of. */
struct search {
    const char *folder;
    char base[256];
};

static int by_number(const void *a, const void *b)
{
    const struct sr_audit_file *first = a;
    const struct sr_audit_file *second = b;
    size_t length;
    unsigned long x = number_of(first->path, &length);
    unsigned long y = number_of(second->path, &length);
    return (x > y) - (x < y);
}

static bool take(struct sr_audit_files *files, struct search *search, const char *name)
{
    char path[4096];
    size_t length = 0;

    if (number_of(name, &length) == 0 || length >= sizeof(search->base))
        return true;
    if (search->base[0] == '\0')
        (void)snprintf(search->base, sizeof(search->base), "%.*s", (int)length, name);
    if (strlen(search->base) != length || strncmp(name, search->base, length) != 0)
        return true;
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", search->folder, name) >= sizeof(path))
        return true;
    return add(files, path, NULL);
}

/* The names in the folder: those that were set aside, in their order. */
static bool list_folder(struct sr_audit_files *files, struct search *search)
{
    const struct dirent *entry;
    size_t first = files->count;
    DIR *dir = opendir(search->folder);
    bool ok = true;

    if (dir == NULL) {
        sr_say("the folder %s cannot be read: %s", search->folder, strerror(errno));
        return false;
    }
    while (ok && (entry = readdir(dir)) != NULL)
        ok = take(files, search, entry->d_name);
    (void)closedir(dir);
    if (files->count > first)
        qsort(files->list + first, files->count - first, sizeof(*files->list), by_number);
    return ok;
}

/* Is the file that is open among those set aside, for strongroomd did that a moment ago? It and what is
 * behind it are dropped: what is read is the log of that moment. */
static void drop_behind(struct sr_audit_files *files, size_t first, const struct stat *open)
{
    struct stat st;
    for (size_t i = first; i < files->count; i++)
        if (stat(files->list[i].path, &st) == 0 && st.st_dev == open->st_dev && st.st_ino == open->st_ino)
            while (files->count > i)
                forget_last(files);
}

/* What the log is called can be told from the files that were set aside. */
static bool name_log(struct sr_audit_files *files, struct search *search)
{
    size_t first = files->count;
    if (search->base[0] != '\0')
        return true;
    if (!list_folder(files, search))
        return false;
    while (files->count > first)
        forget_last(files);
    if (search->base[0] == '\0')
        (void)snprintf(search->base, sizeof(search->base), "audit.log");
    return true;
}

/* The log that is being written is opened before the folder is looked at: reading the others takes a while,
 * and strongroomd may set it aside meanwhile. */
static bool find_all(struct sr_audit_files *files, struct search *search)
{
    char path[4096];
    struct stat st;
    size_t first = files->count;

    if (!name_log(files, search))
        return false;
    int n = snprintf(path, sizeof(path), "%s/%s", search->folder, search->base);
    if (n < 0 || (size_t)n >= sizeof(path)) {
        sr_say("the folder's name is too long");
        return false;
    }
    FILE *file = fopen(path, "re");
    if (!list_folder(files, search)) {
        if (file != NULL)
            (void)fclose(file);
        return false;
    }
    if (file != NULL && fstat(fileno(file), &st) == 0)
        drop_behind(files, first, &st);
    return file != NULL || files->count == first ? add(files, path, file) : true;
}

bool sr_audit_files_begin(struct sr_audit_files *files, char *const *arguments, size_t n)
{
    struct stat st;
    bool ok = true;

    *files = (struct sr_audit_files){.list = NULL};
    if (n == 0) {
        struct search search = {.folder = "/var/lib/strongroom", .base = "audit.log"};
        if (stat(search.folder, &st) != 0)
            return add(files, SR_AUDIT_FILE, NULL); /* whose opening says why not */
        return find_all(files, &search);
    }
    for (size_t i = 0; ok && i < n; i++) {
        struct search search = {.folder = arguments[i]};
        if (stat(arguments[i], &st) == 0 && S_ISDIR(st.st_mode))
            ok = find_all(files, &search);
        else
            ok = add(files, arguments[i], NULL);
    }
    return ok;
}

static void close_file(struct sr_audit_files *files)
{
    if (files->file != NULL)
        (void)fclose(files->file);
    files->file = NULL;
}

void sr_audit_files_end(struct sr_audit_files *files)
{
    close_file(files);
    while (files->count > 0)
        forget_last(files);
    free(files->list);
}

static bool open_file(struct sr_audit_files *files, struct sr_chain *chain)
{
    const char *path = sr_audit_files_path(files);
    files->file = files->list[files->at].file;
    files->list[files->at].file = NULL;
    if (files->file == NULL)
        files->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (files->file == NULL) {
        sr_say("the audit log %s cannot be opened: %s", path, strerror(errno));
        return false;
    }
    sr_chain_file(chain, files->file);
    return true;
}

const char *sr_audit_files_path(const struct sr_audit_files *files)
{
    return files->list[files->at].path;
}

enum sr_chain_step sr_audit_files_next(struct sr_audit_files *files, struct sr_chain *chain)
{
    for (;;) {
        if (files->file == NULL && !open_file(files, chain))
            return SR_CHAIN_ERROR;
        enum sr_chain_step step = sr_chain_next(chain);
        if (step == SR_CHAIN_ERROR)
            sr_say("the audit log %s cannot be read: %s", sr_audit_files_path(files), strerror(errno));
        if (step != SR_CHAIN_END || files->at + 1 == files->count)
            return step;
        if (chain->unchained != 0 && !files->torn) {
            files->torn = true;
            return SR_CHAIN_BROKEN;
        }
        close_file(files);
        files->at++;
    }
}
