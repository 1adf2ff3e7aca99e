/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's target: a backup's header as a daemon or a client might be given it. Every byte that is handed
 * out is read, and what was read must survive being written and read again. */
#include "formats/backup_header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static volatile unsigned char sink;

static void demand(int condition)
{
    if (!condition)
        abort();
}

static void try_fixed(const unsigned char *bytes)
{
    struct sr_backup_fixed fixed;
    unsigned char again[SR_BACKUP_FIXED];

    if (sr_backup_fixed_parse(bytes, &fixed) != NULL)
        return;
    sr_backup_fixed_write(&fixed, again);
    demand(memcmp(bytes, again, sizeof(again)) == 0);
}

static void try_recipient(const struct sr_backup_recipient *recipient)
{
    struct sr_backup_family family;
    unsigned char content[SR_BACKUP_CONTENT_MAX];

    for (size_t i = 0; i < recipient->length; i++)
        sink ^= recipient->content[i];
    if (sr_backup_family_parse(recipient, &family) != NULL)
        return;
    struct sr_backup_recipient again = sr_backup_family_write(&family, content);
    demand(again.length == recipient->length && memcmp(again.content, recipient->content, again.length) == 0);
}

static void try_slot(const unsigned char *bytes)
{
    struct sr_backup_slot slot;
    unsigned char again[SR_BACKUP_SLOT];

    if (sr_backup_slot_parse(bytes, &slot) != NULL)
        return;
    demand(!sr_backup_slot_empty(bytes));
    for (size_t i = 0; i < slot.count; i++)
        try_recipient(&slot.recipients[i]);
    demand(sr_backup_slot_write(&slot, again) && memcmp(bytes, again, SR_BACKUP_LIST) == 0);
}

/* A shorter input is a slot that ends with zeros, so that the fuzzer need not find two thousand bytes. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    /* Memory of exactly this size, so that reading one byte too many is seen. */
    unsigned char *copy = calloc(1, SR_BACKUP_SLOT);
    unsigned char *fixed = calloc(1, SR_BACKUP_FIXED);

    if (copy != NULL && fixed != NULL) {
        memcpy(copy, data, size < SR_BACKUP_SLOT ? size : SR_BACKUP_SLOT);
        memcpy(fixed, data, size < SR_BACKUP_FIXED ? size : SR_BACKUP_FIXED);
        try_slot(copy);
        try_fixed(fixed);
    }
    free(copy);
    free(fixed);
    return 0;
}
