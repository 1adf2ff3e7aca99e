/* SPDX-License-Identifier: Apache-2.0 */
/* Writes what the fuzzer starts from into folders of FOLDER: in frame one file per call and direction, whole
 * and valid; in parameters one per shape of a mechanism's parameter; in template some templates. */
#include "wire/calls.h"
#include "wire/card.h"
#include "wire/frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

union message {
    struct sr_generate_request largest;
    unsigned char bytes[2 * sizeof(struct sr_generate_request)];
};

static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
static unsigned char text[] = "sixteen bytes...";

static CK_ATTRIBUTE within[] = {{CKA_CLASS, &class, sizeof(class)}};

static void fill(const struct sr_field *fields, union message *message)
{
    memset(message, 0, sizeof(*message));
    for (; fields->kind != SR_FIELD_END; fields++) {
        void *field = message->bytes + fields->offset;
        if (fields->kind == SR_FIELD_ULONG) {
            *(CK_ULONG *)field = 1;
        } else if (fields->kind == SR_FIELD_BYTES) {
            *(struct sr_bytes *)field = (struct sr_bytes){.length = 16, .data = text};
        } else if (fields->kind == SR_FIELD_TEMPLATE || fields->kind == SR_FIELD_VALUES) {
            struct sr_template *t = field;
            t->n = 3;
            t->a[0] = (CK_ATTRIBUTE){CKA_CLASS, &class, sizeof(class)};
            t->a[1] = (CK_ATTRIBUTE){CKA_LABEL, text, 7};
            t->a[2] = fields->kind == SR_FIELD_VALUES
                          ? (CK_ATTRIBUTE){CKA_VALUE, NULL, CK_UNAVAILABLE_INFORMATION}
                          : (CK_ATTRIBUTE){CKA_WRAP_TEMPLATE, within, sizeof(within)};
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

/* Structures of parameters as words in memory, in the order of PKCS#11 v3.0: pointers, lengths and numbers.
 */
#define P(pointer) ((CK_ULONG)(pointer))
#define MECHANISM(name, type, words)                                                                         \
    {                                                                                                        \
        name,                                                                                                \
        {                                                                                                    \
            (type), (words), sizeof(words)                                                                   \
        }                                                                                                    \
    }

static int write_mechanisms(const char *folder)
{
    CK_ULONG oaep[] = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, P(text), 5};
    CK_ULONG rsa_aes[] = {256, P(oaep)};
    CK_ULONG gcm[] = {P(text), 12, 96, P(text), 5, 128};
    CK_ULONG ccm[] = {100, P(text), 12, P(text), 5, 16};
    CK_ULONG chacha[] = {P(text), 32, P(text), 96};
    CK_ULONG eddsa[] = {CK_TRUE, 5, P(text)};
    CK_ULONG ecdh[] = {1, 5, P(text), 16, P(text)};
    CK_ULONG ecb_data[] = {P(text), 16};
    CK_ULONG cbc_data[] = {1, 2, P(text), 16};
    CK_ULONG hkdf[] = {0x0101, CKM_SHA256, 2, P(text), 8, 3, P(text), 5};
    CK_ULONG list[] = {1, P(text), 8, 2, P(text), 16, 4, P(text), 3};
    CK_ULONG counter[] = {CKM_AES_CMAC, 3, P(list), 0, 0};
    CK_ULONG feedback[] = {CKM_AES_CMAC, 2, P(list), 16, P(text), 0, 0};
    CK_ULONG handle[] = {7};
    const struct {
        const char *name;
        CK_MECHANISM m;
    } all[] = {
        MECHANISM("oaep", CKM_RSA_PKCS_OAEP, oaep),
        MECHANISM("rsa-aes", CKM_RSA_AES_KEY_WRAP, rsa_aes),
        MECHANISM("gcm", CKM_AES_GCM, gcm),
        MECHANISM("ccm", CKM_AES_CCM, ccm),
        MECHANISM("chacha20", CKM_CHACHA20, chacha),
        MECHANISM("eddsa", CKM_EDDSA, eddsa),
        MECHANISM("ecdh", CKM_ECDH1_DERIVE, ecdh),
        MECHANISM("ecb-data", CKM_AES_ECB_ENCRYPT_DATA, ecb_data),
        MECHANISM("cbc-data", CKM_AES_CBC_ENCRYPT_DATA, cbc_data),
        MECHANISM("hkdf", CKM_HKDF_DERIVE, hkdf),
        MECHANISM("counter", CKM_SP800_108_COUNTER_KDF, counter),
        MECHANISM("feedback", CKM_SP800_108_FEEDBACK_KDF, feedback),
        MECHANISM("base-and-key", CKM_CONCATENATE_BASE_AND_KEY, handle),
        MECHANISM("pss", CKM_RSA_PKCS_PSS, ((CK_ULONG[]){CKM_SHA256, CKG_MGF1_SHA256, 32})),
        {"iv", {CKM_AES_CBC_PAD, text, 16}},
        {"none", {CKM_ECDSA, NULL, 0}},
        {"vendor", {0x80000001UL, text, 7}},
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct sr_mechanism m;
        struct sr_buf b = SR_BUF_EMPTY;
        if (sr_mechanism_set(&m, &all[i].m) != CKR_OK) {
            (void)fprintf(stderr, "make-corpus: %s is no parameter\n", all[i].name);
            return 1;
        }
        sr_mechanism_encode(&b, &m);
        failed |= write_frame(folder, all[i].name, "mechanism", &b);
        sr_buf_free(&b);
    }
    return failed;
}

/* KIND is the first word of fuzz_template.c's input. */
static int write_template(const char *folder, const char *name, uint64_t kind, const CK_ATTRIBUTE *a,
                          size_t n)
{
    static const struct sr_field fields[] = {{SR_FIELD_VALUES, 0}, {SR_FIELD_END, 0}};
    static struct sr_template t;
    struct sr_buf b = SR_BUF_EMPTY;

    if (sr_template_set(&t, a, n) != CKR_OK) {
        (void)fprintf(stderr, "make-corpus: %s is no template\n", name);
        return 1;
    }
    sr_buf_put_u64(&b, kind);
    sr_encode(&b, fields, &t);
    int failed = write_frame(folder, name, "template", &b);
    sr_buf_free(&b);
    return failed;
}

/* What a program gives: the attributes' types and values only. */
static int write_given(const char *folder)
{
    struct sr_buf b = SR_BUF_EMPTY;
    sr_buf_put_u64(&b, 2);
    sr_buf_put_u64(&b, 2);
    sr_buf_put_u64(&b, CKA_LABEL);
    sr_buf_put_bytes(&b, text, 7);
    sr_buf_put_u64(&b, CKA_UNWRAP_TEMPLATE);
    sr_buf_put_u64(&b, 1);
    sr_buf_put_u64(&b, CKA_ID);
    sr_buf_put_bytes(&b, text, 3);
    int failed = write_frame(folder, "given", "template", &b);
    sr_buf_free(&b);
    return failed;
}

static int write_templates(const char *folder)
{
    static CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE two[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_SENSITIVE, &yes, sizeof(yes)}};
    CK_ATTRIBUTE key[] = {{CKA_CLASS, &class, sizeof(class)},
                          {CKA_LABEL, text, 7},
                          {CKA_ID, NULL, 0},
                          {CKA_ALLOWED_MECHANISMS, &class, sizeof(class)},
                          {CKA_WRAP_TEMPLATE, two, sizeof(two)},
                          {CKA_UNWRAP_TEMPLATE, two, sizeof(two[0])}};
    CK_ATTRIBUTE read[] = {{CKA_VALUE, NULL, CK_UNAVAILABLE_INFORMATION}, {CKA_LABEL, text, 7}};
    read[0].pValue = text; /* sr_template_set wants an address for each length */
    return write_template(folder, "none", 0, NULL, 0) | write_template(folder, "key", 0, key, 4) |
           write_template(folder, "nested", 0, key, 6) | write_template(folder, "read", 1, read, 2) |
           write_given(folder);
}

/* The folder NAME of FOLDER; false where it cannot be made. */
static int folder_in(const char *folder, const char *name, char *path, size_t size)
{
    (void)snprintf(path, size, "%s/%s", folder, name);
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return 1;
    perror(path);
    return 0;
}

int main(int argc, char **argv)
{
    char path[400];
    int failed = 0;
    if (argc != 2) {
        fputs("usage: make-corpus FOLDER\n", stderr);
        return 2;
    }
    if (!folder_in(argv[1], "frame", path, sizeof(path)))
        return 1;
    for (uint32_t call = SR_CALL_HELLO; call < SR_CALLS; call++)
        failed |= write_call(path, call);
    if (!folder_in(argv[1], "parameters", path, sizeof(path)) || write_mechanisms(path) != 0 ||
        !folder_in(argv[1], "template", path, sizeof(path)) || write_templates(path) != 0)
        return 1;
    return failed;
}
