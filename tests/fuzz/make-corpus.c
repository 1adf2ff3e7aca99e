/* SPDX-License-Identifier: Apache-2.0 */
/* Writes one file per call and direction into FOLDER: whole, valid frames, from which the fuzzer starts. */
#include "wire/calls.h"
#include "wire/card.h"
#include "wire/frame.h"

#include <stdio.h>
#include <string.h>

union message {
    struct sr_generate_request largest;
    unsigned char bytes[2 * sizeof(struct sr_generate_request)];
};

static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
static unsigned char text[] = "sixteen bytes...";

static void fill(const struct sr_field *fields, union message *message)
{
    memset(message, 0, sizeof(*message));
    for (; fields->kind != SR_FIELD_END; fields++) {
        void *field = message->bytes + fields->offset;
        if (fields->kind == SR_FIELD_ULONG) {
            *(CK_ULONG *)field = 1;
        } else if (fields->kind == SR_FIELD_BYTES) {
            *(struct sr_bytes *)field = (struct sr_bytes){.length = 16, .data = text};
        } else if (fields->kind == SR_FIELD_TEMPLATE) {
            struct sr_template *t = field;
            t->n = 3;
            t->a[0] = (CK_ATTRIBUTE){CKA_CLASS, &class, sizeof(class)};
            t->a[1] = (CK_ATTRIBUTE){CKA_LABEL, text, 7};
            t->a[2] = (CK_ATTRIBUTE){CKA_VALUE, NULL, CK_UNAVAILABLE_INFORMATION};
        } else if (fields->kind == SR_FIELD_MECHANISM) {
            struct sr_mechanism *m = field;
            m->m = (CK_MECHANISM){CKM_RSA_PKCS_PSS, &pss, sizeof(pss)};
        }
    }
}

static void put_card(struct sr_buf *b)
{
    union message card;
    struct sr_buf inner = SR_BUF_EMPTY;
    fill(sr_card_fields, &card);
    sr_encode(&inner, sr_card_fields, &card);
    sr_buf_put_bytes(b, inner.data, inner.length);
    sr_buf_free(&inner);
}

static int write_frame(const char *folder, const char *name, const char *direction, struct sr_buf *b)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s-%s", folder, name, direction);
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(b->data, 1, b->length, file) != b->length || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

static int write_call(const char *folder, uint32_t call)
{
    const struct sr_call_row *row = sr_call_row(call);
    struct sr_frame frame = {.number = 1, .call = call, .cpu = 1};
    union message message;
    struct sr_buf b = SR_BUF_EMPTY;

    fill(row->request, &message);
    sr_frame_begin(&b);
    sr_encode(&b, row->request, &message);
    sr_frame_end(&b, &frame);
    int failed = write_frame(folder, row->name, "request", &b);
    sr_buf_reset(&b);

    fill(row->reply, &message);
    sr_frame_begin(&b);
    sr_buf_put_u64(&b, CKR_OK);
    sr_buf_put_bytes(&b, NULL, 0);
    if (call == SR_CALL_FIND)
        put_card(&b);
    sr_encode(&b, row->reply, &message);
    sr_frame_end(&b, &frame);
    failed |= write_frame(folder, row->name, "reply", &b);
    sr_buf_free(&b);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    if (argc != 2) {
        fputs("usage: make-corpus FOLDER\n", stderr);
        return 2;
    }
    for (uint32_t call = SR_CALL_HELLO; call < SR_CALLS; call++)
        failed |= write_call(argv[1], call);
    return failed;
}
