/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's target: templates, as the daemon might be sent them, and as a program might give them to the
 * shim. The first word says which. */
#include "fuzz.h"

volatile unsigned char sr_fuzz_sink;

#define GIVEN_MAX 80 /* more than a template may have */

static const struct sr_field asked[] = {{SR_FIELD_TEMPLATE, 0}, {SR_FIELD_END, 0}};
static const struct sr_field values[] = {{SR_FIELD_VALUES, 0}, {SR_FIELD_END, 0}};

static struct sr_template first;
static struct sr_template second;

static void sent(struct sr_buf *b, const struct sr_field *fields)
{
    if (!sr_decode(b, fields, &first))
        return;
    touch_template(&first, fields == values);
    demand_round_trip(fields, &first, &second);
}

/* A program's template: each value in memory of its own, of exactly its size. */
static CK_ATTRIBUTE *given(struct sr_buf *b, size_t *n, int depth)
{
    *n = sr_buf_get_u64(b) % GIVEN_MAX;
    CK_ATTRIBUTE *t = calloc(*n > 0 ? *n : 1, sizeof(*t));
    demand(t != NULL);
    for (size_t i = 0; i < *n; i++) {
        t[i].type = sr_buf_get_u64(b);
        if (sr_attribute_nests(t[i].type) && depth < 3) {
            size_t inner;
            t[i].pValue = given(b, &inner, depth + 1);
            t[i].ulValueLen = inner * sizeof(*t);
        } else {
            struct sr_bytes value = sr_buf_get_bytes(b);
            t[i].ulValueLen = value.length;
            t[i].pValue = value.length > 0 ? malloc(value.length) : NULL;
            if (t[i].pValue != NULL)
                memcpy(t[i].pValue, value.data, value.length);
            else if (sr_buf_get_u64(b) == 1) /* a length, and no value */
                t[i].ulValueLen = 7;
        }
    }
    return t;
}

static void free_given(CK_ATTRIBUTE *t, size_t n, int depth)
{
    for (size_t i = 0; i < n; i++)
        if (sr_attribute_nests(t[i].type) && depth < 3)
            free_given(t[i].pValue, t[i].ulValueLen / sizeof(*t), depth + 1);
        else
            free(t[i].pValue);
    free(t);
}

static void by_program(struct sr_buf *b)
{
    size_t n;
    CK_ATTRIBUTE *t = given(b, &n, 0);
    if (sr_template_set(&first, t, n) == CKR_OK) {
        demand(first.n == n);
        touch_template(&first, 0);
        demand_round_trip(asked, &first, &second);
        for (size_t i = 0; i < n; i++)
            demand(second.a[i].type == t[i].type && second.a[i].ulValueLen == t[i].ulValueLen &&
                   (sr_attribute_nests(t[i].type) || t[i].ulValueLen == 0 || second.a[i].pValue != NULL));
    }
    free_given(t, n, 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct sr_buf b = input(data, size);
    switch (sr_buf_get_u64(&b) % 3) {
    case 0:
        sent(&b, asked);
        break;
    case 1:
        sent(&b, values);
        break;
    default:
        by_program(&b);
        break;
    }
    free(b.data);
    return 0;
}
