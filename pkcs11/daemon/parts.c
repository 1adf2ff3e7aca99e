/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/parts.h"

#include <stdlib.h>
#include <string.h>

struct sr_parts *sr_parts_new(struct sr_token *token, enum sr_operation operation,
                              CK_MECHANISM_TYPE mechanism, struct sr_token_object *object, CK_RV *rv)
{
    struct sr_parts *parts = calloc(1, sizeof(*parts));
    *rv = parts != NULL ? sr_loan_begin(token, &parts->loan) : CKR_HOST_MEMORY;
    if (*rv != CKR_OK) {
        free(parts);
        return NULL;
    }
    parts->operation = operation;
    parts->mechanism = mechanism;
    parts->token = token;
    parts->object = object;
    parts->withholds = sr_operation_withholds(operation, mechanism);
    if (object != NULL)
        atomic_fetch_add(&object->refs, 1);
    return parts;
}

unsigned char *sr_parts_room(struct sr_parts *parts, size_t more)
{
    if (more <= parts->kept_size - parts->kept_length)
        return parts->kept + parts->kept_length;
    if (more > SIZE_MAX / 2 - parts->kept_length)
        return NULL;
    size_t size = parts->kept_length + more;
    if (size < 2 * parts->kept_size)
        size = 2 * parts->kept_size; /* what is never touched is never there */
    unsigned char *grown = malloc(size);
    if (grown == NULL)
        return NULL;
    if (parts->kept_length > 0) {
        memcpy(grown, parts->kept, parts->kept_length);
        explicit_bzero(parts->kept, parts->kept_length);
    }
    free(parts->kept);
    parts->kept = grown;
    parts->kept_size = size;
    return grown + parts->kept_length;
}

void sr_parts_end(struct sr_parts *parts, CK_RV rv)
{
    if (parts == NULL)
        return;
    sr_loan_end(parts->token, &parts->loan, rv);
    sr_object_release(parts->object);
    if (parts->kept != NULL)
        explicit_bzero(parts->kept, parts->kept_length);
    free(parts->kept);
    free(parts);
}
