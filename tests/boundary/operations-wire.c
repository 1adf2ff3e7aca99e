/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of a client that writes its own messages: bulk data that are not there, or change, or never
 * come; plaintext before its tag was checked; operations that do not exist. usage: operations-wire SOCKET
 * AES-LABEL
 */
#include "cryptoki/names.h"
#include "wire/card.h"
#include "wire/channel.h"
#include "wire/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECONDS 20000
#define SIZE ((size_t)100000)

static struct sr_channel channel = SR_CHANNEL_CLOSED;
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE key;
static int failures;
static CK_BYTE iv[16] = "an IV of 16 byte";
static struct {
    CK_BYTE *iv;
    CK_ULONG iv_length;
    CK_ULONG iv_bits;
    CK_BYTE *aad;
    CK_ULONG aad_length;
    CK_ULONG tag_bits;
} gcm = {iv, 12, 96, NULL, 0, 128};
static const CK_MECHANISM sealing = {CKM_AES_GCM, &gcm, sizeof(gcm)};
static const CK_MECHANISM chaining = {CKM_AES_CBC, iv, 16};
static const CK_MECHANISM hashing = {CKM_SHA256, NULL, 0};

static void expect(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    failures += !good;
}

static CK_RV call(enum sr_call number, const void *request, void *reply)
{
    CK_RV rv = CKR_DEVICE_ERROR;
    if (sr_channel_call(&channel, number, request, reply, sr_now_ms() + MILLISECONDS, &rv) != SR_CHANNEL_OK)
        expect("strongroomd answers", false);
    return rv;
}

static bool connect_to(const char *path)
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

static bool find_key(const char *label)
{
    CK_ATTRIBUTE wanted = {CKA_LABEL, (void *)label, strlen(label)};
    struct sr_find_request *request = calloc(1, sizeof(*request));
    struct sr_find_reply found = {0};
    struct sr_card card = {0};

    if (request == NULL)
        return false;
    request->session = session;
    bool ok = sr_template_set(&request->template, &wanted, 1) == CKR_OK &&
              call(SR_CALL_FIND, request, &found) == CKR_OK && found.count == 1;
    struct sr_buf cards = sr_buf_over(found.cards.data, found.cards.length);
    ok = ok && sr_decode(&cards, sr_card_fields, &card);
    key = card.handle;
    free(request);
    return ok;
}

/* A request that says of its BULK bytes that they lie in the buffer. */
static CK_RV operate(enum sr_call number, CK_ULONG operation, const CK_MECHANISM *mechanism, CK_ULONG bulk,
                     CK_ULONG flows, struct sr_operate_reply *reply)
{
    struct sr_operate_request request = {
        .session = session, .operation = operation, .key = key, .bulk = bulk, .flows = flows};
    memset(reply, 0, sizeof(*reply));
    CK_RV rv = sr_mechanism_set(&request.mechanism, mechanism);
    return rv == CKR_OK ? call(number, &request, reply) : rv;
}

static CK_RV part(enum sr_call number, CK_ULONG operation, CK_ULONG bulk, CK_ULONG flows,
                  struct sr_operate_reply *reply)
{
    struct sr_part_request request = {
        .session = session, .operation = operation, .bulk = bulk, .flows = flows};
    memset(reply, 0, sizeof(*reply));
    return call(number, &request, reply);
}

static void what_does_not_exist(void)
{
    static const CK_ULONG none[] = {SR_OPERATION_NONE, SR_OPERATION_WRAP, SR_OPERATION_RANDOM, 99, ~0UL};
    struct sr_operate_reply reply;
    struct sr_state_request state = {.session = session,
                                     .state = {24, (CK_BYTE *)"24 bytes that are none.."}};
    bool refused = true;

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        refused =
            refused &&
            operate(SR_CALL_OPERATE, none[i], &sealing, 0, 0, &reply) == CKR_FUNCTION_NOT_SUPPORTED &&
            operate(SR_CALL_OPERATE_INIT, none[i], &sealing, 0, 0, &reply) == CKR_FUNCTION_NOT_SUPPORTED &&
            part(SR_CALL_OPERATE_UPDATE, none[i], 0, 0, &reply) == CKR_FUNCTION_NOT_SUPPORTED &&
            part(SR_CALL_OPERATE_FINAL, none[i], 0, 0, &reply) == CKR_FUNCTION_NOT_SUPPORTED;
    expect("operations that do not exist", refused);
    expect("parts of what has none", operate(SR_CALL_OPERATE_INIT, SR_OPERATION_SIGN_RECOVER, &sealing, 0, 0,
                                             &reply) == CKR_FUNCTION_NOT_SUPPORTED);
    expect("parts of what was not begun",
           part(SR_CALL_OPERATE_UPDATE, SR_OPERATION_DIGEST, 0, 0, &reply) == CKR_OPERATION_NOT_INITIALIZED);
    expect("a state that is none", call(SR_CALL_SET_STATE, &state, NULL) == CKR_SAVED_STATE_INVALID);
    expect("bulk data without a buffer",
           operate(SR_CALL_OPERATE, SR_OPERATION_DIGEST, &hashing, SIZE, 0, &reply) == CKR_ARGUMENTS_BAD &&
               operate(SR_CALL_OPERATE_INIT, SR_OPERATION_ENCRYPT, &chaining, SIZE, 1, &reply) ==
                   CKR_ARGUMENTS_BAD);
}

static void more_than_there_is(void)
{
    struct sr_operate_reply reply;
    expect("more bulk data than the buffer holds",
           operate(SR_CALL_OPERATE, SR_OPERATION_DIGEST, &hashing, channel.half + 1, 0, &reply) ==
                   CKR_ARGUMENTS_BAD &&
               operate(SR_CALL_OPERATE, SR_OPERATION_DIGEST, &hashing, ~0UL, 0, &reply) ==
                   CKR_ARGUMENTS_BAD &&
               operate(SR_CALL_OPERATE_INIT, SR_OPERATION_ENCRYPT, &chaining, SR_BULK_MAX + 16, 1, &reply) ==
                   CKR_ARGUMENTS_BAD);
    expect("as many as it holds",
           operate(SR_CALL_OPERATE, SR_OPERATION_DIGEST, &hashing, channel.half, 0, &reply) == CKR_OK);
}

/* What is in the buffer's second half after a decryption. */
static void plaintext_after_the_tag(void)
{
    struct sr_operate_reply reply;
    CK_BYTE *second = channel.buffer + channel.half;

    memset(channel.buffer, 'p', SIZE);
    expect("sealed", operate(SR_CALL_OPERATE, SR_OPERATION_ENCRYPT, &sealing, SIZE, 0, &reply) == CKR_OK &&
                         reply.bulk == SIZE + 16);
    memcpy(channel.buffer, second, SIZE + 16);
    memset(second, 0, SIZE + 16);
    expect("the control: opened, the plaintext is there",
           operate(SR_CALL_OPERATE, SR_OPERATION_DECRYPT, &sealing, SIZE + 16, 0, &reply) == CKR_OK &&
               reply.bulk == SIZE && second[0] == 'p' && second[SIZE - 1] == 'p');
    memset(second, 0, SIZE + 16);
    channel.buffer[SIZE + 3] ^= 1;
    CK_RV rv = operate(SR_CALL_OPERATE, SR_OPERATION_DECRYPT, &sealing, SIZE + 16, 0, &reply);
    expect("another tag: CKR_ENCRYPTED_DATA_INVALID", rv == CKR_ENCRYPTED_DATA_INVALID);
    expect("and no plaintext is there", memchr(second, 'p', SIZE) == NULL);

    expect("in parts",
           operate(SR_CALL_OPERATE_INIT, SR_OPERATION_DECRYPT, &sealing, SIZE, 0, &reply) == CKR_OK &&
               reply.bulk == 0);
    expect("no plaintext before the end", memchr(second, 'p', SIZE) == NULL);
    memmove(channel.buffer, channel.buffer + SIZE, 16);
    expect("the tag",
           part(SR_CALL_OPERATE_UPDATE, SR_OPERATION_DECRYPT, 16, 1, &reply) == CKR_OK && reply.bulk == 0);
    rv = part(SR_CALL_OPERATE_FINAL, SR_OPERATION_DECRYPT, 0, 0, &reply);
    expect("the end", rv == CKR_ENCRYPTED_DATA_INVALID && memchr(second, 'p', SIZE) == NULL);
}

static void data_that_never_come(void)
{
    struct sr_operate_reply reply;
    struct sr_flow *flow = sr_flow_in(channel.buffer, channel.half);

    sr_flow_begin(flow, 1000);
    long long began = sr_now_ms();
    CK_RV rv =
        operate(SR_CALL_OPERATE_INIT, SR_OPERATION_ENCRYPT, &chaining, (CK_ULONG)SIZE / 16 * 16, 1, &reply);
    expect("data that were announced and do not come", rv == CKR_FUNCTION_CANCELED);
    expect("are waited for a second", sr_now_ms() - began >= 900 && sr_now_ms() - began < 5000);
    expect("and the operation is over",
           part(SR_CALL_OPERATE_FINAL, SR_OPERATION_ENCRYPT, 0, 0, &reply) == CKR_OPERATION_NOT_INITIALIZED);
    sr_flow_begin(flow, ~(size_t)0); /* a counter that lies */
    expect("a counter that lies", operate(SR_CALL_OPERATE_INIT, SR_OPERATION_ENCRYPT, &chaining,
                                          (CK_ULONG)SIZE / 16 * 16, 1, &reply) == CKR_OK &&
                                      reply.bulk == (CK_ULONG)SIZE / 16 * 16);
    struct sr_part_request cancel = {.session = session, .operation = SR_OPERATION_ENCRYPT, .cancel = 1};
    expect("given up", call(SR_CALL_OPERATE_FINAL, &cancel, &reply) == CKR_OK &&
                           part(SR_CALL_OPERATE_UPDATE, SR_OPERATION_ENCRYPT, 0, 0, &reply) ==
                               CKR_OPERATION_NOT_INITIALIZED);
}

int main(int argc, char **argv)
{
    CK_RV rv = CKR_OK;

    if (argc != 3) {
        fputs("usage: operations-wire SOCKET AES-LABEL\n", stderr);
        return 2;
    }
    expect("connected", connect_to(argv[1]));
    expect("the key", failures == 0 && find_key(argv[2]));
    if (failures > 0)
        return 1;
    what_does_not_exist();
    expect("a buffer",
           sr_channel_buffer(&channel, sr_now_ms() + MILLISECONDS, &rv) == SR_CHANNEL_OK && rv == CKR_OK);
    if (failures == 0) {
        more_than_there_is();
        plaintext_after_the_tag();
        data_that_never_come();
    }
    sr_channel_close(&channel);
    return failures == 0 ? 0 : 1;
}
