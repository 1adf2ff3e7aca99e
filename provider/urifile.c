/* SPDX-License-Identifier: Apache-2.0 */
#include "urifile.h"

#include <stdlib.h>
#include <string.h>

/* X.690 §8.1.2: universal class. */
#define TAG_UTF8STRING 0x0c
#define TAG_VISIBLESTRING 0x1a
#define TAG_SEQUENCE 0x30

#define LENGTH_OCTETS_MAX 4

struct bytes {
    const uint8_t *at;
    size_t left;
};

/* The contents of the next element, which must have TAG. False where it has not, or does not fit. */
static bool next(struct bytes *in, uint8_t tag, struct bytes *contents)
{
    if (in->left < 2 || in->at[0] != tag)
        return false;
    size_t length = in->at[1];
    in->at += 2;
    in->left -= 2;
    if (length >= 0x80) { /* X.690 §8.1.3.5, the long form; 0x80 itself is the indefinite one */
        size_t octets = length - 0x80;
        if (octets == 0 || octets > LENGTH_OCTETS_MAX || octets > in->left)
            return false;
        length = 0;
        for (size_t i = 0; i < octets; i++)
            length = length << 8 | in->at[i];
        in->at += octets;
        in->left -= octets;
    }
    if (length > in->left)
        return false;
    contents->at = in->at;
    contents->left = length;
    in->at += length;
    in->left -= length;
    return true;
}

char *sr_urifile_parse(const uint8_t *der, size_t size, struct sr_why *why)
{
    struct bytes in = {der, size};
    struct bytes sequence;
    struct bytes description;
    struct bytes uri;

    if (!next(&in, TAG_SEQUENCE, &sequence) || in.left != 0 ||
        !next(&sequence, TAG_VISIBLESTRING, &description)) {
        sr_why_set(why, "it is damaged: not a SEQUENCE that begins with a VisibleString");
        return NULL;
    }
    if (description.left != strlen(SR_URIFILE_DESCRIPTION) ||
        memcmp(description.at, SR_URIFILE_DESCRIPTION, description.left) != 0) {
        sr_why_set(why, "its description is not \"%s\": it is of another version or for another program",
                   SR_URIFILE_DESCRIPTION);
        return NULL;
    }
    if (!next(&sequence, TAG_UTF8STRING, &uri) || sequence.left != 0 || uri.left == 0 ||
        memchr(uri.at, '\0', uri.left) != NULL) {
        sr_why_set(why, "it is damaged: no URI follows the description, or more than that");
        return NULL;
    }
    char *text = strndup((const char *)uri.at, uri.left);
    if (text == NULL)
        sr_why_set(why, "out of memory");
    return text;
}
