/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/channel.h"
#include "wire/frame.h"
#include "wire/shared.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PAGE_AFTER 16   /* requests: a command that makes a few of them is better off without */
#define PAGE_LOOK_MS 20 /* whether the daemon lives, while waiting for an answer in the page */

static void say(struct sr_channel *ch, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct sr_channel *ch, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(ch->why, sizeof(ch->why), format, args);
    va_end(args);
}

long long sr_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_socket(int fd, const struct sr_channel *ch)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_dev == ch->device && st.st_ino == ch->inode;
}

bool sr_channel_ours(const struct sr_channel *ch)
{
    return ch->fd >= 0 && ch->owner == getpid() && is_socket(ch->fd, ch);
}

bool sr_channel_alive(const struct sr_channel *ch)
{
    char byte;
    if (!sr_channel_ours(ch))
        return false;
    ssize_t n = recv(ch->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void drop_passed(struct sr_channel *ch)
{
    if (ch->passed >= 0)
        (void)close(ch->passed);
    ch->passed = -1;
}

void sr_channel_abandon(struct sr_channel *ch)
{
    if (ch->fd >= 0 && is_socket(ch->fd, ch))
        (void)close(ch->fd);
    *ch = SR_CHANNEL_CLOSED;
}

void sr_channel_close(struct sr_channel *ch)
{
    if (ch->fd >= 0 && is_socket(ch->fd, ch))
        (void)close(ch->fd);
    ch->fd = -1;
    if (ch->owner == getpid()) {
        sr_page_unmap(ch->page);
        if (ch->buffer != NULL)
            (void)munmap(ch->buffer, SR_BUFFER_HALVES * ch->half);
    }
    ch->page = NULL;
    ch->buffer = NULL;
    drop_passed(ch);
    sr_buf_free(&ch->in);
    sr_buf_free(&ch->out);
}

static enum sr_channel_status fail(struct sr_channel *ch, enum sr_channel_status status)
{
    sr_channel_close(ch);
    return status;
}

/* Sets how long send and connect may block, where it is not what they are set to. */
static bool limit(struct sr_channel *ch, long long left_ms)
{
    if (left_ms <= 0)
        return false;
    /* A little more than asked is no harm and saves a system call per request. */
    if (ch->timeout_ms >= left_ms && ch->timeout_ms <= left_ms + 100)
        return true;
    struct timeval t = {.tv_sec = (time_t)(left_ms / 1000), .tv_usec = (suseconds_t)(left_ms % 1000) * 1000};
    if (setsockopt(ch->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) != 0)
        return false;
    ch->timeout_ms = (long)left_ms;
    return true;
}

static enum sr_channel_status send_all(struct sr_channel *ch, long long deadline)
{
    size_t sent = 0;
    while (sent < ch->out.length) {
        if (!limit(ch, deadline - sr_now_ms())) {
            say(ch, "strongroomd does not take requests: the call's time is over");
            return SR_CHANNEL_TIMEOUT;
        }
        ssize_t n = send(ch->fd, ch->out.data + sent, ch->out.length - sent, MSG_NOSIGNAL);
        if (n >= 0) {
            sent += (size_t)n;
        } else if (errno != EINTR && errno != EAGAIN) {
            say(ch, "the connection to strongroomd broke: %s", strerror(errno));
            return SR_CHANNEL_LOST;
        }
    }
    return SR_CHANNEL_OK;
}

/* Receives what there is, as recv does. TAKES: a descriptor that comes with it is taken; otherwise, and where
 * there are more, the kernel closes them. */
static ssize_t receive(struct sr_channel *ch, bool takes)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec room = {ch->in.data + ch->in.length, ch->in.capacity - ch->in.length};
    struct msghdr m = {.msg_iov = &room, .msg_iovlen = 1};

    if (takes) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_LEN(sizeof(int)); /* no room for a second one */
    }
    ssize_t n = recvmsg(ch->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int))) {
        drop_passed(ch);
        memcpy(&ch->passed, CMSG_DATA(c), sizeof(int));
    }
    return n;
}

static enum sr_channel_status late(struct sr_channel *ch)
{
    say(ch, "strongroomd does not answer: the call's time is over");
    return SR_CHANNEL_TIMEOUT;
}

static enum sr_channel_status closed(struct sr_channel *ch)
{
    say(ch, "strongroomd closed the connection");
    return SR_CHANNEL_LOST;
}

static enum sr_channel_status foreign(struct sr_channel *ch)
{
    say(ch, "what answers on the socket does not speak strongroomd's wire");
    return SR_CHANNEL_LOST;
}

/* Waits for the answer in the page. */
static enum sr_channel_status wait_for_page(struct sr_channel *ch, long long deadline)
{
    bool alive = true;
    while (!sr_page_answered(ch->page, ch->number)) {
        if (!alive)
            return closed(ch);
        if (sr_pace_again(&ch->pace))
            continue;
        long long left_ms = deadline - sr_now_ms();
        if (left_ms <= 0)
            return late(ch);
        sr_page_sleep(ch->page, ch->number, left_ms < PAGE_LOOK_MS ? left_ms : PAGE_LOOK_MS);
        /* Nobody wakes us when the daemon dies. It may have answered before that: once more then. */
        if (!sr_page_answered(ch->page, ch->number))
            alive = sr_channel_alive(ch);
    }
    return SR_CHANNEL_OK;
}

/* Receives a frame from the socket, behind what is in the buffer already. */
static enum sr_channel_status receive_frame(struct sr_channel *ch, bool takes, struct sr_frame *frame,
                                            long long deadline)
{
    for (;;) {
        enum sr_frame_status status = sr_frame_parse(ch->in.data, ch->in.length, frame);
        if (status == SR_FRAME_WHOLE)
            return SR_CHANNEL_OK;
        if (status == SR_FRAME_BAD)
            return foreign(ch);
        size_t want = ch->in.length < SR_FRAME_HEADER ? SR_FRAME_HEADER : SR_FRAME_HEADER + frame->length;
        if (!sr_buf_reserve(&ch->in, want - ch->in.length)) {
            say(ch, "out of memory for strongroomd's answer");
            return SR_CHANNEL_LOST;
        }
        long long left_ms = deadline - sr_now_ms();
        if (left_ms <= 0 || (!sr_pace_again(&ch->pace) && !sr_pace_sleep(&ch->pace, ch->fd, left_ms)))
            return late(ch);
        ssize_t n = receive(ch, takes);
        if (n > 0) {
            ch->in.length += (size_t)n;
        } else if (n == 0) {
            return closed(ch);
        } else if (errno != EINTR && errno != EAGAIN) {
            say(ch, "the connection to strongroomd broke: %s", strerror(errno));
            return SR_CHANNEL_LOST;
        }
    }
}

static enum sr_channel_status receive_answer(struct sr_channel *ch, bool takes, struct sr_frame *frame,
                                             long long deadline)
{
    sr_pace_begin(&ch->pace);
    sr_buf_reset(&ch->in);
    if (ch->page != NULL) {
        enum sr_channel_status status = wait_for_page(ch, deadline);
        if (status != SR_CHANNEL_OK)
            return status;
        if (!sr_page_take(ch->page, &ch->in))
            return foreign(ch);
        if (ch->in.length > 0)
            return sr_frame_parse(ch->in.data, ch->in.length, frame) == SR_FRAME_WHOLE ? SR_CHANNEL_OK
                                                                                       : foreign(ch);
    }
    return receive_frame(ch, takes, frame, deadline);
}

/* Takes the reply apart: return value, explanation, structure. */
static bool decode_reply(struct sr_channel *ch, const struct sr_call_row *row, size_t length, void *reply,
                         CK_RV *rv)
{
    struct sr_buf body = sr_buf_over(ch->in.data + SR_FRAME_HEADER, length);
    *rv = sr_buf_get_u64(&body);
    struct sr_bytes text = sr_buf_get_bytes(&body);
    if (!sr_buf_ok(&body))
        return false;
    if (*rv != CKR_OK) {
        say(ch, "%.*s", (int)(text.length < SR_WHY_MAX ? text.length : SR_WHY_MAX), (const char *)text.data);
        return true;
    }
    ch->why[0] = '\0';
    return reply == NULL || sr_decode(&body, row->reply, reply);
}

static enum sr_channel_status send_request(struct sr_channel *ch, enum sr_call call, const void *request,
                                           long long deadline, CK_RV *rv)
{
    struct sr_frame frame = {.number = ++ch->number, .call = call, .cpu = sr_pace_cpu()};

    *rv = CKR_DEVICE_ERROR;
    drop_passed(ch);
    if (!sr_channel_ours(ch)) {
        say(ch, "the program closed the descriptor of its connection to strongroomd");
        return fail(ch, SR_CHANNEL_LOST);
    }
    sr_buf_reset(&ch->out);
    sr_frame_begin(&ch->out);
    if (request != NULL)
        sr_encode(&ch->out, sr_call_row(call)->request, request);
    sr_frame_end(&ch->out, &frame);
    if (!sr_buf_ok(&ch->out)) {
        sr_buf_reset(&ch->out);
        say(ch, "the request is larger than a message may be");
        *rv = CKR_DATA_LEN_RANGE;
        return SR_CHANNEL_OK;
    }
    enum sr_channel_status status = send_all(ch, deadline);
    sr_buf_reset(&ch->out);
    if (status != SR_CHANNEL_OK)
        return fail(ch, status);
    *rv = CKR_OK;
    return SR_CHANNEL_OK;
}

/* A connection that has seen some requests will see more. Without a page it goes on as it did. */
static enum sr_channel_status ask_for_page(struct sr_channel *ch, long long deadline)
{
    CK_RV rv;
    enum sr_channel_status status = send_request(ch, SR_CALL_PAGE, NULL, deadline, &rv);
    if (status == SR_CHANNEL_OK)
        status = sr_channel_receive(ch, SR_CALL_PAGE, NULL, deadline, &rv);
    if (status != SR_CHANNEL_OK || rv != CKR_OK)
        return status;
    ch->page = ch->passed >= 0 ? sr_page_map(ch->passed) : NULL;
    if (ch->page == NULL) {
        say(ch, "strongroomd's shared memory cannot be used");
        return fail(ch, SR_CHANNEL_LOST);
    }
    return SR_CHANNEL_OK;
}

enum sr_channel_status sr_channel_send(struct sr_channel *ch, enum sr_call call, const void *request,
                                       long long deadline, CK_RV *rv)
{
    *rv = CKR_DEVICE_ERROR;
    if (ch->number == PAGE_AFTER) {
        enum sr_channel_status status = ask_for_page(ch, deadline);
        if (status != SR_CHANNEL_OK)
            return status;
    }
    return send_request(ch, call, request, deadline, rv);
}

enum sr_channel_status sr_channel_receive(struct sr_channel *ch, enum sr_call call, void *reply,
                                          long long deadline, CK_RV *rv)
{
    struct sr_frame answer;

    *rv = CKR_DEVICE_ERROR;
    bool takes = call == SR_CALL_BUFFER || call == SR_CALL_PAGE;
    enum sr_channel_status status = receive_answer(ch, takes, &answer, deadline);
    if (status != SR_CHANNEL_OK)
        return fail(ch, status);
    sr_pace_end(&ch->pace);
    ch->pace.peer = answer.cpu;
    if (answer.number != ch->number || answer.call != (uint32_t)call ||
        !decode_reply(ch, sr_call_row(call), answer.length, reply, rv)) {
        *rv = CKR_DEVICE_ERROR;
        return fail(ch, foreign(ch));
    }
    return SR_CHANNEL_OK;
}

enum sr_channel_status sr_channel_call(struct sr_channel *ch, enum sr_call call, const void *request,
                                       void *reply, long long deadline, CK_RV *rv)
{
    enum sr_channel_status status = sr_channel_send(ch, call, request, deadline, rv);
    return status == SR_CHANNEL_OK && *rv == CKR_OK ? sr_channel_receive(ch, call, reply, deadline, rv)
                                                    : status;
}

enum sr_channel_status sr_channel_buffer(struct sr_channel *ch, long long deadline, CK_RV *rv)
{
    struct sr_buffer_reply reply = {0};

    *rv = CKR_OK;
    if (ch->buffer != NULL)
        return SR_CHANNEL_OK;
    enum sr_channel_status status = sr_channel_call(ch, SR_CALL_BUFFER, NULL, &reply, deadline, rv);
    if (status != SR_CHANNEL_OK || *rv != CKR_OK)
        return status;
    if (ch->passed >= 0 && reply.half >= SR_BULK_MAX && reply.half <= SIZE_MAX / SR_BUFFER_HALVES)
        ch->buffer = sr_shared_map(ch->passed, SR_BUFFER_HALVES * reply.half);
    ch->half = reply.half;
    drop_passed(ch);
    if (ch->buffer == NULL || madvise(ch->buffer, SR_BUFFER_HALVES * ch->half, MADV_DONTFORK) != 0) {
        say(ch, "strongroomd's shared memory cannot be used");
        *rv = CKR_DEVICE_ERROR;
        return fail(ch, SR_CHANNEL_LOST);
    }
    return SR_CHANNEL_OK;
}

/* Connects without blocking: a full backlog (a stopped daemon) answers EAGAIN, and is asked again until
 * DEADLINE. */
static enum sr_channel_status connect_until(struct sr_channel *ch, const char *path, long long deadline)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;

    if (strlen(path) >= sizeof(address.sun_path)) {
        say(ch, "the socket's path %.60s... is longer than the %zu bytes that a Unix socket may have", path,
            sizeof(address.sun_path) - 1);
        return SR_CHANNEL_REFUSED;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || fstat(fd, &st) != 0) {
        say(ch, "no socket can be made: %s", strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return SR_CHANNEL_ABSENT;
    }
    ch->fd = fd;
    ch->device = st.st_dev;
    ch->inode = st.st_ino;
    ch->owner = getpid();
    ch->timeout_ms = 0;
    ch->number = 0;
    ch->pace = (struct sr_pace){0};
    while (limit(ch, deadline - sr_now_ms())) {
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
            return SR_CHANNEL_OK;
        if (errno == EAGAIN || errno == EINTR)
            continue;
        if (errno == EACCES || errno == EPERM) {
            say(ch,
                "no permission for strongroomd's socket %s: ask its administrator for admission, or use the "
                "socket that is meant for you (STRONGROOM_SOCKET)",
                path);
            return SR_CHANNEL_REFUSED;
        }
        say(ch,
            "strongroomd cannot be reached at %s: %s; is it running, and is this its socket "
            "(STRONGROOM_SOCKET)?",
            path, strerror(errno));
        return SR_CHANNEL_ABSENT;
    }
    say(ch, "strongroomd does not accept connections at %s: is it stopped?", path);
    return SR_CHANNEL_TIMEOUT;
}

enum sr_channel_status sr_channel_open(struct sr_channel *ch, const char *path,
                                       unsigned char client[SR_CLIENT_ID], bool *joined, long long deadline)
{
    static const unsigned char nobody[SR_CLIENT_ID];
    bool join = memcmp(client, nobody, SR_CLIENT_ID) != 0;
    struct sr_hello_request hello = {
        .version_min = SR_WIRE_MIN,
        .version_max = SR_WIRE_MAX,
        .abi = SR_ABI,
        .client = {.length = join ? SR_CLIENT_ID : 0, .data = client},
    };
    struct sr_hello_reply reply = {0};
    CK_RV rv;

    enum sr_channel_status status = connect_until(ch, path, deadline);
    if (status != SR_CHANNEL_OK)
        return fail(ch, status);
    status = sr_channel_call(ch, SR_CALL_HELLO, &hello, &reply, deadline, &rv);
    if (status != SR_CHANNEL_OK)
        return status;
    if (rv != CKR_OK)
        return fail(ch, SR_CHANNEL_REFUSED);
    if (reply.client.length != SR_CLIENT_ID || reply.version < SR_WIRE_MIN || reply.version > SR_WIRE_MAX) {
        say(ch, "what answers at %s does not speak strongroomd's wire", path);
        return fail(ch, SR_CHANNEL_REFUSED);
    }
    ch->version = reply.version;
    memcpy(client, reply.client.data, SR_CLIENT_ID);
    *joined = reply.joined != 0;
    return SR_CHANNEL_OK;
}
