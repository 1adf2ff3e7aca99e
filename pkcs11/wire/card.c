/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/card.h"

#include <string.h>

const struct sr_field sr_card_fields[] = {
    {SR_FIELD_ULONG, offsetof(struct sr_card, handle)},
    {SR_FIELD_ULONG, offsetof(struct sr_card, flags)},
    {SR_FIELD_ULONG, offsetof(struct sr_card, class)},
    {SR_FIELD_ULONG, offsetof(struct sr_card, type)},
    {SR_FIELD_ULONG, offsetof(struct sr_card, signature_max)},
    {SR_FIELD_BYTES, offsetof(struct sr_card, id)},
    {SR_FIELD_BYTES, offsetof(struct sr_card, label)},
    {SR_FIELD_BYTES, offsetof(struct sr_card, digest)},
    {SR_FIELD_BYTES, offsetof(struct sr_card, mechanisms)},
    {SR_FIELD_END, 0},
};

static bool same(const struct sr_bytes *a, const struct sr_bytes *b)
{
    return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

bool sr_card_same(const struct sr_card *a, const struct sr_card *b)
{
    return a->class == b->class && a->type == b->type && same(&a->id, &b->id) && same(&a->label, &b->label) &&
           same(&a->digest, &b->digest);
}
