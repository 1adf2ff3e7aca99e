/* strongroomd: the only process that loads a token's module.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit.h"
#include "daemon/connection.h"
#include "daemon/listener.h"
#include "daemon/open_jobs.h"
#include "daemon/recover.h"
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
#define DEFAULT_CONFIG "/etc/strongroom/strongroomd.conf"

static void usage(FILE *out)
{
    (void)fprintf(out,
                  "Usage: strongroomd [-c FILE]\n"
                  "Holds the tokens' keys and serves them on Unix sockets, in the foreground.\n\n"
                  "  -c, --config FILE  the configuration (" DEFAULT_CONFIG ")\n"
                  "  -V, --version\n"
                  "  -h, --help\n\n"
                  "SIGTERM and SIGINT end it. Exit status: 0 after one of those, 78 for a mistake in the\n"
                  "configuration, the PIN or the token's name (starting again will not help), else 1.\n");
}

/* Keys lie in this process: no core dump, no debugger of the same user. Sanitizers look at the process
 * themselves. */
static void keep_others_out(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* A token's module that is given a megabyte takes some megabytes for the length of the call. Where these come
 * from the kernel each time and go back to it, AES-GCM takes four times as long. */
static void keep_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

/* The signals that end the daemon, as a descriptor; blocked for all threads. -1 on failure. */
static int stop_signals(void)
{
    sigset_t set;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    /* SIGXFSZ: a file that reached its limit is a full disk, which is said. */
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0 ||
        sigemptyset(&set) != 0 || sigaddset(&set, SIGTERM) != 0 || sigaddset(&set, SIGINT) != 0 ||
        pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool open_tokens(struct sr_daemon *daemon, size_t *opened, struct sr_why *why)
{
    for (*opened = 0; *opened < daemon->config->token_count; (*opened)++) {
        const struct sr_token_config *t = &daemon->config->tokens[*opened];
        if (sr_token_open(&daemon->tokens[*opened], t, why) != CKR_OK)
            return false;
        if (!sr_recover_gone(&daemon->tokens[*opened], NULL))
            sr_log(SR_LOG_INFO, "token \"%s\" (%s): logged in", t->label, t->module);
    }
    return true;
}

/* Waits for what is at work in the tokens, for DRAIN_MS in all. False where something hangs. */
static bool drain(struct sr_daemon *daemon, struct sr_tick *tick, struct sr_watch *watch)
{
    long long until = sr_now_ms() + DRAIN_MS;
    sr_connections_stop(daemon, DRAIN_MS);
    bool ended = sr_tick_stop(tick, until - sr_now_ms());
    ended = sr_watch_stop(watch, until - sr_now_ms()) && ended;
    return ended && atomic_load(&daemon->connections) == 0;
}

static int run(const char *file)
{
    struct sr_daemon daemon = {0};
    struct sr_tick *tick = NULL;
    struct sr_watch *watch = NULL;
    struct sr_why why = {""};
    int *listeners = NULL;
    size_t opened = 0;
    size_t listening = 0;
    int status = EX_CONFIG;

    daemon.config = sr_config_read(file, &why);
    if (daemon.config == NULL)
        goto out;
    sr_log_set_level(daemon.config->log_level);
    int stop = stop_signals();
    daemon.tokens = calloc(daemon.config->token_count, sizeof(*daemon.tokens));
    listeners = calloc(daemon.config->socket_count, sizeof(*listeners));
    if (stop < 0 || daemon.tokens == NULL || listeners == NULL) {
        sr_why_set(&why, "strongroomd cannot start: %s", strerror(errno));
        status = EXIT_FAILURE;
        goto out;
    }
    if (daemon.config->audit != NULL) {
        daemon.audit = sr_audit_open(daemon.config->audit, &why);
        if (daemon.audit == NULL)
            goto out;
        sr_log(SR_LOG_INFO, "audit log %s: open", daemon.config->audit);
    }
    if (!open_tokens(&daemon, &opened, &why) || !sr_open_jobs(&daemon, &why))
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
    while (opened > 0)
        sr_token_close(&daemon.tokens[--opened]);
    free(daemon.tokens);
    free(listeners);
    sr_config_free(daemon.config);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *file = DEFAULT_CONFIG;
    int c;

    while ((c = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            file = optarg;
            break;
        case 'V':
            (void)puts("strongroomd " STRONGROOM_VERSION);
            return EXIT_SUCCESS;
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
    return run(file);
}
