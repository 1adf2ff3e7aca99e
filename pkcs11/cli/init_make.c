/* The making of it all, and the unmaking where a step fails.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was made so far, in order. The paths belong to the plan. */
#define MADE_MAX 8
struct made {
    struct {
        const char *path;
        enum { MADE_FILE, MADE_FOLDER, MADE_TOKENS } kind;
    } what[MADE_MAX];
    size_t n;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static bool remove_tree(const void *path)
{
    return nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0;
}

static void unmake(const struct sr_init_plan *plan, const struct made *made)
{
    for (size_t i = made->n; i > 0; i--) {
        const char *path = made->what[i - 1].path;
        bool ok;
        if (made->what[i - 1].kind == MADE_TOKENS)
            ok = sr_as_daemon(plan, remove_tree, path);
        else
            ok = remove(path) == 0;
        if (!ok)
            sr_say("%s was made for nothing and cannot be removed: %s", path, strerror(errno));
    }
}

static void note(struct made *made, const char *path, int kind)
{
    made->what[made->n].path = path;
    made->what[made->n].kind = kind;
    made->n++;
}

static bool is_new(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0 && errno == ENOENT)
        return true;
    sr_say("%s exists already, and init overwrites nothing: name other folders with --config-dir and "
           "--state-dir, or "
           "move away what is there (a token's keys go with its folder)",
           path);
    return false;
}

/* Makes the folder where it is missing; its last part only. OWNER: the daemon's user, else whoever runs this.
 */
static bool need_folder(const struct sr_init_plan *plan, const char *path, mode_t mode, bool owned,
                        struct made *made)
{
    struct stat st;
    if (mkdir(path, S_IRWXU) == 0) {
        note(made, path, MADE_FOLDER);
        if ((!owned || chown(path, plan->uid, plan->gid) == 0) && chmod(path, mode) == 0)
            return true;
    } else if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return true;
    }
    sr_say("the folder %s cannot be made: %s", path, strerror(errno));
    return false;
}

static bool make_token_folder(const void *path)
{
    if (mkdir(path, S_IRWXU) == 0)
        return true;
    sr_say("the folder %s cannot be made by strongroomd's user: %s", (const char *)path, strerror(errno));
    return false;
}

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t n = write(fd, text, left);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    return fsync(fd) == 0;
}

/* A new file with TEXT. OWNED by the daemon's user, else by whoever runs this. */
static bool write_new(const struct sr_init_plan *plan, const char *path, mode_t mode, bool owned,
                      const char *text, struct made *made)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        sr_say("%s cannot be made: %s", path, strerror(errno));
        return false;
    }
    note(made, path, MADE_FILE);
    bool ok =
        (!owned || fchown(fd, plan->uid, plan->gid) == 0) && fchmod(fd, mode) == 0 && write_all(fd, text);
    if (!ok)
        sr_say("%s cannot be written: %s", path, strerror(errno));
    (void)close(fd);
    return ok;
}

static bool write_pin(const struct sr_init_plan *plan, const char *path, bool owned, const char *pin,
                      struct made *made)
{
    char line[SR_NEW_PIN_SIZE + 1];
    (void)snprintf(line, sizeof(line), "%s\n", pin);
    bool ok = write_new(plan, path, S_IRUSR | S_IWUSR, owned, line, made);
    OPENSSL_cleanse(line, sizeof(line));
    return ok;
}

static bool write_config(const struct sr_init_plan *plan, const char *path, char *text, struct made *made)
{
    bool ok = text != NULL && write_new(plan, path, 0644, false, text, made);
    if (text == NULL)
        sr_say("out of memory");
    free(text);
    return ok;
}

static bool name_paths(struct sr_init_plan *plan)
{
    const struct {
        char **to;
        const char *folder;
        const char *name;
    } names[] = {
        {&plan->daemon_conf, plan->config_dir, "strongroomd.conf"},
        {&plan->softhsm_conf, plan->config_dir, "softhsm2.conf"},
        {&plan->pin_file, plan->config_dir, "pin"},
        {&plan->so_pin_file, plan->config_dir, "so-pin"},
        {&plan->token_dir, plan->state_dir, "tokens"},
        {&plan->registry, plan->state_dir, "registry.sqlite"},
        {&plan->audit, plan->state_dir, "audit.log"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (asprintf(names[i].to, "%s/%s", names[i].folder, names[i].name) < 0) {
            *names[i].to = NULL;
            sr_say("out of memory");
            return false;
        }
    return true;
}

static bool make(const struct sr_init_plan *plan, struct made *made)
{
    char pin[SR_NEW_PIN_SIZE] = "";
    char so_pin[SR_NEW_PIN_SIZE] = "";
    const struct sr_new_token token = {plan, pin, so_pin};

    /* The security officer's PIN is not for the daemon to read: it stays with whoever runs this. */
    bool ok = need_folder(plan, plan->config_dir, 0755, false, made) &&
              need_folder(plan, plan->state_dir, S_IRWXU, true, made) &&
              need_folder(plan, plan->run_dir, 0755, true, made) && sr_new_pin(pin) && sr_new_pin(so_pin) &&
              write_pin(plan, plan->pin_file, true, pin, made) &&
              write_pin(plan, plan->so_pin_file, false, so_pin, made) &&
              write_config(plan, plan->softhsm_conf, sr_init_softhsm_conf(plan), made) &&
              write_config(plan, plan->daemon_conf, sr_init_daemon_conf(plan), made) &&
              sr_as_daemon(plan, make_token_folder, plan->token_dir);
    if (ok) {
        note(made, plan->token_dir, MADE_TOKENS);
        ok = sr_as_daemon(plan, sr_init_token, &token);
    }
    OPENSSL_cleanse(pin, sizeof(pin));
    OPENSSL_cleanse(so_pin, sizeof(so_pin));
    return ok;
}

bool sr_init_make(struct sr_init_plan *plan)
{
    struct made made = {.n = 0};
    sigset_t signals;
    sigset_t before;

    if (!name_paths(plan) || !is_new(plan->daemon_conf) || !is_new(plan->softhsm_conf) ||
        !is_new(plan->pin_file) || !is_new(plan->so_pin_file) || !is_new(plan->token_dir) ||
        !is_new(plan->registry))
        return false;
    /* PINs in no core dump; and a signal takes effect when everything is there, or nothing. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &signals, &before);
    bool ok = make(plan, &made);
    if (!ok)
        unmake(plan, &made);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}

void sr_init_plan_free(struct sr_init_plan *plan)
{
    free(plan->self);
    free(plan->use);
    free(plan->manage);
    free(plan->daemon_conf);
    free(plan->softhsm_conf);
    free(plan->pin_file);
    free(plan->so_pin_file);
    free(plan->token_dir);
    free(plan->registry);
    free(plan->audit);
}
