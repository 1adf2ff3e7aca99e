/* Is a configuration safe? Whoever could replace a file that strongroomd trusts would be strongroomd.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/check.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define SERVICE_USER "strongroom" /* of conf/strongroom.sysusers */
#define OWNERS 4

struct check {
    unsigned problems;
    uid_t owners[OWNERS]; /* who may own what is trusted: root, and who the daemon may run as */
    size_t owner_count;
};

/* What is checked, and what it would mean if somebody else wrote there. */
struct thing {
    const char *what;
    const char *path;
    bool made;     /* by strongroomd, where it is missing */
    bool secret;   /* nobody else may read it */
    bool anybodys; /* its folders may be another user's: a socket for a container */
};

__attribute__((format(printf, 2, 3))) static void problem(struct check *check, const char *format, ...)
{
    va_list args;
    (void)fputs("refused: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    check->problems++;
}

static bool is_owner(const struct check *check, uid_t uid)
{
    for (size_t i = 0; i < check->owner_count; i++)
        if (check->owners[i] == uid)
            return true;
    return false;
}

static void add_owner(struct check *check, uid_t uid)
{
    if (!is_owner(check, uid) && check->owner_count < OWNERS)
        check->owners[check->owner_count++] = uid;
}

/* Whom the daemon may run as: who asks; as root, the service's user and the owner of the PIN file too, which
 * strongroomd reads only if it is its own or root's. */
static void find_owners(struct check *check, const struct sr_config *config)
{
    const struct passwd *service = getpwnam(SERVICE_USER);
    struct stat st;

    add_owner(check, 0);
    add_owner(check, geteuid());
    if (geteuid() != 0)
        return;
    if (service != NULL)
        add_owner(check, service->pw_uid);
    if (config->token_count > 0 && stat(config->tokens[0].pin_file, &st) == 0)
        add_owner(check, st.st_uid);
}

static bool others_write(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* FOLDER, to the root. In a sticky one nobody replaces what is another's, but anybody makes what is not there
 * yet. */
static void check_folders(struct check *check, const struct thing *thing, char *folder, bool exists)
{
    for (bool nearest = true;; nearest = false) {
        struct stat st;
        if (stat(folder, &st) != 0) {
            problem(check, "%s %s: the folder %s cannot be looked at: %s; make it, with mode 0755",
                    thing->what, thing->path, folder, strerror(errno));
            return;
        }
        bool sticky = (st.st_mode & S_ISVTX) && (exists || !nearest);
        if (others_write(&st) && !sticky)
            problem(
                check,
                "%s %s: the folder %s is writable by others (mode %04o), who could put theirs in its place: "
                "chmod go-w %s",
                thing->what, thing->path, folder, (unsigned)(st.st_mode & 07777), folder);
        if (!thing->anybodys && !is_owner(check, st.st_uid))
            problem(check,
                    "%s %s: the folder %s belongs to uid %u, who could put theirs in its place: chown it to "
                    "root, or "
                    "to strongroomd's user",
                    thing->what, thing->path, folder, (unsigned)st.st_uid);
        if (strcmp(folder, "/") == 0)
            return;
        (void)dirname(folder);
    }
}

static void check_file(struct check *check, const struct thing *thing, const struct stat *st)
{
    if (others_write(st) && !S_ISSOCK(st->st_mode))
        problem(check, "%s %s is writable by others (mode %04o): chmod go-w %s", thing->what, thing->path,
                (unsigned)(st->st_mode & 07777), thing->path);
    if (thing->secret && (st->st_mode & (S_IRGRP | S_IROTH)))
        problem(check, "%s %s is readable by others (mode %04o): chmod 0600 %s", thing->what, thing->path,
                (unsigned)(st->st_mode & 07777), thing->path);
    if (!S_ISSOCK(st->st_mode) && !is_owner(check, st->st_uid))
        problem(check,
                "%s %s belongs to uid %u, who can change it: chown it to root, or to strongroomd's user",
                thing->what, thing->path, (unsigned)st->st_uid);
}

/* The folders of PATH itself, and where it is a link those of what it names. */
static void check_way(struct check *check, const struct thing *thing, const char *path, bool exists)
{
    char *copy = strdup(path);
    char *folder = copy != NULL ? realpath(dirname(copy), NULL) : NULL;

    if (folder != NULL)
        check_folders(check, thing, folder, exists);
    else
        problem(check, "%s %s: its folder cannot be found: %s; make it, with mode 0755", thing->what,
                thing->path, strerror(errno));
    free(folder);
    free(copy);
}

static void check_thing(struct check *check, const struct thing *thing)
{
    struct stat st;
    struct stat link;
    bool exists = stat(thing->path, &st) == 0;

    if (thing->path[0] != '/')
        problem(check, "%s %s is no absolute path: write one that begins with \"/\"", thing->what,
                thing->path);
    if (exists)
        check_file(check, thing, &st);
    else if (!thing->made || errno != ENOENT)
        problem(check, "%s %s cannot be looked at: %s", thing->what, thing->path, strerror(errno));
    check_way(check, thing, thing->path, exists);
    if (!exists || lstat(thing->path, &link) != 0 || !S_ISLNK(link.st_mode))
        return;
    char *real = realpath(thing->path, NULL);
    if (real != NULL)
        check_way(check, thing, real, true);
    free(real);
}

/* What another file says is not looked at here, and whoever writes there says who may do what. */
static void check_whole(struct check *check, const char *file)
{
    FILE *in = fopen(file, "re");
    char *line = NULL;
    size_t room = 0;
    bool includes = false;

    while (in != NULL && getline(&line, &room, in) >= 0)
        if (strncmp(line + strspn(line, " \t"), ".include", strlen(".include")) == 0)
            includes = true;
    if (includes)
        problem(check, "the configuration %s includes another file: put all that it says into this one",
                file);
    free(line);
    if (in != NULL)
        (void)fclose(in);
}

static void check_all(struct check *check, const struct sr_config *config, const char *file)
{
    char *whole = realpath(file, NULL);
    const struct thing itself = {.what = "the configuration", .path = whole != NULL ? whole : file};

    check_thing(check, &itself);
    check_whole(check, file);
    free(whole);
    for (size_t i = 0; i < config->token_count; i++) {
        const struct thing module = {.what = "the module", .path = config->tokens[i].module};
        const struct thing pin = {.what = "the PIN file", .path = config->tokens[i].pin_file, .secret = true};
        check_thing(check, &module);
        check_thing(check, &pin);
    }
    for (size_t i = 0; i < config->socket_count; i++) {
        const struct thing socket = {
            .what = "the socket", .path = config->sockets[i].path, .made = true, .anybodys = true};
        check_thing(check, &socket);
    }
    const struct thing registry = {.what = "the registry", .path = config->registry, .made = true};
    const struct thing audit = {.what = "the audit log", .path = config->audit, .made = true};
    if (config->registry != NULL)
        check_thing(check, &registry);
    if (config->audit != NULL)
        check_thing(check, &audit);
}

int sr_check(const char *file)
{
    struct check check = {0};
    struct sr_why why = {""};
    struct sr_config *config = sr_config_read(file, &why);

    if (config == NULL) {
        (void)fprintf(stderr, "refused: %s\n", why.text);
        return EX_CONFIG;
    }
    (void)printf("%s\n\n", file);
    sr_explain_config(config);
    (void)fflush(stdout);
    find_owners(&check, config);
    check_all(&check, config, file);
    sr_config_free(config);
    if (check.problems == 0)
        (void)puts("\nNothing is wrong with it.");
    return check.problems == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EX_CONFIG;
}
