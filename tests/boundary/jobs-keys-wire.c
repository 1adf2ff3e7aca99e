/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs' keys, for a client that writes its own messages: what our shim would not ask for, strongroomd
 * refuses. usage: jobs-keys-wire SOCKET LABEL, where LABEL is a private key that may be used: the control */
#include "cryptoki/names.h"
#include "daemon/custody.h"
#include "wire/card.h"
#include "wire/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECONDS 20000
#define CARDS_MAX 256
#define GUESSES 2000 /* handles */

static const char *path;
static struct sr_channel channel = SR_CHANNEL_CLOSED;
static CK_SESSION_HANDLE session;
static CK_BYTE block[32] = "a digest, as good as any other";
static int failures;

/* What is kept of an object's card. */
static struct known {
    CK_OBJECT_HANDLE handle;
    CK_OBJECT_CLASS class;
    bool reserved;
    char label[128];
    CK_BYTE card[1024];
    size_t card_length;
} objects[CARDS_MAX];
static size_t count;

static void expect(bool condition, const char *what)
{
    printf("%s: %s\n", condition ? "ok" : "FAILED", what);
    failures += !condition;
}

static CK_RV call(enum sr_call number, const void *request, void *reply)
{
    CK_RV rv = CKR_DEVICE_ERROR;
    if (sr_channel_call(&channel, number, request, reply, sr_now_ms() + MILLISECONDS, &rv) != SR_CHANNEL_OK)
        expect(false, "strongroomd answers");
    return rv;
}

static bool connect_anew(void)
{
    unsigned char client[SR_CLIENT_ID] = {0};
    bool joined;
    struct sr_bytes_reply slots;
    struct sr_open_session_request open = {.flags = CKF_SERIAL_SESSION | CKF_RW_SESSION};
    struct sr_session opened;

    if (sr_channel_open(&channel, path, client, &joined, sr_now_ms() + MILLISECONDS) != SR_CHANNEL_OK ||
        call(SR_CALL_SLOTS, NULL, &slots) != CKR_OK || slots.data.length < sizeof(open.slot))
        return false;
    memcpy(&open.slot, slots.data.data, sizeof(open.slot));
    if (call(SR_CALL_OPEN_SESSION, &open, &opened) != CKR_OK)
        return false;
    session = opened.session;
    return true;
}

/* Keeps the cards of a reply, each with its bytes, for they are what RESTORE takes. */
static bool keep(const struct sr_find_reply *found)
{
    struct sr_buf cards = sr_buf_over(found->cards.data, found->cards.length);
    for (CK_ULONG i = 0; i < found->count; i++) {
        struct known *o = &objects[count];
        struct sr_buf bytes = SR_BUF_EMPTY;
        struct sr_card card;
        if (count == CARDS_MAX || !sr_decode(&cards, sr_card_fields, &card))
            return false;
        sr_encode(&bytes, sr_card_fields, &card);
        bool good = sr_buf_ok(&bytes) && bytes.length <= sizeof(o->card);
        if (good) {
            memcpy(o->card, bytes.data, bytes.length);
            o->card_length = bytes.length;
        }
        sr_buf_free(&bytes);
        o->handle = card.handle;
        o->class = card.class;
        o->reserved = sr_custody_reserved(card.label.data, card.label.length);
        (void)snprintf(o->label, sizeof(o->label), "%.*s", (int)card.label.length,
                       (const char *)card.label.data);
        count++;
        if (!good)
            return false;
    }
    return true;
}

static bool find_all(void)
{
    struct sr_find_request all = {.session = session};
    struct sr_session more = {.session = session};
    struct sr_find_reply found;

    CK_RV rv = call(SR_CALL_FIND, &all, &found);
    while (rv == CKR_OK && keep(&found)) {
        if (!found.more)
            return true;
        rv = call(SR_CALL_FIND_MORE, &more, &found);
    }
    return false;
}

static CK_RV sign(enum sr_call number, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism)
{
    struct sr_operate_request r = {.session = session,
                                   .operation = SR_OPERATION_SIGN,
                                   .key = key,
                                   .mechanism = {.m = {mechanism, NULL, 0}},
                                   .data = {.data = block, .length = sizeof(block)}};
    struct sr_operate_reply signature;
    return call(number, &r, &signature);
}

static CK_RV destroy(CK_OBJECT_HANDLE object)
{
    struct sr_object r = {.session = session, .object = object};
    return call(SR_CALL_DESTROY, &r, NULL);
}

/* Its value did not come. */
static bool keeps_value(CK_OBJECT_HANDLE object)
{
    CK_ATTRIBUTE_TYPE type = CKA_VALUE;
    struct sr_read_request r = {
        .session = session, .object = object, .types = {.data = (CK_BYTE *)&type, .length = sizeof(type)}};
    struct sr_read_reply read;
    return call(SR_CALL_READ_ATTRIBUTES, &r, &read) != CKR_OK ||
           (read.values.n == 1 && read.values.a[0].ulValueLen == CK_UNAVAILABLE_INFORMATION);
}

/* A handle by the object's card, as after a reconnection; 0 where there is none. */
static CK_OBJECT_HANDLE restore(const struct known *o)
{
    struct sr_restore_request r = {.slot = 0, .card = {.data = (CK_BYTE *)o->card, .length = o->card_length}};
    struct sr_object restored = {0};
    return call(SR_CALL_RESTORE, &r, &restored) == CKR_OK ? restored.object : 0;
}

static void refuses(const struct known *o)
{
    static const CK_MECHANISM_TYPE mechanisms[] = {CKM_SHA256_HMAC, CKM_SHA512_HMAC, CKM_AES_CMAC, CKM_ECDSA};
    CK_OBJECT_HANDLE handles[] = {o->handle, restore(o)};

    printf("object %s\n", o->label);
    for (size_t h = 0; h < sizeof(handles) / sizeof(handles[0]); h++) {
        for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
            expect(sign(SR_CALL_OPERATE, handles[h], mechanisms[i]) != CKR_OK, "OPERATE is refused");
            expect(sign(SR_CALL_OPERATE_INIT, handles[h], mechanisms[i]) != CKR_OK,
                   "OPERATE_INIT is refused");
        }
        expect(keeps_value(handles[h]), "READ_ATTRIBUTES does not tell the value");
        expect(destroy(handles[h]) != CKR_OK, "DESTROY is refused");
    }
}

/* A handle is the daemon's word for what this client found; it found nothing. */
static void guesses(void)
{
    size_t taken = 0;
    for (CK_OBJECT_HANDLE handle = 0; handle < GUESSES; handle++)
        taken += sign(SR_CALL_OPERATE, handle, CKM_SHA256_HMAC) != CKR_KEY_HANDLE_INVALID ||
                 destroy(handle) == CKR_OK;
    expect(taken == 0, "handles that were not given are no handles");
}

int main(int argc, char **argv)
{
    size_t jobs = 0;
    bool own = false;

    if (argc != 3) {
        fputs("usage: jobs-keys-wire SOCKET LABEL\n", stderr);
        return 2;
    }
    path = argv[1];
    expect(connect_anew(), "a connection");
    if (failures == 0) {
        guesses();
        expect(find_all(), "the objects' cards");
    }
    for (size_t i = 0; i < count; i++) {
        if (objects[i].reserved) {
            refuses(&objects[i]);
            jobs++;
        } else if (objects[i].class == CKO_PRIVATE_KEY && strcmp(objects[i].label, argv[2]) == 0) {
            own = sign(SR_CALL_OPERATE, objects[i].handle, CKM_ECDSA) == CKR_OK;
        }
    }
    expect(jobs > 0, "there are objects of jobs");
    expect(own, "control: a key of nobody's job signs");
    sr_channel_close(&channel);
    printf("%zu objects of jobs, %d failures\n", jobs, failures);
    return failures == 0 ? 0 : 1;
}
