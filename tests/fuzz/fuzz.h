/* What the fuzz targets share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_FUZZ_H
#define STRONGROOM_TESTS_FUZZ_H

#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Ends the program, which is a finding, unless CONDITION holds. */
static inline void demand(int condition)
{
    if (!condition)
        abort();
}

extern volatile unsigned char sr_fuzz_sink; /* each target has one */

/* Reads every byte, so that the sanitizer sees one that is not there. */
static inline void touch(const void *data, size_t length)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++)
        sr_fuzz_sink ^= bytes[i];
}

/* Follows a decoded template. MISSING: values may be. */
static inline void touch_template(const struct sr_template *t, int missing)
{
    demand(t->n <= SR_TEMPLATE_MAX);
    for (size_t i = 0; i < t->n; i++) {
        const CK_ATTRIBUTE *a = &t->a[i];
        demand(missing || a->ulValueLen != CK_UNAVAILABLE_INFORMATION);
        if (a->ulValueLen == CK_UNAVAILABLE_INFORMATION)
            continue;
        touch(a->pValue, a->ulValueLen);
        if (!sr_attribute_nests(a->type))
            continue;
        const CK_ATTRIBUTE *inner = a->pValue;
        demand(a->ulValueLen % sizeof(*inner) == 0);
        for (size_t j = 0; j < a->ulValueLen / sizeof(*inner); j++) {
            demand(!sr_attribute_nests(inner[j].type) || inner[j].ulValueLen == CK_UNAVAILABLE_INFORMATION);
            if (inner[j].ulValueLen != CK_UNAVAILABLE_INFORMATION)
                touch(inner[j].pValue, inner[j].ulValueLen);
        }
    }
}

/* The input in memory of exactly its size and aligned, as a frame's body is; to be freed. Whole words of it.
 */
static inline struct sr_buf input(const unsigned char *data, size_t size)
{
    size -= size % sizeof(uint64_t);
    unsigned char *copy = malloc(size > 0 ? size : 1);
    demand(copy != NULL);
    memcpy(copy, data, size);
    return sr_buf_over(copy, size);
}

/* What was decoded from B by FIELDS into FIRST, encoded and decoded again into SECOND, is the same. */
static inline void demand_round_trip(const struct sr_field *fields, const void *first, void *second)
{
    struct sr_buf once = SR_BUF_EMPTY;
    struct sr_buf twice = SR_BUF_EMPTY;

    sr_encode(&once, fields, first);
    demand(sr_buf_ok(&once));
    demand(sr_decode(&once, fields, second) && sr_buf_finished(&once));
    sr_encode(&twice, fields, second);
    demand(sr_buf_ok(&twice) && twice.length == once.length &&
           (once.length == 0 || memcmp(once.data, twice.data, once.length) == 0));
    sr_buf_free(&once);
    sr_buf_free(&twice);
}

#endif
