/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/connection.h"

#include "cryptoki/names.h"
#include "daemon/audit_key_call.h"
#include "daemon/crowd.h"
#include "daemon/flood.h"
#include "daemon/permit.h"
#include "daemon/recover.h"
#include "daemon/share.h"
#include "wire/channel.h"
#include "wire/frame.h"
#include "wire/locked.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)512 << 10) /* a token's RSA key generation included */
#define HELLO_MS 10000                 /* for the first message to begin */
#define MESSAGE_MS 10000               /* from a message's first byte to its last, in either direction */
#define STEP ((size_t)64 << 10)        /* that a buffer grows by, however long a message says it is */
#define IDLE_MS 1000                   /* after which an idle connection's large buffers are given back */

struct connection {
    struct sr_work work;
    int fd;
    uid_t connected; /* whose share of the connections it is */
    bool greeted;
    long long late_ms; /* when the message that has begun must be here; 0: none has */
    struct sr_pace pace;
    struct sr_crowd crowd;
    struct sr_page *page; /* where answers go; NULL: to the socket */
    struct sr_buf in;
    struct sr_buf out;
    struct connection *next;
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct connection *list;

union request {
    struct sr_hello_request hello;
    struct sr_login_request login;
    struct sr_find_request find;
    struct sr_restore_request restore;
    struct sr_read_request read;
    struct sr_generate_request generate;
    struct sr_make_request make;
    struct sr_wrap_request wrap;
    struct sr_operate_request operate;
    struct sr_part_request part;
    struct sr_message_init_request message_init;
    struct sr_message_request message;
    struct sr_message_final_request message_final;
    struct sr_state_request state;
    struct sr_event_request event;
    struct sr_init_token_request init_token;
    struct sr_pin_request pin;
    struct sr_policy_test_request policy_test;
    struct sr_random_request random;
    struct sr_object object;
    struct sr_open_session_request open_session;
    struct sr_create_request create;
    struct sr_rotate_request rotate;
    struct sr_family_request family;
    struct sr_version_request version;
    struct sr_session_request session_key;
    struct sr_jwt_sign_request jwt_sign;
    struct sr_jwt_verify_request jwt_verify;
    struct sr_piece_request piece;
    struct sr_registry_restore_request registry_restore;
    struct sr_totp_enrol_request totp_enrol;
    struct sr_totp_import_request totp_import;
    struct sr_totp_request totp;
    struct sr_totp_list_request totp_list;
    struct sr_totp_rewrap_request totp_rewrap;
    struct sr_data_request data;
    struct sr_backup_begin_request backup_begin;
    struct sr_backup_header_request backup_header;
    struct sr_backup_chunk_request backup_chunk;
    struct sr_backup_end_request backup_end;
    struct sr_backup_forget_request backup_forget;
};

union reply {
    struct sr_hello_reply hello;
    struct sr_status_reply status;
    struct sr_bytes_reply bytes;
    struct sr_find_reply find;
    struct sr_read_reply read;
    struct sr_policy_test_reply policy_test;
    struct sr_object object;
    struct sr_size_reply size;
    struct sr_operate_reply operate;
    struct sr_message_reply message;
    struct sr_event_reply event;
    struct sr_session session;
    struct sr_version_reply version;
    struct sr_backup_reply backup;
    struct sr_totp_moved_reply totp_moved;
    struct sr_buffer_reply buffer;
    struct sr_backup_begin_reply backup_begin;
    struct sr_backup_open_reply backup_open;
    struct sr_backup_chunk_reply backup_chunk;
    struct sr_backup_info_reply backup_info;
    struct sr_backup_rewrap_reply backup_rewrap;
};

/* The sender's credentials out of a message's control data; false where there are none, or somebody sends
 * descriptors along (the room is for credentials only, so the kernel has closed them and says MSG_CTRUNC). */
static bool sender_of(struct msghdr *m, struct ucred *sender)
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(m);
    if ((m->msg_flags & MSG_CTRUNC) || c == NULL || c->cmsg_level != SOL_SOCKET ||
        c->cmsg_type != SCM_CREDENTIALS || c->cmsg_len != CMSG_LEN(sizeof(*sender)))
        return false;
    memcpy(sender, CMSG_DATA(c), sizeof(*sender));
    return true;
}

/* The first message decides who the client is; every further byte must be sent by the same process and user.
 * A worker that inherited its root parent's connection is not root. */
static bool same_sender(struct connection *c, const struct ucred *sender)
{
    struct sr_peer *peer = &c->work.peer;
    if (!c->greeted) {
        peer->pid = sender->pid;
        peer->uid = sender->uid;
        peer->gid = sender->gid;
        if (!sr_peer_complete(c->fd, peer)) {
            sr_log(SR_LOG_WARNING,
                   "refused: uid %u, pid %d, socket %s: another process opened the connection (message "
                   "credentials)",
                   (unsigned)peer->uid, (int)peer->pid, c->work.socket->path);
            return false;
        }
        c->greeted = true;
        return true;
    }
    if (sender->pid == peer->pid && sender->uid == peer->uid && sender->gid == peer->gid)
        return true;
    sr_log(SR_LOG_WARNING,
           "refused: uid %u, pid %d, socket %s: it writes on the connection of uid %u, pid %d (message "
           "credentials)",
           (unsigned)sender->uid, (int)sender->pid, c->work.socket->path, (unsigned)peer->uid,
           (int)peer->pid);
    return false;
}

/* Buffers of a connection that has had large messages and has nothing to do now. */
static bool give_back(struct connection *c)
{
    sr_buf_free(&c->in);
    sr_buf_free(&c->out);
    return sr_buf_reserve(&c->in, SR_FRAME_HEADER);
}

/* Waits, asleep, until there is something to receive. False where it took too long. */
static bool wait_for_bytes(struct connection *c)
{
    if (c->late_ms != 0) {
        long long left_ms = c->late_ms - sr_now_ms();
        return left_ms > 0 && sr_pace_sleep(&c->pace, c->fd, left_ms);
    }
    if (c->in.length == 0 && (c->in.capacity > STEP || c->out.capacity > STEP)) {
        if (sr_pace_sleep(&c->pace, c->fd, IDLE_MS))
            return true;
        if (!give_back(c))
            return false;
    }
    return sr_pace_sleep(&c->pace, c->fd, c->work.client == NULL ? HELLO_MS : -1);
}

static void say_late(const struct connection *c)
{
    static struct sr_flood unfinished;
    static struct sr_flood silent;
    const struct sr_peer *peer = &c->work.peer;
    if (c->greeted)
        sr_flood_log(&unfinished,
                     "refused: uid %u, pid %d, socket %s: a message that is not finished after %d s",
                     (unsigned)peer->uid, (int)peer->pid, c->work.socket->path, MESSAGE_MS / 1000);
    else
        sr_flood_log(&silent, "refused: uid %u, socket %s: a connection that says nothing for %d s",
                     (unsigned)c->connected, c->work.socket->path, HELLO_MS / 1000);
}

/* Receives what there is, with its sender's credentials checked. 0 at the end of the connection. */
static ssize_t receive(struct connection *c)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec room;
    struct msghdr m;
    struct ucred sender;
    ssize_t n;

    do {
        int wait = MSG_DONTWAIT;
        if (!sr_pace_again(&c->pace)) {
            sr_ahead_undo(&c->work.ahead);
            if (c->page != NULL && c->late_ms == 0 && c->in.capacity <= STEP && c->out.capacity <= STEP) {
                wait = 0; /* the client takes nothing off the socket that could wake us (sr_pace_sleep) */
            } else if (!wait_for_bytes(c)) {
                say_late(c);
                return 0;
            }
        }
        room = (struct iovec){c->in.data + c->in.length, c->in.capacity - c->in.length};
        m = (struct msghdr){
            .msg_iov = &room, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
        n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC | wait);
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    if (n > 0 && (!sender_of(&m, &sender) || !same_sender(c, &sender)))
        return 0;
    return n > 0 ? n : 0;
}

/* The next whole frame at the start of c->in. False at the end of the connection, or where it is none. */
static bool next_frame(struct connection *c, struct sr_frame *frame)
{
    static struct sr_flood flood;
    c->late_ms = 0;
    sr_pace_begin(&c->pace);
    for (;;) {
        enum sr_frame_status status = sr_frame_parse(c->in.data, c->in.length, frame);
        if (status == SR_FRAME_WHOLE)
            return true;
        if (status == SR_FRAME_BAD) {
            sr_flood_log(&flood,
                         "refused: uid %u, pid %d, socket %s: what it sends is no message of this wire",
                         (unsigned)c->work.peer.uid, (int)c->work.peer.pid, c->work.socket->path);
            return false;
        }
        size_t want = c->in.length < SR_FRAME_HEADER ? SR_FRAME_HEADER : SR_FRAME_HEADER + frame->length;
        size_t step = c->in.length > STEP ? c->in.length : STEP;
        if (!sr_buf_reserve(&c->in, want - c->in.length < step ? want - c->in.length : step))
            return false;
        if (c->in.length > 0 && c->late_ms == 0)
            c->late_ms = sr_now_ms() + MESSAGE_MS;
        ssize_t n = receive(c);
        if (n <= 0)
            return false;
        c->in.length += (size_t)n;
    }
}

/* Drops the frame at the start of c->in; what a hasty client sent behind it moves up. */
static void drop_frame(struct connection *c, const struct sr_frame *frame)
{
    size_t size = SR_FRAME_HEADER + frame->length;
    size_t rest = c->in.length - size;
    if (rest > 0)
        memmove(c->in.data, c->in.data + size, rest);
    explicit_bzero(c->in.data + rest, size);
    c->in.length = rest;
}

/* What every call needs before its handler: a hello, and the right or the permission that its row names. */
static CK_RV permit(struct sr_work *work, enum sr_call call, const struct sr_call_row *row)
{
    if (work->door == SR_RIGHT_NONE && !sr_admission_admits(work->socket, &work->peer))
        return sr_refuse(work, CKR_TOKEN_NOT_PRESENT, "admission",
                         "uid %u is not admitted on %s; add user:%u to [%s] in strongroomd.conf, or to the "
                         "clients of a rule",
                         (unsigned)work->peer.uid, work->socket->path, (unsigned)work->peer.uid,
                         work->socket->name);
    if (work->client == NULL && call != SR_CALL_HELLO)
        return sr_refuse(work, CKR_FUNCTION_FAILED, "wire", "a call before the hello");
    if (row->permission != NULL && !sr_admission_permits(work->socket, &work->peer, row->permission))
        return sr_refuse(work, CKR_ACTION_PROHIBITED, "admission",
                         "%s needs the permission \"%s\", which uid %u does not have on %s; add user:%u to "
                         "\"%s = ...\" of [%s] in strongroomd.conf",
                         row->name, row->permission, (unsigned)work->peer.uid, work->socket->path,
                         (unsigned)work->peer.uid, row->permission, work->socket->name);
    /* Who has permissions only sees no token, like one who is not admitted: programs start all the same. */
    if (work->door < row->right)
        return sr_refuse(work, row->right == SR_RIGHT_USE ? CKR_TOKEN_NOT_PRESENT : CKR_ACTION_PROHIBITED,
                         "admission", "%s needs the right \"%s\", and uid %u has \"%s\" on %s", row->name,
                         sr_right_name(row->right), (unsigned)work->peer.uid, sr_right_name(work->right),
                         work->socket->path);
    return CKR_OK;
}

/* What a token that lost its sessions makes of a call that may not be done twice. */
static CK_RV after_loss(struct sr_work *work, CK_RV rv)
{
    if (!sr_recover_suspects(rv) && rv != CKR_KEY_HANDLE_INVALID && rv != CKR_OBJECT_HANDLE_INVALID)
        return rv;
    if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED)
        return rv;
    if (work->why[0] == '\0')
        (void)sr_explain(work, rv, "the token failed or lost its sessions: try again (%s)", sr_rv_name(rv));
    return CKR_DEVICE_ERROR;
}

/* The handler. A call that met a token without its sessions is done once more, where that does no harm. */
static CK_RV handle(struct sr_work *work, enum sr_call call, const struct sr_call_row *row,
                    const union request *request, union reply *reply)
{
    sr_handler handler = sr_handler_of(call);
    struct sr_why why;
    const char *label;

    if (handler == NULL)
        return CKR_FUNCTION_NOT_SUPPORTED;

    sr_recover_begin();
    CK_RV rv = handler(work, request, reply);
    if (rv != CKR_OK && sr_recover_met()) {
        sr_ahead_forget(&work->ahead); /* it may hold a session */
        sr_recover_finish();
    }
    if (rv != CKR_OK && sr_recover_met() && row->repeatable) {
        sr_work_used(work, NULL);
        work->used = (struct sr_used){.mechanism = CK_UNAVAILABLE_INFORMATION};
        work->why[0] = '\0';
        memset(reply, 0, sizeof(*reply));
        rv = handler(work, request, reply);
    }
    if (rv == CKR_TOKEN_NOT_PRESENT && work->why[0] == '\0' && (label = sr_recover_met_absent(&why)) != NULL)
        return sr_explain(work, rv, "the token \"%s\" is away: %s", label, why.text);
    if (rv != CKR_OK && sr_recover_met_lost_object() && work->why[0] == '\0')
        return sr_explain(
            work, rv,
            "the object is gone: the token lost its sessions, and session objects with them, or "
            "does not hold it any more");
    return rv != CKR_OK && sr_recover_met() ? after_loss(work, rv) : rv;
}

/* One request: decode, check, handle, encode the answer into c->out. False for what is no request. */
static bool serve(struct connection *c, const struct sr_frame *frame)
{
    static struct sr_flood flood;
    const struct sr_call_row *row = sr_call_row(frame->call);
    struct sr_work *work = &c->work;
    struct sr_buf body = sr_buf_over(c->in.data + SR_FRAME_HEADER, frame->length);
    struct sr_frame answer = {.number = frame->number, .call = frame->call};
    struct sr_audited audited = {.call = frame->call};
    union request request;
    union reply reply;

    if (row == NULL || !sr_decode(&body, row->request, &request) || !sr_buf_finished(&body)) {
        sr_flood_log(&flood, "refused: uid %u, pid %d, socket %s: a malformed message (call %u)",
                     (unsigned)work->peer.uid, (int)work->peer.pid, work->socket->path,
                     (unsigned)frame->call);
        return false;
    }
    sr_permit_begin(work);
    work->call = row->name;
    work->changes = !row->repeatable;
    work->why[0] = '\0';
    work->used = (struct sr_used){.mechanism = CK_UNAVAILABLE_INFORMATION};
    work->descriptor = -1;
    memset(&reply, 0, sizeof(reply));
    if (work->daemon->audit != NULL)
        audited.began = sr_audit_clock();
    CK_RV rv = permit(work, frame->call, row);
    audited.permitted = rv == CKR_OK;
    bool held = audited.permitted && work->daemon->audit != NULL &&
                (rv = sr_audit_before(work, frame->call, &request)) != CKR_OK;
    if (audited.permitted && !held)
        rv = handle(work, frame->call, row, &request, &reply);
    audited.rv = rv;
    if (work->daemon->audit != NULL && !held) {
        audited.request = &request;
        audited.reply = &reply;
        rv = sr_audit_call(work, &audited);
    }
    sr_work_used(work, NULL);

    if (!sr_crowd_full())
        answer.cpu = sr_pace_cpu();
    sr_buf_reset(&c->out);
    sr_frame_begin(&c->out);
    sr_buf_put_u64(&c->out, rv);
    sr_buf_put_bytes(&c->out, work->why, rv != CKR_OK ? strlen(work->why) : 0);
    if (rv == CKR_OK)
        sr_encode(&c->out, row->reply, &reply);
    sr_frame_end(&c->out, &answer);
    sr_scratch_reset(&work->scratch);
    return sr_buf_ok(&c->out);
}

/* Some of the reply, with the descriptor that belongs to it. */
static ssize_t send_with(struct connection *c, int descriptor)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec data = {c->out.data, c->out.length};
    struct msghdr m = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&m);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    return sendmsg(c->fd, &m, MSG_NOSIGNAL);
}

static bool send_reply(struct connection *c, uint32_t number)
{
    size_t sent = 0;

    if (c->page != NULL) {
        bool fits = c->work.descriptor < 0 && c->out.length <= SR_PAGE_ROOM;
        sr_page_answer(c->page, number, c->out.data, fits ? c->out.length : 0);
        if (fits)
            return true;
    }
    while (sent < c->out.length) {
        ssize_t n = sent == 0 && c->work.descriptor >= 0
                        ? send_with(c, c->work.descriptor)
                        : send(c->fd, c->out.data + sent, c->out.length - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (n < 0 && errno != EINTR)
            return false;
    }
    return true;
}

static void enlist(struct connection *c)
{
    (void)pthread_mutex_lock(&list_lock);
    c->next = list;
    list = c;
    (void)pthread_mutex_unlock(&list_lock);
}

static void end(struct connection *c)
{
    struct sr_daemon *daemon = c->work.daemon;

    (void)pthread_mutex_lock(&list_lock);
    struct connection **at = &list;
    while (*at != NULL && *at != c)
        at = &(*at)->next;
    if (*at == c)
        *at = c->next;
    (void)pthread_mutex_unlock(&list_lock);
    (void)close(c->fd);
    sr_ahead_forget(&c->work.ahead);
    if (c->work.client != NULL && sr_client_is_last(c->work.client))
        sr_audit_abandoned(&c->work, 0);
    if (c->work.client != NULL)
        sr_client_leave(c->work.client);
    sr_stream_end(&c->work.stream);
    sr_page_unmap(c->work.page);
    sr_scratch_reset(&c->work.scratch);
    sr_buf_free(&c->in);
    sr_buf_free(&c->out);
    sr_share_give(c->work.socket, c->connected);
    sr_config_free(c->work.config);
    sr_locked_free(c, sizeof(*c)); /* a reply may have stood in its scratch memory */
    atomic_fetch_sub(&daemon->connections, 1);
}

static void *run(void *arg)
{
    struct connection *c = arg;
    struct sr_frame frame;

    while (!atomic_load(&c->work.daemon->stopping) && next_frame(c, &frame)) {
        sr_pace_end(&c->pace);
        c->pace.peer = sr_crowd_note(&c->crowd, c->pace.mark_ns, frame.cpu) ? 0 : frame.cpu;
        if (frame.call != SR_CALL_OPERATE)
            sr_ahead_undo(&c->work.ahead);
        sr_ahead_undo_lost(&c->work.ahead);
        if (!serve(c, &frame) || !send_reply(c, frame.number))
            break;
        if (c->page != c->work.page) {
            c->page = c->work.page; /* the client has its descriptor now */
            (void)close(c->work.descriptor);
        }
        sr_buf_reset(&c->out); /* it may be what was decrypted */
        drop_frame(c, &frame);
        if (c->work.client == NULL) /* the hello was refused */
            break;
        if (c->pace.quick)
            sr_ahead_begin(&c->work.ahead);
    }
    end(c);
    return NULL;
}

void sr_connection_start(struct sr_daemon *daemon, size_t place, int fd, uid_t uid)
{
    static const struct timeval patience = {.tv_sec = MESSAGE_MS / 1000};
    struct sr_config *config = sr_current_take(&daemon->current);
    struct connection *c = sr_locked_get(sizeof(*c));
    pthread_attr_t attributes;
    pthread_t thread;
    int error = ENOMEM;

    atomic_fetch_add(&daemon->connections, 1);
    if (c == NULL) {
        (void)close(fd);
        sr_share_give(&config->sockets[place], uid);
        sr_config_free(config);
        atomic_fetch_sub(&daemon->connections, 1);
        return;
    }
    c->fd = fd;
    c->connected = uid;
    c->in.locked = c->out.locked = true;
    /* A client that takes no answers keeps its thread only so long. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    c->pace.serves = true;
    c->work.daemon = daemon;
    c->work.config = config;
    c->work.place = place;
    c->work.socket = &c->work.config->sockets[place];
    enlist(c);
    if (pthread_attr_init(&attributes) == 0) {
        (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
        error = pthread_create(&thread, &attributes, run, c);
        (void)pthread_attr_destroy(&attributes);
    }
    if (error != 0) {
        sr_log(SR_LOG_ERROR, "no thread for a connection: %s", strerror(error));
        end(c);
    }
}

void sr_connections_stop(struct sr_daemon *daemon, long long wait_ms)
{
    long long until = sr_now_ms() + wait_ms;

    atomic_store(&daemon->stopping, true);
    (void)pthread_mutex_lock(&list_lock);
    for (struct connection *c = list; c != NULL; c = c->next)
        (void)shutdown(c->fd, SHUT_RD);
    (void)pthread_mutex_unlock(&list_lock);
    while (atomic_load(&daemon->connections) > 0 && sr_now_ms() < until) {
        struct timespec pause = {.tv_nsec = 5L * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
    }
}
