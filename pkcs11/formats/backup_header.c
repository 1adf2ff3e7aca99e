/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/backup_header.h"

#include <string.h>

#define FORMAT 1
#define AES_256_GCM 1
#define LIST_BEGINS 16 /* of a slot: after the sequence, the count and zeros */

static const unsigned char magic[8] = {'S', 'R', 'B', 'A', 'C', 'K', 'U', 'P'};

_Static_assert(SR_BACKUP_HEADER == 4096, "chunks begin at a page");

/* Integers are written with the most significant byte first. */
static void put(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = size; i > 0; i--, value >>= 8)
        at[i - 1] = (unsigned char)value;
}

static uint64_t get(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static bool zeros(const unsigned char *at, size_t size)
{
    unsigned char any = 0;
    for (size_t i = 0; i < size; i++)
        any |= at[i];
    return any == 0;
}

bool sr_backup_chunk_size_good(uint64_t size)
{
    return size >= SR_BACKUP_CHUNK_MIN && size <= SR_BACKUP_CHUNK_MAX && (size & (size - 1)) == 0;
}

const char *sr_backup_fixed_parse(const unsigned char *bytes, struct sr_backup_fixed *fixed)
{
    memset(fixed, 0, sizeof(*fixed));
    if (memcmp(bytes, magic, sizeof(magic)) != 0)
        return "does not begin as a backup of strongroom's does";
    if (get(bytes + 8, 2) != FORMAT)
        return "is of another version of the format than this strongroom knows";
    if (get(bytes + 10, 2) != AES_256_GCM)
        return "is encrypted in another way than this strongroom knows";
    if (!sr_backup_chunk_size_good(get(bytes + 12, 4)))
        return "has a chunk size that cannot be";
    if (bytes[39] != 0 || !zeros(bytes + 72, SR_BACKUP_FIXED - 72))
        return "has bytes in its header that should be zero";
    fixed->chunk_size = (uint32_t)get(bytes + 12, 4);
    memcpy(fixed->id, bytes + 16, SR_BACKUP_ID);
    memcpy(fixed->prefix, bytes + 32, SR_BACKUP_PREFIX);
    memcpy(fixed->commitment, bytes + 40, SR_BACKUP_COMMITMENT);
    return NULL;
}

void sr_backup_fixed_write(const struct sr_backup_fixed *fixed, unsigned char *bytes)
{
    memset(bytes, 0, SR_BACKUP_FIXED);
    memcpy(bytes, magic, sizeof(magic));
    put(bytes + 8, FORMAT, 2);
    put(bytes + 10, AES_256_GCM, 2);
    put(bytes + 12, fixed->chunk_size, 4);
    memcpy(bytes + 16, fixed->id, SR_BACKUP_ID);
    memcpy(bytes + 32, fixed->prefix, SR_BACKUP_PREFIX);
    memcpy(bytes + 40, fixed->commitment, SR_BACKUP_COMMITMENT);
}

const unsigned char *sr_backup_slot(const unsigned char *header, size_t number)
{
    return header + SR_BACKUP_FIXED + number * SR_BACKUP_SLOT;
}

bool sr_backup_slot_empty(const unsigned char *slot)
{
    return zeros(slot, SR_BACKUP_SLOT);
}

const char *sr_backup_slot_parse(const unsigned char *bytes, struct sr_backup_slot *slot)
{
    size_t at = LIST_BEGINS;

    memset(slot, 0, sizeof(*slot));
    slot->sequence = get(bytes, 8);
    size_t count = (size_t)get(bytes + 8, 2);
    if (slot->sequence == 0 || count == 0 || count > SR_BACKUP_RECIPIENTS_MAX || !zeros(bytes + 10, 6))
        return "has a damaged list of recipients";
    for (size_t i = 0; i < count; i++) {
        if (SR_BACKUP_LIST - at < 4)
            return "has a list of recipients that ends too early";
        struct sr_backup_recipient r = {.type = (uint16_t)get(bytes + at, 2),
                                        .length = (uint16_t)get(bytes + at + 2, 2),
                                        .content = bytes + at + 4};
        at += 4;
        if (r.type == 0 || r.length > SR_BACKUP_LIST - at)
            return "has a list of recipients that ends too early";
        at += r.length;
        slot->recipients[i] = r;
    }
    if (!zeros(bytes + at, SR_BACKUP_LIST - at))
        return "has bytes behind its recipients that should be zero";
    slot->count = count;
    return NULL;
}

bool sr_backup_slot_write(const struct sr_backup_slot *slot, unsigned char *bytes)
{
    size_t at = LIST_BEGINS;

    memset(bytes, 0, SR_BACKUP_SLOT);
    put(bytes, slot->sequence, 8);
    put(bytes + 8, slot->count, 2);
    for (size_t i = 0; i < slot->count; i++) {
        const struct sr_backup_recipient *r = &slot->recipients[i];
        if (SR_BACKUP_LIST - at < 4 || r->length > SR_BACKUP_LIST - at - 4)
            return false;
        put(bytes + at, r->type, 2);
        put(bytes + at + 2, r->length, 2);
        memcpy(bytes + at + 4, r->content, r->length);
        at += 4 + (size_t)r->length;
    }
    return true;
}

static bool good_name(const unsigned char *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\')
            return false;
    return length > 0 && length < SR_BACKUP_FAMILY_MAX;
}

const char *sr_backup_family_parse(const struct sr_backup_recipient *recipient,
                                   struct sr_backup_family *family)
{
    static const char *const damaged = "has a damaged recipient";
    const unsigned char *at = recipient->content;
    size_t left = recipient->length;

    memset(family, 0, sizeof(*family));
    size_t name = left >= 2 ? (size_t)get(at, 2) : 0;
    if (left < 16 || name > left - 16 || !good_name(at + 2, name))
        return damaged;
    memcpy(family->name, at + 2, name);
    at += 2 + name;
    left -= 16 + name;
    family->version = get(at, 8);
    family->wrap = (uint16_t)get(at + 8, 2);
    family->derivation = (uint16_t)get(at + 10, 2);
    size_t wrapped = (size_t)get(at + 12, 2);
    if (family->version == 0 || wrapped == 0 || wrapped > sizeof(family->wrapped) || wrapped != left)
        return damaged;
    if (family->wrap != SR_BACKUP_WRAP_KWP || family->derivation != SR_BACKUP_DERIVE_CBC)
        return "has its key wrapped in another way than this strongroom knows";
    memcpy(family->wrapped, at + 14, wrapped);
    family->wrapped_size = wrapped;
    return NULL;
}

struct sr_backup_recipient sr_backup_family_write(const struct sr_backup_family *family,
                                                  unsigned char *content)
{
    size_t name = strlen(family->name);
    unsigned char *at = content + 2 + name;

    put(content, name, 2);
    memcpy(content + 2, family->name, name);
    put(at, family->version, 8);
    put(at + 8, family->wrap, 2);
    put(at + 10, family->derivation, 2);
    put(at + 12, family->wrapped_size, 2);
    memcpy(at + 14, family->wrapped, family->wrapped_size);
    return (struct sr_backup_recipient){.type = SR_BACKUP_FAMILY_KEK,
                                        .length = (uint16_t)(16 + name + family->wrapped_size),
                                        .content = content};
}
