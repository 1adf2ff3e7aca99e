/* The security officer's process.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/module.h"
#include "cryptoki/names.h"
#include "cryptoki/token.h"
#include "daemon/officer.h"
#include "daemon/officer_wire.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

const struct sr_field sr_officer_message_fields[] = {
    {SR_FIELD_ULONG, offsetof(struct sr_officer_message, kind)},
    {SR_FIELD_BYTES, offsetof(struct sr_officer_message, module)},
    {SR_FIELD_ULONG, offsetof(struct sr_officer_message, has_init_args)},
    {SR_FIELD_BYTES, offsetof(struct sr_officer_message, init_args)},
    {SR_FIELD_BYTES, offsetof(struct sr_officer_message, label)},
    {SR_FIELD_BYTES, offsetof(struct sr_officer_message, pin)},
    {SR_FIELD_BYTES, offsetof(struct sr_officer_message, new)},
    {SR_FIELD_END, 0},
};

const struct sr_field sr_officer_answer_fields[] = {
    {SR_FIELD_ULONG, offsetof(struct sr_officer_answer, rv)},
    {SR_FIELD_BYTES, offsetof(struct sr_officer_answer, why)},
    {SR_FIELD_END, 0},
};

/* The order and what it is done with. */
struct task {
    struct sr_officer_message order;
    CK_FUNCTION_LIST *f;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    struct sr_why why;
};

static bool of_officer(const struct task *t)
{
    return t->order.kind != SR_ORDER_SET_PIN;
}

/* A wrong PIN more, and the token may be lost for ever: its last try is left to those who hold it. */
static CK_RV spare_last_try(struct task *t, CK_FLAGS flags)
{
    if (!of_officer(t) || !(flags & (CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED)))
        return CKR_OK;
    sr_why_set(&t->why,
               "the token's security officer PIN is locked or has one try left: use the token's own tools");
    return CKR_PIN_LOCKED;
}

static CK_RV init_token(struct task *t)
{
    CK_UTF8CHAR label[sizeof(((CK_TOKEN_INFO *)NULL)->label)];
    memset(label, ' ', sizeof(label)); /* PKCS#11 v3.0 §5.5.7: padded, not ended by a zero */
    memcpy(label, t->order.label.data,
           t->order.label.length < sizeof(label) ? t->order.label.length : sizeof(label));
    return t->f->C_InitToken(t->slot, t->order.pin.data, t->order.pin.length, label);
}

/* What needs a session. The user's PIN is changed in a public one (§5.5.9). */
static CK_RV in_session(struct task *t)
{
    const struct sr_bytes *new = &t->order.new;
    CK_RV rv = t->f->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &t->session);
    if (rv == CKR_OK && of_officer(t))
        rv = t->f->C_Login(t->session, CKU_SO, t->order.pin.data, t->order.pin.length);
    if (rv != CKR_OK)
        return rv;
    switch (t->order.kind) {
    case SR_ORDER_CHECK:
        return CKR_OK;
    case SR_ORDER_INIT_PIN:
        return t->f->C_InitPIN(t->session, new->data, new->length);
    case SR_ORDER_SET_PIN:
    case SR_ORDER_SET_SO_PIN:
        return t->f->C_SetPIN(t->session, t->order.pin.data, t->order.pin.length, new->data, new->length);
    default:
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
}

static CK_RV work(struct task *t, const char *label)
{
    CK_TOKEN_INFO info;
    CK_RV rv = sr_token_find(t->f, sr_token_labelled, label, true, &t->slot, &info);
    if (rv != CKR_OK) {
        sr_why_set(&t->why, "there is no token labelled \"%s\" now", label);
        return rv;
    }
    rv = spare_last_try(t, info.flags);
    if (rv == CKR_OK)
        rv = t->order.kind == SR_ORDER_INIT_TOKEN ? init_token(t) : in_session(t);
    (void)t->f->C_CloseAllSessions(t->slot);
    return rv;
}

static char *text_of(const struct sr_bytes *b)
{
    return strndup(b->length > 0 ? (const char *)b->data : "", b->length);
}

static CK_RV do_order(struct task *t)
{
    struct sr_module module = {0};
    char *path = text_of(&t->order.module);
    char *init_args = t->order.has_init_args ? text_of(&t->order.init_args) : NULL;
    char *label = text_of(&t->order.label);
    CK_RV rv = CKR_HOST_MEMORY;

    if (path != NULL && label != NULL && (init_args != NULL || !t->order.has_init_args))
        rv = sr_module_open(&module, path, init_args, SR_LOCKS_MODULE, &t->why);
    if (rv == CKR_OK) {
        t->f = module.f;
        rv = work(t, label);
    }
    sr_module_close(&module);
    free(path);
    free(init_args);
    free(label);
    return rv;
}

/* The byte before the order; *HOLD is the descriptor that came with it, or -1. */
static bool receive_hold(int *hold)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec data = {&byte, 1};
    struct msghdr m = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t n;

    *hold = -1;
    do {
        n = recvmsg(STDIN_FILENO, &m, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    const struct cmsghdr *c = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(hold, CMSG_DATA(c), sizeof(int));
    return n == 1;
}

static bool read_all(struct sr_buf *in)
{
    while (in->length < SR_OFFICER_MAX) {
        ssize_t n = read(STDIN_FILENO, in->data + in->length, SR_OFFICER_MAX - in->length);
        if (n == 0)
            return true;
        if (n > 0)
            in->length += (size_t)n;
        else if (errno != EINTR)
            return false;
    }
    return false;
}

static bool answer(const struct sr_officer_answer *a)
{
    struct sr_buf out = SR_BUF_EMPTY;
    sr_encode(&out, sr_officer_answer_fields, a);
    bool ok =
        sr_buf_ok(&out) && send(STDIN_FILENO, out.data, out.length, MSG_NOSIGNAL) == (ssize_t)out.length;
    sr_buf_free(&out);
    return ok;
}

/* The signals that end strongroomd may be sent to all of its service: what was begun is not stopped half-way.
 */
static bool block_signals(void)
{
    sigset_t set;
    return sigemptyset(&set) == 0 && sigaddset(&set, SIGTERM) == 0 && sigaddset(&set, SIGINT) == 0 &&
           sigaddset(&set, SIGHUP) == 0 && sigprocmask(SIG_BLOCK, &set, NULL) == 0;
}

int sr_officer_main(void)
{
    struct sr_buf in = SR_BUF_EMPTY;
    struct task task = {0};
    struct stat st;
    int status = EX_USAGE;
    int hold;

    if (fstat(STDIN_FILENO, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        (void)fputs("strongroomd --officer is for strongroomd itself\n", stderr);
        return status;
    }
    /* Should strongroomd be killed meanwhile: what was begun is finished, or ends here. */
    (void)alarm(SR_OFFICER_S);
    if (!block_signals() || !receive_hold(&hold) || !sr_buf_reserve(&in, SR_OFFICER_MAX) || !read_all(&in))
        goto out;
    struct sr_buf body = sr_buf_over(in.data, in.length);
    if (!sr_decode(&body, sr_officer_message_fields, &task.order) || !sr_buf_finished(&body))
        goto out;
    struct sr_officer_answer a = {.rv = do_order(&task)};
    if (hold >= 0)
        (void)close(hold); /* before the answer: who has that may take it that nobody is at work */
    a.why = (struct sr_bytes){strlen(task.why.text), (unsigned char *)task.why.text};
    status = answer(&a) ? EXIT_SUCCESS : EXIT_FAILURE;
out:
    sr_buf_free(&in);
    return status;
}
