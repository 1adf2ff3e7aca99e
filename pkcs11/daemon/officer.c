/* The daemon's side of the security officer's process. PINs go through a socket, never through arguments or
 * the environment.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/officer.h"
#include "daemon/officer_wire.h"
#include "wire/channel.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REAP_MS 2000

/* The child gets its end of the pair as standard input, HOLD, and nothing else of ours but standard output
 * and error. The signals that end the daemon stay blocked in it, so that it is not stopped half-way. */
static int start(int socket, int hold, pid_t *pid)
{
    static char name[] = "strongroomd";
    static char option[] = "--officer";
    static char *const arguments[] = {name, option, NULL};
    posix_spawn_file_actions_t actions;
    int keep = STDERR_FILENO;

    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    if (error == 0 && hold >= 0)
        error = posix_spawn_file_actions_adddup2(&actions, hold, ++keep);
    if (error == 0)
        error = posix_spawn_file_actions_addclosefrom_np(&actions, keep + 1);
    if (error == 0)
        error = posix_spawn(pid, "/proc/self/exe", &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static bool ends_in_time(pid_t pid)
{
    long long until = sr_now_ms() + REAP_MS;
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        struct timespec pause = {.tv_nsec = 2L * 1000 * 1000};
        if (sr_now_ms() >= until)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

/* After its answer it ends by itself. A process that the kernel cannot end is left alone. */
static void reap(pid_t pid, bool answered)
{
    if (answered && ends_in_time(pid))
        return;
    (void)kill(pid, SIGKILL);
    (void)ends_in_time(pid);
}

static bool send_order(int fd, const struct sr_token_config *config, const struct sr_order *order)
{
    struct sr_buf out = SR_BUF_EMPTY;
    struct sr_officer_message message = {
        .kind = order->kind,
        .module = {strlen(config->module), (unsigned char *)config->module},
        .has_init_args = config->init_args != NULL,
        .label = {strlen(config->label), (unsigned char *)config->label},
        .pin = order->pin,
        .new = order->new,
    };
    if (config->init_args != NULL)
        message.init_args = (struct sr_bytes){strlen(config->init_args), (unsigned char *)config->init_args};
    sr_encode(&out, sr_officer_message_fields, &message);
    bool ok = sr_buf_ok(&out) && out.length <= SR_OFFICER_MAX &&
              send(fd, out.data, out.length, MSG_NOSIGNAL) == (ssize_t)out.length &&
              shutdown(fd, SHUT_WR) == 0;
    sr_buf_free(&out);
    return ok;
}

/* The whole answer, up to the end of the connection; false where there is none in time. */
static bool receive_answer(int fd, struct sr_buf *in)
{
    long long until = sr_now_ms() + SR_OFFICER_S * 1000LL;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        long long left = until - sr_now_ms();
        if (left <= 0 || in->length >= SR_OFFICER_MAX || !sr_buf_reserve(in, SR_OFFICER_MAX - in->length))
            return false;
        int ready = poll(&p, 1, (int)left);
        ssize_t n = ready > 0 ? recv(fd, in->data + in->length, SR_OFFICER_MAX - in->length, 0) : -1;
        if (n == 0)
            return in->length > 0;
        if (n > 0)
            in->length += (size_t)n;
        else if (ready < 0 ? errno != EINTR : ready > 0)
            return false;
    }
}

static bool parse_answer(struct sr_buf *in, CK_RV *rv, struct sr_why *why)
{
    struct sr_buf body = sr_buf_over(in->data, in->length);
    struct sr_officer_answer answer;
    if (!sr_decode(&body, sr_officer_answer_fields, &answer) || !sr_buf_finished(&body))
        return false;
    *rv = answer.rv;
    if (answer.why.length > 0)
        sr_why_set(why, "%.*s", (int)answer.why.length, (const char *)answer.why.data);
    return true;
}

bool sr_officer_do(const struct sr_token_config *config, const struct sr_order *order, CK_RV *rv,
                   struct sr_why *why)
{
    struct sr_buf in = SR_BUF_EMPTY;
    int ends[2] = {-1, -1};
    bool known = true;
    pid_t pid = -1;

    *rv = CKR_GENERAL_ERROR;
    int error = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 ? 0 : errno;
    if (error == 0)
        error = start(ends[1], order->hold, &pid);
    if (error != 0) {
        sr_why_set(why, "no process for the security officer's functions: %s", strerror(error));
        goto out;
    }
    (void)close(ends[1]);
    ends[1] = -1;
    known = send_order(ends[0], config, order) && receive_answer(ends[0], &in) && parse_answer(&in, rv, why);
    if (!known)
        sr_why_set(why, "the token \"%s\" gave no answer within %d seconds, or its module crashed",
                   config->label, SR_OFFICER_S);
    reap(pid, known);
out:
    for (size_t i = 0; i < 2; i++)
        if (ends[i] >= 0)
            (void)close(ends[i]);
    sr_buf_free(&in);
    return known;
}
