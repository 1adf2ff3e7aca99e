/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/base32.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void sr_base32_encode(const void *data, size_t length, char *text)
{
    const unsigned char *bytes = data;
    unsigned held = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < length; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            *text++ = alphabet[held >> (bits - 5) & 31];
        held &= (1U << bits) - 1;
    }
    if (bits > 0)
        *text++ = alphabet[held << (5 - bits) & 31];
    *text = '\0';
}

/* The character's five bits, or -1. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static bool bad_character(const char *text, size_t at, struct sr_why *why)
{
    unsigned char c = (unsigned char)text[at];
    if (c > ' ' && c < 0x7f)
        sr_why_set(why, "character %zu of the secret is \"%c\", which base32 (A-Z, 2-7) does not have",
                   at + 1, c);
    else
        sr_why_set(why, "byte %zu of the secret is 0x%02x, which base32 (A-Z, 2-7) does not have", at + 1, c);
    return false;
}

bool sr_base32_decode(const char *text, size_t length, void *data, size_t *size, struct sr_why *why)
{
    unsigned char *out = data;
    size_t used = 0;
    size_t digits = 0;
    unsigned held = 0;
    unsigned bits = 0;
    bool padding = false;

    for (size_t i = 0; i < length; i++) {
        int value = value_of(text[i]);
        if (text[i] == '-' || text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r'))
            continue;
        padding = padding || text[i] == '=';
        if (text[i] == '=')
            continue;
        if (value < 0 || padding)
            return bad_character(text, i, why);
        digits++;
        held = held << 5 | (unsigned)value;
        bits += 5;
        if (bits < 8)
            continue;
        if (used == *size) {
            sr_why_set(why, "the secret has more than %zu bytes", *size);
            return false;
        }
        bits -= 8;
        out[used++] = (unsigned char)(held >> bits);
        held &= (1U << bits) - 1;
    }
    /* RFC 4648 §6: the last group has 2, 4, 5, 7 or 8 characters. What is left of bits is not looked at:
     * applications write secrets of any number of random characters. */
    if (digits % 8 == 1 || digits % 8 == 3 || digits % 8 == 6) {
        sr_why_set(why, "the secret has %zu characters, which no base32 has: is one missing?", digits);
        return false;
    }
    *size = used;
    return true;
}
