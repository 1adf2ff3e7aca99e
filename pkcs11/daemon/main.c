/* strongroomd: the only process that loads a token's module.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit_key.h"
#include "daemon/check.h"
#include "daemon/connection.h"
#include "daemon/custody_switch.h"
#include "daemon/listener.h"
#include "daemon/officer.h"
#include "daemon/open_jobs.h"
#include "daemon/pin_file.h"
#include "daemon/recover.h"
#include "daemon/seccomp.h"
#include "daemon/share.h"
#include "daemon/spawn.h"
#include "daemon/tick.h"
#include "daemon/watch.h"
#include "wire/channel.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define DRAIN_MS 5000
#define OTHER_FILES 256     /* descriptors that are no connections */
#define PIN_CHANGE_MS 35000 /* of an officer's process that outlived its strongroomd; it ends after 30 s */
#define DEFAULT_CONFIG "/etc/strongroom/strongroomd.conf"

static void usage(FILE *out)
{
    (void)fprintf(
        out, "Usage: strongroomd [-c FILE]\n"
             "       strongroomd --check FILE\n"
             "Holds the tokens' keys and serves them on Unix sockets, in the foreground.\n\n"
             "  -c, --config FILE  the configuration (" DEFAULT_CONFIG ")\n"
             "  --check FILE       say what that one means and whether it is safe, and start nothing\n"
             "  -V, --version\n"
             "  -h, --help\n\n"
             "SIGTERM and SIGINT end it; SIGHUP has it read its configuration again. Exit status: 0\n"
             "after one of the first two, 78 for a mistake in the configuration, the PIN or the token's\n"
             "name (starting again will not help), else 1.\n");
}

/* Keys lie in this process: no core dump, no debugger of the same user. Sanitizers look at the process
 * themselves. */
static void keep_others_out(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)prctl(PR_SET_PTRACER, 0); /* nobody */
#endif
}

/* A token's module that is given a megabyte takes some megabytes for the length of the call. Where these come
 * from the kernel each time and go back to it, AES-GCM takes four times as long. */
static void keep_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

/* Each connection is a descriptor, and many systems allow 1,024 unless one asks. */
static void allow_descriptors(const struct sr_config *config)
{
    struct rlimit files;
    rlim_t wanted = config->max_connections + SR_SHARE_ADMINISTRATION + OTHER_FILES;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted)
        return;
    files.rlim_cur = wanted < files.rlim_max ? wanted : files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < wanted)
        sr_log(SR_LOG_WARNING,
               "no more than %lu files may be open, which is too few for %zu connections (max-connections)",
               (unsigned long)files.rlim_cur, config->max_connections);
}

static bool is_administered(const struct sr_config *config)
{
    size_t i = 0;
    while (i < config->socket_count && !config->sockets[i].administration)
        i++;
    return i < config->socket_count;
}

/* The signals that end the daemon, and the one that has it read its configuration again, as a descriptor;
 * blocked for all threads. -1 on failure. */
static int stop_signals(void)
{
    sigset_t set;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    /* SIGXFSZ: a file that reached its limit is a full disk, which is said. */
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0 ||
        sigemptyset(&set) != 0 || sigaddset(&set, SIGTERM) != 0 || sigaddset(&set, SIGHUP) != 0 ||
        sigaddset(&set, SIGINT) != 0 || pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool open_tokens(struct sr_daemon *daemon, size_t *opened, struct sr_why *why)
{
    for (size_t i = 0; i < daemon->config->token_count; i++)
        sr_pin_file_wait(daemon->config->tokens[i].pin_file, PIN_CHANGE_MS);
    for (*opened = 0; *opened < daemon->config->token_count; (*opened)++) {
        const struct sr_token_config *t = &daemon->config->tokens[*opened];
        if (sr_token_open(&daemon->tokens[*opened], t, why) != CKR_OK)
            return false;
        const struct sr_token *token = &daemon->tokens[*opened];
        if (token->unset)
            sr_log(SR_LOG_WARNING, "token \"%s\" (%s): it has no user PIN yet, so nobody is logged in",
                   t->label, t->module);
        else if (!token->recovery.away)
            sr_log(SR_LOG_INFO, "token \"%s\" (%s): logged in", t->label, t->module);
    }
    return true;
}

/* Where the token cannot sign checkpoints the log says so, and goes on without. */
static bool begin_audit(struct sr_daemon *daemon, struct sr_audit_key **key, struct sr_why *why)
{
    struct sr_why reason = {""};

    if (daemon->audit == NULL)
        return true;
    *key = sr_audit_key_open(&daemon->tokens[daemon->config->jobs_token], &reason);
    if (*key == NULL)
        sr_log(SR_LOG_WARNING, "audit log %s: its checkpoints have no signatures: %s", daemon->config->audit,
               reason.text);
    return sr_audit_begin(daemon->audit, *key != NULL ? &(*key)->signer : NULL, reason.text, why);
}

/* Waits for what is at work in the tokens, for DRAIN_MS in all. False where something hangs. */
static bool drain(struct sr_daemon *daemon, struct sr_tick *tick, struct sr_watch *watch)
{
    long long until = sr_now_ms() + DRAIN_MS;
    sr_connections_stop(daemon, DRAIN_MS);
    sr_spawner_stop();
    bool ended = sr_tick_stop(tick, until - sr_now_ms());
    ended = sr_watch_stop(watch, until - sr_now_ms()) && ended;
    return ended && atomic_load(&daemon->connections) == 0 &&
           sr_audit_stop(daemon->audit, until - sr_now_ms());
}

static int run(const char *file)
{
    struct sr_daemon daemon = {.file = file};
    struct sr_audit_key *audit_key = NULL;
    struct sr_tick *tick = NULL;
    struct sr_watch *watch = NULL;
    struct sr_why why = {""};
    int *listeners = NULL;
    size_t opened = 0;
    size_t listening = 0;
    int status = EX_CONFIG;

    daemon.config = sr_config_read(file, &why);
    if (daemon.config == NULL || !sr_config_set_environment(daemon.config, &why))
        goto out;
    sr_current_begin(&daemon.current, daemon.config);
    sr_log_set_level(daemon.config->log_level);
    sr_custody_say(daemon.config);
    allow_descriptors(daemon.config);
    int stop = stop_signals();
    daemon.tokens = calloc(daemon.config->token_count, sizeof(*daemon.tokens));
    listeners = calloc(daemon.config->socket_count, sizeof(*listeners));
    if (stop < 0 || daemon.tokens == NULL || listeners == NULL) {
        sr_why_set(&why, "strongroomd cannot start: %s", strerror(errno));
        status = EXIT_FAILURE;
        goto out;
    }
    /* The officer's functions exist on sockets for administration only. */
    if (is_administered(daemon.config) && !sr_spawner_start(&why)) {
        status = EXIT_FAILURE;
        goto out;
    }
    if (daemon.config->audit != NULL) {
        daemon.audit = sr_audit_open(daemon.config->audit, &daemon.config->audit_options, &why);
        if (daemon.audit == NULL)
            goto out;
        sr_log(SR_LOG_INFO, "audit log %s: open", daemon.config->audit);
    }
    if (!open_tokens(&daemon, &opened, &why) || !begin_audit(&daemon, &audit_key, &why) ||
        !sr_open_jobs(&daemon, &why))
        goto out;
    if (daemon.jobs != NULL) {
        tick = sr_tick_start(&daemon, &why);
        if (tick == NULL) {
            status = EXIT_FAILURE;
            goto out;
        }
    }
    watch = sr_watch_start(daemon.tokens, daemon.config->token_count, &why);
    if (watch == NULL) {
        status = EXIT_FAILURE;
        goto out;
    }
    for (; listening < daemon.config->socket_count; listening++) {
        listeners[listening] = sr_listen(&daemon.config->sockets[listening], &why);
        if (listeners[listening] < 0)
            goto out;
        sr_log(SR_LOG_INFO, "listening on %s", daemon.config->sockets[listening].path);
    }
    if (!sr_seccomp_start(daemon.config->seccomp, &why))
        goto out;
    (void)sd_notify(0, "READY=1");
    sr_log(SR_LOG_INFO, "strongroomd " STRONGROOM_VERSION " is ready");
    sr_accept_loop(&daemon, listeners, stop);
    (void)sd_notify(0, "STOPPING=1");
    sr_log(SR_LOG_INFO, "strongroomd stops");
    status = EXIT_SUCCESS;
out:
    if (status != EXIT_SUCCESS)
        sr_log(SR_LOG_ERROR, "%s", why.text);
    for (size_t i = 0; i < listening; i++) {
        (void)close(listeners[i]);
        if (status == EXIT_SUCCESS && sd_listen_fds(0) == 0)
            (void)unlink(daemon.config->sockets[i].path);
    }
    if (!drain(&daemon, tick, watch))
        _exit(status); /* a thread hangs in a token's call: its memory is not to be taken from under it */
    sr_jobs_close(daemon.jobs);
    sr_audit_close(daemon.audit);
    sr_audit_key_free(audit_key);
    while (opened > 0)
        sr_token_close(&daemon.tokens[--opened]);
    free(daemon.tokens);
    free(listeners);
    sr_current_end(&daemon.current);
    sr_config_free(daemon.config);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", required_argument, NULL, 'k'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {"officer", no_argument, NULL, 'o'}, /* strongroomd runs itself so: officer.h */
        {NULL, 0, NULL, 0},
    };
    const char *file = DEFAULT_CONFIG;
    bool check = false;
    bool officer = false;
    int c;

    while ((c = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            file = optarg;
            break;
        case 'k':
            file = optarg;
            check = true;
            break;
        case 'V':
            (void)puts("strongroomd " STRONGROOM_VERSION);
            return EXIT_SUCCESS;
        case 'o':
            officer = true;
            break;
        case 'h':
            usage(stdout);
            return EXIT_SUCCESS;
        default:
            usage(stderr);
            return EX_USAGE;
        }
    }
    if (optind < argc) {
        usage(stderr);
        return EX_USAGE;
    }
    keep_others_out();
    keep_memory();
    /* A system openssl.cnf may name our own provider, which would load the shim, which would call us. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return EXIT_FAILURE;
    if (unsetenv("OPENSSL_CONF") != 0 || unsetenv("STRONGROOM_SOCKET") != 0)
        return EXIT_FAILURE;
    if (officer)
        return sr_officer_main();
    return check ? sr_check(file) : run(file);
}
