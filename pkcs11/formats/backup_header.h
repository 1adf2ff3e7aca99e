/* The header of a backup, as bytes and as structures. docs/backup-format.md is the format.
 *
 * An immutable part, and two slots for recipients, of which at rest one is empty. Whether a slot is what it
 * was written as, only its HMAC tells, and that needs a key.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_FORMATS_BACKUP_HEADER_H
#define STRONGROOM_FORMATS_BACKUP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SR_BACKUP_FIXED 96 /* the immutable part */
#define SR_BACKUP_SLOT 2000
#define SR_BACKUP_SLOTS 2
#define SR_BACKUP_HEADER (SR_BACKUP_FIXED + SR_BACKUP_SLOTS * SR_BACKUP_SLOT)
#define SR_BACKUP_HMAC 32                                /* at a slot's end */
#define SR_BACKUP_LIST (SR_BACKUP_SLOT - SR_BACKUP_HMAC) /* what it is over, of the slot */
#define SR_BACKUP_TAG 16                                 /* behind each chunk */

#define SR_BACKUP_CHUNK_MIN ((uint32_t)4 << 10)
#define SR_BACKUP_CHUNK_MAX ((uint32_t)4 << 20)
#define SR_BACKUP_CHUNK_DEFAULT ((uint32_t)1 << 20)

#define SR_BACKUP_ID 16
#define SR_BACKUP_PREFIX 7
#define SR_BACKUP_COMMITMENT 32

struct sr_backup_fixed {
    uint32_t chunk_size; /* a power of two */
    unsigned char id[SR_BACKUP_ID];
    unsigned char prefix[SR_BACKUP_PREFIX];
    unsigned char commitment[SR_BACKUP_COMMITMENT];
};

/* A chunk size that can be. */
bool sr_backup_chunk_size_good(uint64_t size);

/* Reads SR_BACKUP_FIXED bytes. NULL, or what is wrong with them, for a sentence that begins with "it". */
const char *sr_backup_fixed_parse(const unsigned char *bytes, struct sr_backup_fixed *fixed);
void sr_backup_fixed_write(const struct sr_backup_fixed *fixed, unsigned char *bytes);

/* The slot of that number, from 0, in a header. */
const unsigned char *sr_backup_slot(const unsigned char *header, size_t number);

/* Zeros only. */
bool sr_backup_slot_empty(const unsigned char *slot);

#define SR_BACKUP_RECIPIENTS_MAX 16
#define SR_BACKUP_FAMILY_KEK 1 /* the one type that there is; the others are for later versions */

struct sr_backup_recipient {
    uint16_t type;
    uint16_t length;
    const unsigned char *content; /* borrowed */
};

struct sr_backup_slot {
    uint64_t sequence; /* from 1 */
    size_t count;
    struct sr_backup_recipient recipients[SR_BACKUP_RECIPIENTS_MAX];
};

/* Takes a slot apart; the recipients point into it. NULL, or what is wrong. Knows nothing of the HMAC. */
const char *sr_backup_slot_parse(const unsigned char *bytes, struct sr_backup_slot *slot);

/* Writes all but the HMAC. False where the recipients have no room. */
bool sr_backup_slot_write(const struct sr_backup_slot *slot, unsigned char *bytes);

#define SR_BACKUP_FAMILY_MAX 80 /* with a final zero */
#define SR_BACKUP_WRAPPED_MAX 264
#define SR_BACKUP_WRAP_KWP 1   /* CKM_AES_KEY_WRAP_PAD, RFC 5649 */
#define SR_BACKUP_DERIVE_CBC 1 /* CKM_AES_CBC_ENCRYPT_DATA over a SHA-256 */
#define SR_BACKUP_CONTENT_MAX (2 + SR_BACKUP_FAMILY_MAX + 8 + 2 + 2 + 2 + SR_BACKUP_WRAPPED_MAX)

/* The content of a recipient of the type SR_BACKUP_FAMILY_KEK. */
struct sr_backup_family {
    char name[SR_BACKUP_FAMILY_MAX]; /* "backup:nightly": printable, without blanks, quotes and backslashes */
    uint64_t version;
    uint16_t wrap;
    uint16_t derivation;
    size_t wrapped_size;
    unsigned char wrapped[SR_BACKUP_WRAPPED_MAX];
};

/* NULL, or what is wrong. */
const char *sr_backup_family_parse(const struct sr_backup_recipient *recipient,
                                   struct sr_backup_family *family);

/* Makes a recipient whose content lies in CONTENT, SR_BACKUP_CONTENT_MAX bytes. */
struct sr_backup_recipient sr_backup_family_write(const struct sr_backup_family *family,
                                                  unsigned char *content);

#endif
