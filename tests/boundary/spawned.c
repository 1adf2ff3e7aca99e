/* SPDX-License-Identifier: Apache-2.0 */
/* A process whose system calls are filtered has another program started by its spawner, and cannot itself.
 * The program is this one, with --officer. */
#include "daemon/seccomp.h"
#include "daemon/spawn.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int failures;

static void expect(bool condition, const char *what)
{
    printf("%s: %s\n", condition ? "ok" : "FAILED", what);
    (void)fflush(stdout);
    failures += !condition;
}

/* What the officer says of itself, in one message: descriptors from 3 on, blocked signals, its name. */
static int officer(int argc)
{
    char text[100];
    sigset_t blocked;
    struct stat st;
    int open = 0;
    for (int fd = 3; fd < 256; fd++)
        open += fstat(fd, &st) == 0;
    if (sigprocmask(SIG_BLOCK, NULL, &blocked) != 0)
        return 1;
    int n = snprintf(text, sizeof(text), "%d arguments, %d descriptors, SIGTERM %d, pid %d", argc - 1, open,
                     sigismember(&blocked, SIGTERM), (int)getpid());
    return write(STDIN_FILENO, text, (size_t)n) == n ? 0 : 1;
}

static void ask(void)
{
    char text[100] = "";
    char expected[100];
    int ends[2];

    expect(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a pair of sockets");
    pid_t pid = sr_spawn_officer(ends[1]);
    expect(pid > 0 && pid != getpid(), "an officer is started");
    (void)close(ends[1]);
    expect(recv(ends[0], text, sizeof(text) - 1, 0) > 0, "it speaks");
    (void)snprintf(expected, sizeof(expected), "1 arguments, 0 descriptors, SIGTERM 0, pid %d", (int)pid);
    expect(strcmp(text, expected) == 0, text);
    expect(recv(ends[0], text, sizeof(text), 0) == 0, "it ends");
    (void)close(ends[0]);
}

int main(int argc, char **argv)
{
    struct sr_why why = {""};
    char program[] = "/bin/true";
    char *const arguments[] = {program, NULL};
    sigset_t term;
    pid_t pid;

    if (argc > 1)
        return strcmp(argv[1], "--officer") == 0 ? officer(argc) : 2;
    expect(sr_spawn_officer(0) == -1 && errno == ENOSYS, "no officer without a spawner");
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &term, NULL);
    expect(sr_spawner_start(&why), "a spawner");
    expect(posix_spawn(&pid, program, NULL, NULL, arguments, environ) == 0,
           "without a filter this process can start programs");
    expect(sr_seccomp_start(SR_SECCOMP_YES, &why), "a filter");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    expect(posix_spawn(&pid, program, NULL, NULL, arguments, environ) == EPERM, "now it cannot");
#endif
    for (int i = 0; i < 3; i++)
        ask();
    expect(sr_spawn_officer(-1) == -1 && errno == EBADF, "a descriptor that is none");
    sr_spawner_stop();
    expect(sr_spawn_officer(0) == -1 && errno == ENOSYS, "no officer after the spawner");
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
