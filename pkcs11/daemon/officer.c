/* The daemon's side of the security officer's process. PINs go through a socket, never through arguments or
 * the environment.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/officer.h"
#include "daemon/officer_wire.h"
#include "daemon/spawn.h"
#include "wire/channel.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define END_MS 2000 /* for a process that was killed */

/* The process is the spawner's child, and not ours to wait for: it has ended where its end of the pair is
 * closed. */
static bool ends_in_time(int fd)
{
    long long until = sr_now_ms() + END_MS;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char rest[256];
        long long left = until - sr_now_ms();
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready == 0)
            return false;
        if (ready > 0 && recv(fd, rest, sizeof(rest), 0) <= 0)
            return true;
    }
}

/* Its number is its own for as long as its end of the pair is open. A process that the kernel cannot end is
 * left alone. */
static void kill_at_work(pid_t pid, int fd)
{
    char next;
    ssize_t n = recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        return;
    (void)kill(pid, SIGKILL);
    (void)ends_in_time(fd);
}

/* One byte, with HOLD, comes before the order: so the process has it before it can begin. */
static bool send_hold(int fd, int hold)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1};
    if (hold >= 0) {
        m.msg_control = &control;
        m.msg_controllen = sizeof(control);
        struct cmsghdr *header = CMSG_FIRSTHDR(&m);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &hold, sizeof(int));
    }
    return sendmsg(fd, &m, MSG_NOSIGNAL) == 1;
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
    bool ok = sr_buf_ok(&out) && out.length <= SR_OFFICER_MAX && send_hold(fd, order->hold) &&
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
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0)
        pid = sr_spawn_officer(ends[1]);
    if (pid < 0) {
        sr_why_set(why, "no process for the security officer's functions: %s", strerror(errno));
        goto out;
    }
    (void)close(ends[1]);
    ends[1] = -1;
    known = send_order(ends[0], config, order) && receive_answer(ends[0], &in) && parse_answer(&in, rv, why);
    if (!known) {
        sr_why_set(why, "the token \"%s\" gave no answer within %d seconds, or its module crashed",
                   config->label, SR_OFFICER_S);
        kill_at_work(pid, ends[0]);
    }
out:
    for (size_t i = 0; i < 2; i++)
        if (ends[i] >= 0)
            (void)close(ends[i]);
    sr_buf_free(&in);
    return known;
}
