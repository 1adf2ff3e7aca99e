/* SPDX-License-Identifier: Apache-2.0 */
/* A backup's header: what is written is read, and what is out of bounds is not. */
#include "formats/backup_header.h"
#include "unit.h"

#include <string.h>

static struct sr_backup_fixed fixed = {
    .chunk_size = 65536, .id = "id", .prefix = "prefix", .commitment = "commits"};
static struct sr_backup_family family = {.name = "backup:nightly",
                                         .version = 7,
                                         .wrap = SR_BACKUP_WRAP_KWP,
                                         .derivation = SR_BACKUP_DERIVE_CBC,
                                         .wrapped_size = 40,
                                         .wrapped = "wrapped"};

static bool same_fixed(const struct sr_backup_fixed *a)
{
    return a->chunk_size == fixed.chunk_size && memcmp(a->id, fixed.id, sizeof(a->id)) == 0 &&
           memcmp(a->prefix, fixed.prefix, sizeof(a->prefix)) == 0 &&
           memcmp(a->commitment, fixed.commitment, sizeof(a->commitment)) == 0;
}

static bool same_family(const struct sr_backup_family *a)
{
    return strcmp(a->name, family.name) == 0 && a->version == family.version && a->wrap == family.wrap &&
           a->derivation == family.derivation && a->wrapped_size == family.wrapped_size &&
           memcmp(a->wrapped, family.wrapped, sizeof(a->wrapped)) == 0;
}

static void the_immutable_part_is_read_as_written(void)
{
    unsigned char bytes[SR_BACKUP_FIXED];
    struct sr_backup_fixed read;

    for (uint32_t size = SR_BACKUP_CHUNK_MIN; size <= SR_BACKUP_CHUNK_MAX; size *= 2) {
        fixed.chunk_size = size;
        sr_backup_fixed_write(&fixed, bytes);
        CU_ASSERT_PTR_NULL(sr_backup_fixed_parse(bytes, &read));
        CU_ASSERT_TRUE(same_fixed(&read));
    }
    fixed.chunk_size = 65536;
}

static void each_bit_of_it_counts(void)
{
    unsigned char bytes[SR_BACKUP_FIXED];
    struct sr_backup_fixed read;

    sr_backup_fixed_write(&fixed, bytes);
    for (size_t bit = 0; bit < 8UL * SR_BACKUP_FIXED; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CU_ASSERT_TRUE(sr_backup_fixed_parse(bytes, &read) != NULL || !same_fixed(&read));
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

static void chunk_sizes_have_bounds(void)
{
    static const uint64_t wrong[] = {
        0, 1, 2048, 4095, 4097, 12288, 4194303, 4194305, 8388608, (1ULL << 32) + 4096, UINT64_MAX};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_FALSE(sr_backup_chunk_size_good(wrong[i]));
    CU_ASSERT_TRUE(sr_backup_chunk_size_good(4096));
    CU_ASSERT_TRUE(sr_backup_chunk_size_good(4194304));
}

/* A slot with COUNT recipients of the family. */
static void write_slot(unsigned char *bytes, size_t count)
{
    static unsigned char content[SR_BACKUP_CONTENT_MAX];
    struct sr_backup_slot slot = {.sequence = 5, .count = count};

    for (size_t i = 0; i < count; i++)
        slot.recipients[i] = sr_backup_family_write(&family, content);
    CU_ASSERT_TRUE_FATAL(sr_backup_slot_write(&slot, bytes));
    memset(bytes + SR_BACKUP_LIST, 0xaa, SR_BACKUP_HMAC);
}

static void recipients_are_read_as_written(void)
{
    unsigned char bytes[SR_BACKUP_SLOT];
    struct sr_backup_slot slot;
    struct sr_backup_family read;

    for (size_t count = 1; count <= SR_BACKUP_RECIPIENTS_MAX; count++) {
        write_slot(bytes, count);
        CU_ASSERT_PTR_NULL(sr_backup_slot_parse(bytes, &slot));
        CU_ASSERT_EQUAL(slot.sequence, 5);
        CU_ASSERT_EQUAL_FATAL(slot.count, count);
        for (size_t i = 0; i < count; i++) {
            CU_ASSERT_EQUAL(slot.recipients[i].type, SR_BACKUP_FAMILY_KEK);
            CU_ASSERT_PTR_NULL(sr_backup_family_parse(&slot.recipients[i], &read));
            CU_ASSERT_TRUE(same_family(&read));
        }
    }
}

static void unknown_recipients_are_kept(void)
{
    static unsigned char key[500] = "a public key";
    unsigned char content[SR_BACKUP_CONTENT_MAX];
    unsigned char bytes[SR_BACKUP_SLOT];
    unsigned char again[SR_BACKUP_SLOT];
    struct sr_backup_slot slot = {.sequence = 1, .count = 3};

    slot.recipients[0] = (struct sr_backup_recipient){.type = 9, .length = 0, .content = key};
    slot.recipients[1] = sr_backup_family_write(&family, content);
    slot.recipients[2] = (struct sr_backup_recipient){.type = 65535, .length = sizeof(key), .content = key};
    CU_ASSERT_TRUE(sr_backup_slot_write(&slot, bytes));
    CU_ASSERT_PTR_NULL(sr_backup_slot_parse(bytes, &slot));
    CU_ASSERT_EQUAL(slot.recipients[2].length, sizeof(key));
    CU_ASSERT_TRUE(sr_backup_slot_write(&slot, again));
    CU_ASSERT_EQUAL(memcmp(bytes, again, sizeof(bytes)), 0);
}

static void a_slot_has_bounds(void)
{
    static unsigned char large[SR_BACKUP_SLOT];
    unsigned char bytes[SR_BACKUP_SLOT];
    struct sr_backup_slot slot = {.sequence = 1, .count = 1};
    struct sr_backup_slot read;

    /* What fills it to the last byte before the HMAC, and a byte more. */
    slot.recipients[0] =
        (struct sr_backup_recipient){.type = 2, .length = SR_BACKUP_LIST - 20, .content = large};
    CU_ASSERT_TRUE(sr_backup_slot_write(&slot, bytes));
    CU_ASSERT_PTR_NULL(sr_backup_slot_parse(bytes, &read));
    slot.recipients[0].length++;
    CU_ASSERT_FALSE(sr_backup_slot_write(&slot, bytes));
    bytes[16 + 3] = (unsigned char)(slot.recipients[0].length & 0xff);
    bytes[16 + 2] = (unsigned char)(slot.recipients[0].length >> 8);
    bytes[0 + 7] = 1;
    bytes[9] = 1;
    bytes[17] = 2;
    CU_ASSERT_PTR_NOT_NULL(sr_backup_slot_parse(bytes, &read));

    write_slot(bytes, 1);
    bytes[9] = 0; /* no recipients */
    CU_ASSERT_PTR_NOT_NULL(sr_backup_slot_parse(bytes, &read));
    bytes[9] = 2; /* one that is not there: its type is zero */
    CU_ASSERT_PTR_NOT_NULL(sr_backup_slot_parse(bytes, &read));
    bytes[9] = 17;
    CU_ASSERT_PTR_NOT_NULL(sr_backup_slot_parse(bytes, &read));
    bytes[9] = 1;
    bytes[SR_BACKUP_LIST - 1] = 1; /* behind them */
    CU_ASSERT_PTR_NOT_NULL(sr_backup_slot_parse(bytes, &read));
    bytes[SR_BACKUP_LIST - 1] = 0;
    bytes[12] = 1; /* between the count and them */
    CU_ASSERT_PTR_NOT_NULL(sr_backup_slot_parse(bytes, &read));
    bytes[12] = 0;
    bytes[7] = 0; /* no sequence */
    CU_ASSERT_PTR_NOT_NULL(sr_backup_slot_parse(bytes, &read));
    bytes[7] = 5;
    CU_ASSERT_PTR_NULL(sr_backup_slot_parse(bytes, &read));
}

static bool family_read(const struct sr_backup_recipient *recipient)
{
    struct sr_backup_family read;
    return sr_backup_family_parse(recipient, &read) == NULL;
}

static void a_family_has_bounds(void)
{
    unsigned char content[SR_BACKUP_CONTENT_MAX + 16] = {0};
    struct sr_backup_recipient r = sr_backup_family_write(&family, content);
    size_t name = strlen(family.name);
    uint16_t length = r.length;

    CU_ASSERT_TRUE(family_read(&r));
    for (r.length = 0; r.length < length; r.length++)
        CU_ASSERT_FALSE(family_read(&r));
    r.length = (uint16_t)(length + 1);
    CU_ASSERT_FALSE(family_read(&r));
    r.length = length;
    for (int c = 0; c < 256; c++) { /* what a name may not have, for it is printed and goes into JSON */
        bool good = c > ' ' && c <= '~' && c != '"' && c != '\\';
        content[5] = (unsigned char)c;
        CU_ASSERT_EQUAL(family_read(&r), good);
    }
    content[5] = 'k';
    for (size_t i = 0; i < 14; i++) { /* version, wrap, derivation, length of the wrapped root */
        unsigned char was = content[2 + name + i];
        content[2 + name + i] = 0xff;
        CU_ASSERT_EQUAL(family_read(&r), i < 8); /* any version may be */
        content[2 + name + i] = was;
    }
    memset(content + 2 + name, 0, 8); /* but none */
    CU_ASSERT_FALSE(family_read(&r));
    content[2 + name + 7] = 1;
    content[1] = 80; /* a longer name than there can be */
    CU_ASSERT_FALSE(family_read(&r));
    content[0] = 0xff;
    CU_ASSERT_FALSE(family_read(&r));
}

CU_TestInfo backup_header_tests[] = {
    {"the immutable part is read as written", the_immutable_part_is_read_as_written},
    {"each bit of it counts", each_bit_of_it_counts},
    {"chunk sizes have bounds", chunk_sizes_have_bounds},
    {"recipients are read as written", recipients_are_read_as_written},
    {"unknown recipients are kept", unknown_recipients_are_kept},
    {"a slot has bounds", a_slot_has_bounds},
    {"a family has bounds", a_family_has_bounds},
    CU_TEST_INFO_NULL,
};
