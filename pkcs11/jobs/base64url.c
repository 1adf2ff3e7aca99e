/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void sr_base64url_encode(const void *data, size_t length, char *text)
{
    const unsigned char *bytes = data;
    unsigned bits;

    for (; length >= 3; length -= 3, bytes += 3) {
        bits = (unsigned)bytes[0] << 16 | (unsigned)bytes[1] << 8 | bytes[2];
        *text++ = alphabet[bits >> 18];
        *text++ = alphabet[bits >> 12 & 63];
        *text++ = alphabet[bits >> 6 & 63];
        *text++ = alphabet[bits & 63];
    }
    if (length > 0) {
        bits = (unsigned)bytes[0] << 16 | (length == 2 ? (unsigned)bytes[1] << 8 : 0);
        *text++ = alphabet[bits >> 18];
        *text++ = alphabet[bits >> 12 & 63];
        if (length == 2)
            *text++ = alphabet[bits >> 6 & 63];
    }
    *text = '\0';
}

/* One more than what a character stands for; 0: it is none of the alphabet. */
static const unsigned char values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

/* The bits of COUNT characters, the first of them highest. False where one is none of the alphabet. */
static bool bits_of(const char *text, size_t count, unsigned *bits)
{
    bool good = true;
    *bits = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned value = values[(unsigned char)text[i]];
        good = good && value != 0;
        *bits = *bits << 6 | ((value - 1) & 63);
    }
    return good;
}

bool sr_base64url_decode(const char *text, size_t length, void *data, size_t *size)
{
    unsigned char *bytes = data;
    unsigned bits;

    if (length % 4 == 1 || SR_BASE64URL_BYTES(length) > *size)
        return false;
    *size = SR_BASE64URL_BYTES(length);
    for (; length >= 4; length -= 4, text += 4) {
        if (!bits_of(text, 4, &bits))
            return false;
        *bytes++ = (unsigned char)(bits >> 16);
        *bytes++ = (unsigned char)(bits >> 8);
        *bytes++ = (unsigned char)bits;
    }
    if (length == 0)
        return true;
    /* Two characters are a byte and 4 bits, three are two bytes and 2 bits: which have to be zero. */
    if (!bits_of(text, length, &bits) || (bits & (length == 2 ? 15U : 3U)) != 0)
        return false;
    bits >>= length == 2 ? 4 : 2;
    if (length == 3)
        *bytes++ = (unsigned char)(bits >> 8);
    *bytes = (unsigned char)bits;
    return true;
}
