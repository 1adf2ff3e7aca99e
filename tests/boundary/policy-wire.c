/* SPDX-License-Identifier: Apache-2.0 */
/* A client that writes its own messages, command by command from standard input, and prints one line for
 * each: what the shim would answer by itself is asked of strongroomd here.
 *
 *   find                the labels of private keys that it is shown
 *   may LABEL           does the key's card say that it may sign?
 *   sign LABEL [TYPE]   signs with it, by CKM_ECDSA or the mechanism of that number
 *   read LABEL          reads its CKA_ID
 *   destroy LABEL
 *   random
 *   handles             how many of the handles up to 300 sign or can be read, none of which was found
 *   save LABEL FILE     its card, as for a reconnection
 *   restore FILE        a handle by such a card
 *
 * usage: policy-wire SOCKET */
#include "cryptoki/names.h"
#include "wire/card.h"
#include "wire/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECONDS 20000
#define CARDS_MAX 256
#define GUESSES 300

static struct sr_channel channel = SR_CHANNEL_CLOSED;
static CK_SESSION_HANDLE session;
static CK_BYTE block[256] = "a digest, as good as any other";
static CK_BYTE cards[CARDS_MAX][1024];
static size_t card_lengths[CARDS_MAX];
static size_t count;

static CK_RV call(enum sr_call number, const void *request, void *reply)
{
    CK_RV rv = CKR_DEVICE_ERROR;
    if (sr_channel_call(&channel, number, request, reply, sr_now_ms() + MILLISECONDS, &rv) != SR_CHANNEL_OK)
        return CKR_DEVICE_REMOVED;
    return rv;
}

static bool begin(const char *path)
{
    unsigned char client[SR_CLIENT_ID] = {0};
    bool joined;
    struct sr_open_session_request open = {.flags = CKF_SERIAL_SESSION | CKF_RW_SESSION};
    struct sr_session opened;

    if (sr_channel_open(&channel, path, client, &joined, sr_now_ms() + MILLISECONDS) != SR_CHANNEL_OK) {
        printf("%s\n", channel.why);
        return false;
    }
    CK_RV rv = call(SR_CALL_OPEN_SESSION, &open, &opened);
    if (rv != CKR_OK)
        printf("no session: %s: %s\n", sr_rv_name(rv), channel.why);
    session = opened.session;
    return rv == CKR_OK;
}

static bool keep(const struct sr_find_reply *found)
{
    struct sr_buf from = sr_buf_over(found->cards.data, found->cards.length);
    for (CK_ULONG i = 0; i < found->count && count < CARDS_MAX; i++) {
        struct sr_buf bytes = SR_BUF_EMPTY;
        struct sr_card card;
        if (!sr_decode(&from, sr_card_fields, &card))
            return false;
        sr_encode(&bytes, sr_card_fields, &card);
        if (card.class == CKO_PRIVATE_KEY && sr_buf_ok(&bytes) && bytes.length <= sizeof(cards[0])) {
            memcpy(cards[count], bytes.data, bytes.length);
            card_lengths[count++] = bytes.length;
        }
        sr_buf_free(&bytes);
    }
    return true;
}

static bool card_at(size_t i, struct sr_card *card)
{
    struct sr_buf bytes = sr_buf_over(cards[i], card_lengths[i]);
    return sr_decode(&bytes, sr_card_fields, card);
}

static void find(void)
{
    struct sr_find_request all = {.session = session};
    struct sr_session more = {.session = session};
    struct sr_find_reply found;

    count = 0;
    CK_RV rv = call(SR_CALL_FIND, &all, &found);
    while (rv == CKR_OK && keep(&found) && found.more)
        rv = call(SR_CALL_FIND_MORE, &more, &found);
    printf("%s", sr_rv_name(rv));
    for (size_t i = 0; i < count; i++) {
        struct sr_card card;
        if (card_at(i, &card))
            printf(" %.*s", (int)card.label.length, (const char *)card.label.data);
    }
}

/* The place of the card with that label; COUNT where it was not found. */
static size_t place_of(const char *label, struct sr_card *card)
{
    size_t i = 0;
    for (; i < count; i++)
        if (card_at(i, card) && card->label.length == strlen(label) &&
            memcmp(card->label.data, label, card->label.length) == 0)
            break;
    return i;
}

static CK_RV sign(CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism)
{
    struct sr_operate_request r = {.session = session,
                                   .operation = SR_OPERATION_SIGN,
                                   .key = key,
                                   .mechanism = {.m = {mechanism, NULL, 0}},
                                   .data = {.data = block, .length = mechanism == CKM_RSA_X_509 ? 256 : 32}};
    struct sr_operate_reply signature;
    return call(SR_CALL_OPERATE, &r, &signature);
}

static CK_RV read_id(CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE_TYPE type = CKA_ID;
    struct sr_read_request r = {
        .session = session, .object = key, .types = {.data = (CK_BYTE *)&type, .length = sizeof(type)}};
    struct sr_read_reply read;
    return call(SR_CALL_READ_ATTRIBUTES, &r, &read);
}

static void handles(void)
{
    unsigned good = 0;
    for (CK_OBJECT_HANDLE h = 0; h < GUESSES; h++) {
        CK_RV signs = sign(h, CKM_ECDSA);
        CK_RV reads = read_id(h);
        good += signs != CKR_KEY_HANDLE_INVALID || reads != CKR_OBJECT_HANDLE_INVALID;
    }
    printf("%u", good);
}

static void save(const char *label, const char *path)
{
    struct sr_card card;
    size_t i = place_of(label, &card);
    FILE *file = i < count ? fopen(path, "we") : NULL;
    bool good = file != NULL && fwrite(cards[i], 1, card_lengths[i], file) == card_lengths[i];
    good = file != NULL && fclose(file) == 0 && good;
    printf("%s", good ? "saved" : "not saved");
}

static void restore(const char *path)
{
    CK_BYTE card[1024];
    FILE *file = fopen(path, "re");
    size_t length = file != NULL ? fread(card, 1, sizeof(card), file) : 0;
    struct sr_restore_request r = {.slot = 0, .card = {.data = card, .length = length}};
    struct sr_object restored = {0};
    printf("%s", sr_rv_name(call(SR_CALL_RESTORE, &r, &restored)));
    if (file != NULL)
        (void)fclose(file);
}

static void with_key(const char *what, const char *label, const char *mechanism)
{
    struct sr_card card;
    struct sr_object object = {.session = session};

    if (place_of(label, &card) == count) {
        printf("not found");
        return;
    }
    object.object = card.handle;
    if (strcmp(what, "may") == 0)
        printf("%s", card.flags & SR_CARD_MAY(SR_OPERATION_SIGN) ? "yes" : "no");
    else if (strcmp(what, "sign") == 0)
        printf("%s",
               sr_rv_name(sign(card.handle, *mechanism != '\0' ? strtoul(mechanism, NULL, 0) : CKM_ECDSA)));
    else if (strcmp(what, "read") == 0)
        printf("%s", sr_rv_name(read_id(card.handle)));
    else if (strcmp(what, "destroy") == 0)
        printf("%s", sr_rv_name(call(SR_CALL_DESTROY, &object, NULL)));
    else
        printf("what is \"%s\"?", what);
}

int main(int argc, char **argv)
{
    char line[1024];

    if (argc != 2) {
        fputs("usage: policy-wire SOCKET\n", stderr);
        return 2;
    }
    if (!begin(argv[1]))
        return 1;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char what[16] = "";
        char first[256] = "";
        char second[512] = "";
        struct sr_random_request random = {.session = session, .length = 8};
        struct sr_bytes_reply bytes;

        (void)sscanf(line, "%15s %255s %511s", what, first, second);
        channel.why[0] = '\0';
        if (strcmp(what, "find") == 0)
            find();
        else if (strcmp(what, "handles") == 0)
            handles();
        else if (strcmp(what, "save") == 0)
            save(first, second);
        else if (strcmp(what, "restore") == 0)
            restore(first);
        else if (strcmp(what, "random") == 0)
            printf("%s", sr_rv_name(call(SR_CALL_RANDOM, &random, &bytes)));
        else
            with_key(what, first, second);
        printf("%s%s\n", channel.why[0] != '\0' ? " " : "", channel.why);
        (void)fflush(stdout);
    }
    sr_channel_close(&channel);
    return 0;
}
