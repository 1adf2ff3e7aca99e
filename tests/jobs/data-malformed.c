/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on data keys that libstrongroom would not make: strongroomd says that they are none, and goes on.
 * usage: data-malformed FAMILY, with STRONGROOM_SOCKET in the environment */
#include "wire/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS 20000

static struct sr_channel channel = SR_CHANNEL_CLOSED;
static int failed;

/* The call with COUNT said to be in ITEMS ends with RV. */
static void ends(const char *what, enum sr_call call, const char *family, CK_ULONG count,
                 struct sr_buf *items, size_t length, CK_RV wanted)
{
    struct sr_data_request request = {
        .family = {strlen(family), (unsigned char *)family}, .count = count, .items = {length, items->data}};
    struct sr_bytes_reply reply;
    CK_RV rv = CKR_OK;
    enum sr_channel_status status =
        sr_channel_call(&channel, call, &request, &reply, sr_now_ms() + DEADLINE_MS, &rv);
    bool good = status == SR_CHANNEL_OK && rv == wanted;

    (void)printf("%s: %s (0x%lx, %s)\n", good ? "ok" : "FAILED", what, rv, channel.why);
    failed += !good;
}

int main(int argc, char **argv)
{
    static const CK_RV invalid = SR_CKR_JOB(SR_CODE_INVALID);
    unsigned char client[SR_CLIENT_ID] = {0};
    struct sr_buf one = SR_BUF_EMPTY;
    struct sr_buf lies = SR_BUF_EMPTY;
    struct sr_buf long_context = SR_BUF_EMPTY;
    const char *path = getenv("STRONGROOM_SOCKET");
    bool joined;

    if (argc != 2 || path == NULL ||
        sr_channel_open(&channel, path, client, &joined, sr_now_ms() + DEADLINE_MS) != SR_CHANNEL_OK) {
        (void)fprintf(stderr, "usage: data-malformed FAMILY %s\n", channel.why);
        return 2;
    }
    unsigned char *zeros = calloc(1, SR_CONTEXT_MAX + 1);
    if (zeros == NULL)
        return 2;
    sr_buf_put_bytes(&one, "context", 7);
    sr_buf_put_bytes(&one, "value", 5);
    sr_buf_put_bytes(&lies, "context", 7);
    sr_buf_put_u64(&lies, UINT64_MAX - 7); /* longer than there is, and than can be rounded up */
    sr_buf_put_u64(&lies, 0);
    sr_buf_put_bytes(&long_context, zeros, SR_CONTEXT_MAX + 1);
    sr_buf_put_bytes(&long_context, "value", 5);

    for (enum sr_call call = SR_CALL_DATA_ENCRYPT; call <= SR_CALL_DATA_REWRAP; call++) {
        CK_RV whole = call == SR_CALL_DATA_ENCRYPT ? CKR_OK : SR_CKR_JOB(SR_CODE_BAD);
        ends("one item", call, argv[1], 1, &one, one.length, whole);
        ends("no item", call, argv[1], 0, &one, 0, invalid);
        ends("an item that is not counted", call, argv[1], 0, &one, one.length, invalid);
        ends("an item too few", call, argv[1], 2, &one, one.length, invalid);
        ends("half an item", call, argv[1], 1, &one, one.length / 2, invalid);
        ends("an item and a half", call, argv[1], 1, &one, one.length - 1, invalid);
        ends("more items than there may be", call, argv[1], SR_ITEMS_MAX + 1, &one, one.length, invalid);
        ends("as many as an integer holds", call, argv[1], ~0UL, &one, one.length, invalid);
        ends("a length that lies", call, argv[1], 1, &lies, lies.length, invalid);
        ends("a context that is too long", call, argv[1], 1, &long_context, long_context.length, invalid);
        ends("a family of another role", call, "session:web", 1, &one, one.length, invalid);
        ends("one item again", call, argv[1], 1, &one, one.length, whole);
    }
    ends("a new key", SR_CALL_DATA_NEW_KEY, argv[1], 0, &one, 0, CKR_OK);
    sr_buf_free(&one);
    sr_buf_free(&lies);
    sr_buf_free(&long_context);
    free(zeros);
    sr_channel_close(&channel);
    return failed == 0 ? 0 : 1;
}
