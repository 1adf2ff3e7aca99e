/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's target: a mechanism as the daemon might be sent it. Encoding it again follows all that its
 * parameter points to. */
#include "fuzz.h"

volatile unsigned char sr_fuzz_sink;

static const struct sr_field fields[] = {{SR_FIELD_MECHANISM, 0}, {SR_FIELD_END, 0}};

/* As the shim gets it from a program, once in the daemon's memory and once more as it is. */
static void take_over(const struct sr_mechanism *decoded)
{
    struct sr_mechanism taken;
    struct sr_buf sent = SR_BUF_EMPTY;
    struct sr_buf taken_sent = SR_BUF_EMPTY;

    demand(sr_mechanism_set(&taken, &decoded->m) == CKR_OK);
    sr_mechanism_encode(&sent, decoded);
    sr_mechanism_encode(&taken_sent, &taken);
    demand(sr_buf_ok(&sent) && sent.length == taken_sent.length &&
           memcmp(sent.data, taken_sent.data, sent.length) == 0);
    sr_buf_free(&sent);
    sr_buf_free(&taken_sent);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct sr_mechanism first;
    static struct sr_mechanism second;
    struct sr_buf b = input(data, size);

    if (sr_mechanism_decode(&b, &first)) {
        if (sr_mechanism_flat(&first.m))
            touch(first.m.pParameter, first.m.ulParameterLen);
        CK_OBJECT_HANDLE *handle = sr_mechanism_handle(&first);
        if (handle != NULL)
            demand(*handle != CK_INVALID_HANDLE);
        demand_round_trip(fields, &first, &second);
        take_over(&first);
        if (handle != NULL) { /* the daemon puts the token's handle there */
            *handle = 1;
            demand_round_trip(fields, &first, &second);
        }
    }
    free(b.data);
    return 0;
}
