/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHANNEL 3 /* the spawner's only descriptor besides the standard ones */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* one request at a time */
static int spawner = -1;
static pid_t spawner_pid;

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(int))];
};

/* The descriptor out of a request; -1 where there is none. 0 in *LENGTH: the daemon is gone. */
static int receive_descriptor(ssize_t *length)
{
    union control control;
    char byte;
    int fd = -1;
    struct iovec data = {&byte, 1};
    struct msghdr m = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

    *length = recvmsg(CHANNEL, &m, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *c = *length > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(c), sizeof(int));
    return fd;
}

/* The new process's id, or a negative errno. */
static int run_officer(int fd)
{
    static char name[] = "strongroomd";
    static char option[] = "--officer";
    char *argv[] = {name, option, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    pid_t pid = 0;
    int error = ENOMEM;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -error;
    if (posix_spawnattr_init(&attributes) == 0) {
        (void)posix_spawnattr_setsigmask(&attributes, &none);
        (void)posix_spawnattr_setsigdefault(&attributes, &all);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        error = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
        if (error == 0)
            error = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv, environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? (int)pid : -error;
}

/* The spawner's whole life. It ends with the daemon: by the end of the channel, or killed with it. */
static void __attribute__((noreturn)) spawn_until_end(pid_t daemon)
{
    struct sigaction discard = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    ssize_t length = 1;

    (void)prctl(PR_SET_NAME, "sr-spawner");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != daemon ||
        sigaction(SIGCHLD, &discard, NULL) != 0 || unsetenv("NOTIFY_SOCKET") != 0)
        _exit(EXIT_FAILURE);
    for (;;) {
        int fd = receive_descriptor(&length);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            _exit(EXIT_SUCCESS);
        int answer = fd >= 0 ? run_officer(fd) : -EBADF;
        if (fd >= 0)
            (void)close(fd);
        if (send(CHANNEL, &answer, sizeof(answer), MSG_NOSIGNAL) != (ssize_t)sizeof(answer))
            _exit(EXIT_FAILURE);
    }
}

/* In the new process: the channel where it belongs, and nothing else open. */
static bool keep_channel(int fd)
{
    return (fd == CHANNEL || dup2(fd, CHANNEL) == CHANNEL) &&
           syscall(SYS_close_range, CHANNEL + 1, ~0U, 0) == 0 && fcntl(CHANNEL, F_SETFD, FD_CLOEXEC) == 0;
}

bool sr_spawner_start(struct sr_why *why)
{
    int ends[2];
    pid_t self = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        sr_why_set(why, "strongroomd cannot start: no socket can be made: %s", strerror(errno));
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        if (!keep_channel(ends[1]))
            _exit(EXIT_FAILURE);
        spawn_until_end(self);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        sr_why_set(why, "strongroomd cannot start: no second process can be made: %s", strerror(errno));
        (void)close(ends[0]);
        return false;
    }
    spawner = ends[0];
    spawner_pid = pid;
    return true;
}

void sr_spawner_stop(void)
{
    (void)pthread_mutex_lock(&lock);
    if (spawner >= 0) {
        (void)close(spawner);
        while (waitpid(spawner_pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    spawner = -1;
    (void)pthread_mutex_unlock(&lock);
}

static bool send_descriptor(int fd)
{
    union control control = {0};
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr m = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&m);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
    return sendmsg(spawner, &m, MSG_NOSIGNAL) == 1;
}

pid_t sr_spawn_officer(int fd)
{
    int answer = -EIO;

    (void)pthread_mutex_lock(&lock);
    if (spawner < 0)
        answer = -ENOSYS;
    else if (!send_descriptor(fd))
        answer = -errno;
    else
        while (recv(spawner, &answer, sizeof(answer), 0) != (ssize_t)sizeof(answer)) {
            if (errno == EINTR)
                continue;
            answer = -EPIPE; /* it was killed */
            break;
        }
    (void)pthread_mutex_unlock(&lock);
    if (answer < 0)
        errno = -answer;
    return answer < 0 ? -1 : answer;
}
