/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void sr_base64url_encode(const void *data, size_t length, char *text)
{
    const unsigned char *bytes = data;
    unsigned bits = 0;
    unsigned held = 0; /* how many of them are not written yet */

    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 6; held -= 6)
            *text++ = alphabet[bits >> (held - 6) & 63];
    }
    if (held > 0)
        *text++ = alphabet[bits << (6 - held) & 63];
    *text = '\0';
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

bool sr_base64url_decode(const char *text, size_t length, void *data, size_t *size)
{
    unsigned char *bytes = data;
    size_t written = 0;
    unsigned bits = 0;
    unsigned held = 0;

    if (length % 4 == 1 || SR_BASE64URL_BYTES(length) > *size)
        return false;
    for (size_t i = 0; i < length; i++) {
        int value = value_of(text[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (unsigned)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[written++] = (unsigned char)(bits >> held);
        }
    }
    *size = written;
    return (bits & ((1U << held) - 1)) == 0;
}
