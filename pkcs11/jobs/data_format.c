/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/data_format.h"
#include "jobs/base64url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT 1
#define WRAPPED_BY_KWP 1 /* CKM_AES_KEY_WRAP_PAD */
#define DERIVED_BY_CBC 1 /* CKM_AES_CBC_ENCRYPT_DATA over SHA-256, as root.c does it */
#define AES_256_GCM 1
#define KEY_FIXED 16 /* up to the family's name */
#define BOUND_TEXT "strongroom data value"

static const unsigned char key_start[8] = {'S', 'R', 'K', FORMAT, WRAPPED_BY_KWP, DERIVED_BY_CBC, 0, 0};
static const unsigned char value_start[8] = {'S', 'R', 'D', FORMAT, AES_256_GCM, 0, 0, 0};

static void put_u32(unsigned char *to, unsigned long number)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(number >> (24 - 8 * i));
}

static unsigned long get_u32(const unsigned char *from)
{
    return (unsigned long)from[0] << 24 | (unsigned long)from[1] << 16 | (unsigned long)from[2] << 8 |
           from[3];
}

void sr_data_print(char letter, const unsigned char *binary, size_t size, unsigned char *text)
{
    const char prefix[SR_DATA_PREFIX] = {'s', 'r', letter, '1', '.'};
    memcpy(text, prefix, sizeof(prefix));
    sr_base64url_encode(binary, size, (char *)text + SR_DATA_PREFIX);
}

static bool is_printed(char letter, const void *text, size_t size)
{
    const char prefix[SR_DATA_PREFIX] = {'s', 'r', letter, '1', '.'};
    return size >= sizeof(prefix) && memcmp(text, prefix, sizeof(prefix)) == 0;
}

bool sr_data_is_key(const void *text, size_t size)
{
    return is_printed('k', text, size) || (size >= 4 && memcmp(text, key_start, 4) == 0);
}

size_t sr_data_key_write(const struct sr_data_key *key, bool binary, unsigned char *room)
{
    unsigned char bytes[SR_DATA_KEY_MAX + 1] = {0};
    char name[SR_FAMILY_MAX + 1];
    size_t length = (size_t)snprintf(name, sizeof(name), "%s:%s", key->family.role, key->family.name);
    size_t size = KEY_FIXED + length;

    memcpy(bytes, key_start, sizeof(key_start));
    put_u32(bytes + 8, key->version);
    put_u32(bytes + 12, length);
    memcpy(bytes + KEY_FIXED, name, length);
    memcpy(bytes + size, key->wrapped.bytes, SR_WRAPPED_ROOT);
    memcpy(bytes + size + SR_WRAPPED_ROOT, key->id, SR_DATA_ID);
    size += SR_WRAPPED_ROOT + SR_DATA_ID;
    if (!binary) {
        sr_data_print('k', bytes, size, room);
        return SR_DATA_PRINTED(size);
    }
    memcpy(room, bytes, size + 1);
    return size;
}

static enum sr_job_result bad_key(struct sr_why *why)
{
    sr_why_set(why,
               "the data key is damaged: it should be what \"strongroom data new-key\" gave, \"srk1.\" and "
               "base64url, or its binary form");
    return SR_JOB_BAD;
}

enum sr_job_result sr_data_key_read(const void *text, size_t size, struct sr_data_key *key,
                                    struct sr_why *why)
{
    unsigned char decoded[SR_DATA_KEY_MAX];
    const unsigned char *bytes = text;

    memset(key, 0, sizeof(*key));
    if (is_printed('k', text, size)) {
        size_t room = sizeof(decoded);
        if (!sr_base64url_decode((const char *)text + SR_DATA_PREFIX, size - SR_DATA_PREFIX, decoded, &room))
            return bad_key(why);
        bytes = decoded;
        size = room;
    }
    if (size < KEY_FIXED || memcmp(bytes, key_start, sizeof(key_start)) != 0)
        return bad_key(why);
    size_t length = get_u32(bytes + 12);
    if (length >= SR_FAMILY_MAX || size != KEY_FIXED + length + SR_WRAPPED_ROOT + SR_DATA_ID ||
        sr_family_parse(bytes + KEY_FIXED, length, &key->family, NULL) != SR_JOB_OK)
        return bad_key(why);
    key->version = get_u32(bytes + 8);
    key->wrapped.size = SR_WRAPPED_ROOT;
    memcpy(key->wrapped.bytes, bytes + KEY_FIXED + length, SR_WRAPPED_ROOT);
    memcpy(key->id, bytes + KEY_FIXED + length + SR_WRAPPED_ROOT, SR_DATA_ID);
    return SR_JOB_OK;
}

void sr_data_header_write(unsigned long version, const unsigned char id[SR_DATA_ID],
                          unsigned char header[SR_DATA_BOUND])
{
    memcpy(header, value_start, sizeof(value_start));
    put_u32(header + 8, version);
    memcpy(header + 12, id, SR_DATA_ID);
}

static enum sr_job_result bad_value(struct sr_data_value *value, struct sr_why *why)
{
    free(value->bytes);
    value->bytes = NULL;
    sr_why_set(why, "the value is damaged: it should be \"srd1.\" and base64url, or its binary form");
    return SR_JOB_BAD;
}

enum sr_job_result sr_data_value_read(const void *text, size_t size, struct sr_data_value *value,
                                      struct sr_why *why)
{
    const unsigned char *bytes = text;

    *value = (struct sr_data_value){.binary = !is_printed('d', text, size)};
    if (!value->binary) {
        size_t length = size - SR_DATA_PREFIX;
        size_t room = SR_BASE64URL_BYTES(length);
        value->bytes = malloc(room + 1);
        if (value->bytes == NULL) {
            sr_why_set(why, "out of memory");
            return SR_JOB_NO_MEMORY;
        }
        if (!sr_base64url_decode((const char *)text + SR_DATA_PREFIX, length, value->bytes, &room))
            return bad_value(value, why);
        bytes = value->bytes;
        size = room;
    }
    if (size < SR_DATA_OVERHEAD || memcmp(bytes, value_start, sizeof(value_start)) != 0)
        return bad_value(value, why);
    value->header = bytes;
    value->version = get_u32(bytes + 8);
    value->id = bytes + 12;
    value->nonce = bytes + SR_DATA_BOUND;
    value->sealed = bytes + SR_DATA_HEADER;
    value->sealed_size = size - SR_DATA_HEADER;
    return SR_JOB_OK;
}

static unsigned char *put_field(unsigned char *to, const void *field, size_t size)
{
    put_u32(to, size);
    if (size > 0)
        memcpy(to + 4, field, size);
    return to + 4 + size;
}

unsigned char *sr_data_bound(const struct sr_family_name *family, const unsigned char header[SR_DATA_BOUND],
                             const void *context, size_t context_size, size_t *size)
{
    char name[SR_FAMILY_MAX + 1];
    size_t length = (size_t)snprintf(name, sizeof(name), "%s:%s", family->role, family->name);

    *size = 16 + sizeof(BOUND_TEXT) - 1 + SR_DATA_BOUND + length + context_size;
    unsigned char *bound = malloc(*size);
    if (bound == NULL)
        return NULL;
    unsigned char *at = put_field(bound, BOUND_TEXT, sizeof(BOUND_TEXT) - 1);
    at = put_field(at, header, SR_DATA_BOUND);
    at = put_field(at, name, length);
    (void)put_field(at, context, context_size);
    return bound;
}

void sr_data_id_text(const unsigned char id[SR_DATA_ID], char text[SR_DATA_ID_TEXT])
{
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", id[i]);
}
