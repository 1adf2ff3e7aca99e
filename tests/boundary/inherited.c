/* SPDX-License-Identifier: Apache-2.0 */
/* A root process opens a connection and forks; its child becomes another user and writes on the connection
 * that it inherited. What root may do there, the child may not. */
#include "wire/card.h"
#include "wire/channel.h"

#include "cryptoki/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MILLISECONDS 20000
#define LABEL "inherited"

static const char *path;
static struct sr_channel channel = SR_CHANNEL_CLOSED;
static unsigned char client[SR_CLIENT_ID];
static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static int failures;

static void expect(bool condition, const char *what)
{
    printf("%s: %s\n", condition ? "ok" : "FAILED", what);
    (void)fflush(stdout);
    failures += !condition;
}

static CK_RV call(enum sr_call number, const void *request, void *reply)
{
    CK_RV rv;
    enum sr_channel_status status =
        sr_channel_call(&channel, number, request, reply, sr_now_ms() + MILLISECONDS, &rv);
    return status == SR_CHANNEL_OK ? rv : CKR_DEVICE_ERROR;
}

/* Connects as a new client and opens a read/write session on the first slot. */
static bool connect_anew(void)
{
    bool joined;
    struct sr_bytes_reply slots;
    struct sr_open_session_request open = {.flags = CKF_SERIAL_SESSION | CKF_RW_SESSION};
    struct sr_session opened;

    sr_channel_close(&channel);
    memset(client, 0, sizeof(client));
    if (sr_channel_open(&channel, path, client, &joined, sr_now_ms() + MILLISECONDS) != SR_CHANNEL_OK) {
        printf("%s\n", channel.why);
        return false;
    }
    if (call(SR_CALL_SLOTS, NULL, &slots) != CKR_OK || slots.data.length < sizeof(slot))
        return false;
    memcpy(&slot, slots.data.data, sizeof(slot));
    open.slot = slot;
    if (call(SR_CALL_OPEN_SESSION, &open, &opened) != CKR_OK)
        return false;
    session = opened.session;
    return true;
}

static CK_RV generate(void)
{
    static unsigned char p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static CK_BBOOL yes = CK_TRUE;
    static char label[] = LABEL;
    struct sr_generate_request r = {
        .session = session,
        .mechanism = {.m = {CKM_EC_KEY_PAIR_GEN, NULL, 0}},
        .public = {3,
                   {{CKA_TOKEN, &yes, 1},
                    {CKA_LABEL, label, strlen(label)},
                    {CKA_EC_PARAMS, p256, sizeof(p256)}}},
        .private = {2, {{CKA_TOKEN, &yes, 1}, {CKA_LABEL, label, strlen(label)}}},
    };
    struct sr_find_reply made;
    return call(SR_CALL_GENERATE_KEY_PAIR, &r, &made);
}

/* The number of our objects; *FIRST is one of them. */
static CK_ULONG count(CK_OBJECT_HANDLE *first)
{
    static char label[] = LABEL;
    struct sr_find_request r = {.session = session, .template = {1, {{CKA_LABEL, label, strlen(label)}}}};
    struct sr_find_reply found;
    struct sr_card card;

    if (call(SR_CALL_FIND, &r, &found) != CKR_OK)
        return (CK_ULONG)-1;
    struct sr_buf cards = sr_buf_over(found.cards.data, found.cards.length);
    if (found.count > 0 && sr_decode(&cards, sr_card_fields, &card))
        *first = card.handle;
    return found.count;
}

static CK_RV destroy(CK_OBJECT_HANDLE object)
{
    struct sr_object r = {.session = session, .object = object};
    return call(SR_CALL_DESTROY, &r, NULL);
}

/* What the child tries, one try per child: a refusal may close the connection. */
enum attempt { GENERATE, DESTROY, JOIN, ATTEMPTS };
static const char *const attempts[ATTEMPTS] = {
    "generate on root's connection", "destroy on root's connection", "join root's client by its id"};

/* In the child, as the other user. 0: it was refused. */
static int attempt(enum attempt what, CK_OBJECT_HANDLE object)
{
    if (what == GENERATE)
        return generate() == CKR_OK;
    if (what == DESTROY)
        return destroy(object) == CKR_OK;
    struct sr_channel own = SR_CHANNEL_CLOSED;
    bool joined = false;
    enum sr_channel_status status = sr_channel_open(&own, path, client, &joined, sr_now_ms() + MILLISECONDS);
    return status == SR_CHANNEL_OK && joined;
}

static bool child_is_refused(uid_t uid, enum attempt what, CK_OBJECT_HANDLE object)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (setgid(uid) != 0 || setuid(uid) != 0 || setuid(0) == 0)
            _exit(2);
        channel.owner = getpid(); /* our own code would leave the connection alone */
        _exit(attempt(what, object));
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    CK_OBJECT_HANDLE object = 0;

    if (argc != 3 || getuid() != 0) {
        fputs("usage, as root: inherited SOCKET UID\n", stderr);
        return 2;
    }
    path = argv[1];
    uid_t uid = (uid_t)strtoul(argv[2], NULL, 10);
    expect(connect_anew(), "root connects");
    CK_RV rv = generate();
    expect(rv == CKR_OK, "root generates a key pair");
    if (failures > 0) {
        printf("%s %s\n", sr_rv_name(rv), channel.why);
        return 1;
    }
    for (enum attempt what = GENERATE; what < ATTEMPTS; what++) {
        expect(connect_anew() && count(&object) == 2, "root sees its two objects");
        expect(child_is_refused(uid, what, object), attempts[what]);
    }
    expect(connect_anew() && count(&object) == 2, "two objects are there, no more and no less");
    expect(destroy(object) == CKR_OK, "root destroys one");
    expect(count(&object) == 1, "one is left");
    expect(destroy(object) == CKR_OK, "root destroys the other");
    expect(count(&object) == 0, "none is left");
    sr_channel_close(&channel);
    printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
