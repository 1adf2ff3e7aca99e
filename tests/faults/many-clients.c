/* SPDX-License-Identifier: Apache-2.0 */
/* A crowd of client processes, each with several sessions and a load of mixed operations.
 * usage: many-clients --make-keys
 *        many-clients [--lossy] CLIENTS SESSIONS SECONDS
 * With --lossy the daemon may die under the clients: what cannot be repeated may fail in the ways that are
 * documented for that, and is tried again. SIGTERM ends the load once every client has finished another
 * operation without any failure. */
#include "cryptoki/names.h"
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 1024
#define KINDS_MAX 32
#define LAST_WAIT 60 /* seconds that the clients may take for their last operation */
#define TRIES 20     /* of one operation, where the daemon may die */
#define OPENING_WAIT 60
#define SETTLED 100 /* operations, after which a client's memory should not grow any more */

struct record {
    atomic_ulong done[KINDS_MAX];
    atomic_ulong all;
    atomic_ulong lost;     /* failures that are allowed */
    unsigned long made;    /* objects of its sessions */
    unsigned long objects; /* those since its memory was first looked at */
    unsigned long memory;  /* by how many kB it grew since then */
    atomic_bool open;
    atomic_bool failed;
    char why[160];
};
struct board {
    atomic_bool go;
    atomic_bool stop;
    struct record clients[CLIENTS_MAX];
};

static struct board *board;
static volatile sig_atomic_t asked_to_end;
static bool lossy;

static void ask_to_end(int signal)
{
    (void)signal;
    asked_to_end = 1;
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(void)
{
    struct timespec t = {0, 10000000};
    (void)nanosleep(&t, NULL);
}

/* What a call may say once when the daemon that it was for is gone (a session's objects are lost with it). */
static bool may_be_lost(CK_RV rv)
{
    return rv == CKR_DEVICE_ERROR || rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_KEY_HANDLE_INVALID;
}

/* The process's anonymous memory in kB. */
static unsigned long own_memory(void)
{
    char line[128];
    unsigned long size = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, "RssAnon:", 8) == 0)
            size = strtoul(line + 8, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return size;
}

static void fail(struct record *mine, const char *operation, const struct load *l)
{
    (void)snprintf(mine->why, sizeof(mine->why), "%s: %s: %s", operation, l->call != NULL ? l->call : "?",
                   l->rv == LOAD_WRONG ? "a wrong result" : sr_rv_name(l->rv));
    atomic_store(&mine->failed, true);
}

static bool run_one(struct load *l, struct record *mine, unsigned kind, CK_SESSION_HANDLE session)
{
    for (int i = 0; i < TRIES; i++) {
        l->rv = CKR_OK;
        l->call = NULL;
        if (load_operations[kind].run(l, session)) {
            atomic_fetch_add(&mine->done[kind], 1);
            atomic_fetch_add(&mine->all, 1);
            return true;
        }
        if (!lossy || !may_be_lost(l->rv))
            break;
        atomic_fetch_add(&mine->lost, 1);
    }
    fail(mine, load_operations[kind].name, l);
    return false;
}

static int client(unsigned number, unsigned sessions)
{
    struct load l;
    struct record *mine = &board->clients[number];
    unsigned seed = number * 2654435761U + 1;

    if (!load_open(&l, sessions)) {
        fail(mine, "opening", &l);
        load_close(&l);
        return 1;
    }
    atomic_store(&mine->open, true);
    while (!atomic_load(&board->go) && !atomic_load(&board->stop))
        nap();
    unsigned long memory = 0;
    unsigned long objects = 0;
    while (!atomic_load(&board->stop)) {
        if (memory == 0 && atomic_load(&mine->all) > SETTLED) {
            memory = own_memory();
            objects = l.objects;
        }
        unsigned kind = (unsigned)rand_r(&seed) % load_operation_count;
        if (!run_one(&l, mine, kind, l.sessions[(unsigned)rand_r(&seed) % sessions]))
            break;
    }
    unsigned long at_last = own_memory();
    mine->made = l.objects;
    mine->objects = memory != 0 ? l.objects - objects : 0;
    mine->memory = memory != 0 && at_last > memory ? at_last - memory : 0;
    load_close(&l);
    return atomic_load(&mine->failed) ? 1 : 0;
}

static bool start(unsigned clients, unsigned sessions)
{
    pid_t parent = getpid();
    for (unsigned i = 0; i < clients; i++) {
        pid_t pid = fork();
        if (pid == -1) {
            perror("fork");
            return false;
        }
        if (pid == 0) {
            (void)signal(SIGTERM, SIG_IGN);
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            exit(getppid() == parent ? client(i, sessions) : 1);
        }
    }
    return true;
}

static unsigned count_open(unsigned clients)
{
    unsigned open = 0;
    for (unsigned i = 0; i < clients; i++)
        open += atomic_load(&board->clients[i].open) || atomic_load(&board->clients[i].failed) ? 1 : 0;
    return open;
}

/* The number of clients that have gone on since MARK was taken. */
static unsigned count_on(unsigned clients, const unsigned long *mark)
{
    unsigned on = 0;
    for (unsigned i = 0; i < clients; i++)
        on += atomic_load(&board->clients[i].all) > mark[i] ? 1 : 0;
    return on;
}

static void watch(unsigned clients, double seconds)
{
    static unsigned long mark[CLIENTS_MAX];
    double until = now() + OPENING_WAIT;
    while (count_open(clients) < clients && now() < until)
        nap();
    printf("clients with their sessions: %u\n", count_open(clients));
    (void)fflush(stdout);
    atomic_store(&board->go, true);
    until = now() + seconds;
    while (!asked_to_end && now() < until)
        nap();
    for (unsigned i = 0; i < clients; i++)
        mark[i] = atomic_load(&board->clients[i].all);
    until = now() + LAST_WAIT;
    while (count_on(clients, mark) < clients && now() < until)
        nap();
    printf("clients that were at work to the end: %u\n", count_on(clients, mark));
    atomic_store(&board->stop, true);
}

static unsigned report(unsigned clients)
{
    unsigned failed = 0;
    unsigned long all = 0;
    unsigned long lost = 0;
    for (unsigned i = 0; i < clients; i++) {
        struct record *r = &board->clients[i];
        if (atomic_load(&r->failed) && failed++ < 10)
            printf("client %u: %s\n", i, r->why);
        all += atomic_load(&r->all);
        lost += atomic_load(&r->lost);
    }
    for (unsigned kind = 0; kind < load_operation_count; kind++) {
        unsigned long done = 0;
        for (unsigned i = 0; i < clients; i++)
            done += atomic_load(&board->clients[i].done[kind]);
        printf("%s: %lu\n", load_operations[kind].name, done);
    }
    unsigned long made = 0;
    unsigned long objects = 0;
    unsigned long memory = 0;
    for (unsigned i = 0; i < clients; i++) {
        made += board->clients[i].made;
        objects += board->clients[i].objects;
        memory += board->clients[i].memory;
    }
    printf(
        "session objects: %lu\nsession objects of the settled clients: %lu\ntheir memory grew by: %lu kB\n",
        made, objects, memory);
    printf("operations: %lu\nlost with the daemon: %lu\nfailed clients: %u\n", all, lost, failed);
    return failed;
}

/* The number of children that did not end well. */
static unsigned reap(void)
{
    unsigned bad = 0;
    int status;
    while (wait(&status) != -1 || errno == EINTR)
        bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0 ? 1 : 0;
    return bad;
}

static int make_keys(void)
{
    struct load l;
    bool good = load_open(&l, 0) && load_make_keys(&l);
    if (!good)
        fprintf(stderr, "%s: %s\n", l.call, sr_rv_name(l.rv));
    load_close(&l);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--make-keys") == 0)
        return make_keys();
    lossy = argc > 1 && strcmp(argv[1], "--lossy") == 0;
    char **numbers = argv + 1 + lossy;
    unsigned clients = argc == 4 + lossy ? (unsigned)strtoul(numbers[0], NULL, 10) : 0;
    unsigned sessions = clients != 0 ? (unsigned)strtoul(numbers[1], NULL, 10) : 0;
    if (clients == 0 || clients > CLIENTS_MAX || sessions == 0 || sessions > LOAD_SESSIONS_MAX) {
        fputs("usage: many-clients [--lossy] CLIENTS SESSIONS SECONDS\n", stderr);
        return 2;
    }
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED)
        return 1;
    (void)signal(SIGTERM, ask_to_end);
    bool good = start(clients, sessions);
    if (good)
        watch(clients, strtod(numbers[2], NULL));
    atomic_store(&board->stop, true);
    unsigned bad = reap();
    printf("processes that ended badly: %u\n", bad);
    good = report(clients) == 0 && bad == 0 && good;
    (void)munmap(board, sizeof(*board));
    return good ? 0 : 1;
}
