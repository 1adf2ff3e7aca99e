/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pattern.h"

#include <stdlib.h>
#include <string.h>

#define SCHEME "pkcs11:"

static const struct {
    const char *name;
    CK_OBJECT_CLASS class;
} types[] = {{"private", CKO_PRIVATE_KEY}, {"public", CKO_PUBLIC_KEY}, {"secret-key", CKO_SECRET_KEY},
             {"cert", CKO_CERTIFICATE},    {"data", CKO_DATA},         {"*", CK_UNAVAILABLE_INFORMATION}};

/* What may stand for itself in a value: RFC 7512 §2.3, and "/", which is often written there. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~:[]@!$'()*+,=&/", c) != NULL);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte, or the wildcard, from the start of what is LEFT bytes of a value; *USED is its length there. -1
 * where it is none. */
static int take_one(const char *value, size_t left, size_t *used)
{
    *used = 1;
    if (value[0] == '*')
        return SR_GLOB_ANY;
    if (value[0] != '%')
        return is_plain(value[0]) ? value[0] : -1;
    int high = left > 2 ? hex_value(value[1]) : -1;
    int low = left > 2 ? hex_value(value[2]) : -1;
    *used = 3;
    return high >= 0 && low >= 0 ? high * 16 + low : -1;
}

static bool parse_glob(const char *value, size_t length, struct sr_glob *glob, struct sr_why *why)
{
    size_t used;

    glob->named = true;
    glob->at = calloc(length + 1, sizeof(*glob->at));
    if (glob->at == NULL) {
        sr_why_set(why, "out of memory");
        return false;
    }
    for (size_t i = 0; i < length; i += used) {
        int one = take_one(value + i, length - i, &used);
        if (one < 0) {
            sr_why_set(
                why,
                "the value \"%.*s\" is not in the form of RFC 7512: other characters than letters, digits "
                "and \"-._~:[]@!$'()*+,=&\" are written %%XX, with two hexadecimal digits",
                (int)(length < 64 ? length : 64), value);
            return false;
        }
        glob->at[glob->n++] = (uint16_t)one;
    }
    return true;
}

static bool parse_type(const char *value, size_t length, CK_OBJECT_CLASS *class, struct sr_why *why)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strlen(types[i].name) == length && memcmp(types[i].name, value, length) == 0) {
            *class = types[i].class;
            return true;
        }
    sr_why_set(why, "type=\"%.*s\" is none of private, public, secret-key, cert, data",
               (int)(length < 32 ? length : 32), value);
    return false;
}

/* One attribute, "NAME=VALUE" of LENGTH bytes. */
static bool parse_one(const char *text, size_t length, bool *typed, struct sr_pattern *p, struct sr_why *why)
{
    const char *equals = memchr(text, '=', length);
    size_t n = equals != NULL ? (size_t)(equals - text) : length;
    const struct {
        const char *name;
        struct sr_glob *glob; /* NULL: the type */
    } known[] = {{"token", &p->token}, {"object", &p->object}, {"id", &p->id}, {"type", NULL}};

    for (size_t i = 0; equals != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
        struct sr_glob *glob = known[i].glob;
        if (strlen(known[i].name) != n || memcmp(known[i].name, text, n) != 0)
            continue;
        if (glob != NULL ? glob->named : *typed) {
            sr_why_set(why, "\"%s=\" is there twice", known[i].name);
            return false;
        }
        if (glob != NULL)
            return parse_glob(equals + 1, length - n - 1, glob, why);
        *typed = true;
        return parse_type(equals + 1, length - n - 1, &p->class, why);
    }
    sr_why_set(why, "\"%.*s\" is none of token=, object=, id=, type=, by which keys are told apart here",
               (int)(n < 64 ? n : 64), text);
    return false;
}

bool sr_pattern_parse(const char *text, struct sr_pattern *pattern, struct sr_why *why)
{
    bool typed = false;
    bool ok = false;

    *pattern = (struct sr_pattern){.class = CK_UNAVAILABLE_INFORMATION};
    if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) {
        sr_why_set(why, "it does not begin with \"" SCHEME "\"");
        return false;
    }
    if (strchr(text, '?') != NULL) {
        sr_why_set(why, "it has a query (\"?\"), which says nothing of a key");
        return false;
    }
    pattern->text = strdup(text);
    if (pattern->text == NULL) {
        sr_why_set(why, "out of memory");
        return false;
    }
    for (const char *at = text + strlen(SCHEME);; at++) {
        size_t length = strcspn(at, ";");
        ok = length == 0 ? at[0] == '\0' && at == text + strlen(SCHEME)
                         : parse_one(at, length, &typed, pattern, why);
        if (length == 0 && !ok)
            sr_why_set(why, "there is a \";\" with no attribute beside it");
        at += length;
        if (!ok || *at == '\0')
            break;
    }
    if (!ok)
        sr_pattern_free(pattern);
    return ok;
}

void sr_pattern_free(struct sr_pattern *pattern)
{
    free(pattern->text);
    free(pattern->token.at);
    free(pattern->object.at);
    free(pattern->id.at);
    *pattern = (struct sr_pattern){.class = CK_UNAVAILABLE_INFORMATION};
}

/* Where a byte does not fit, only the last wildcard can take one more: no need to go back further. */
static bool glob_match(const struct sr_glob *glob, const struct sr_bytes *bytes)
{
    size_t i = 0;
    size_t k = 0;
    size_t wildcard = glob->n; /* none so far */
    size_t taken = 0;

    if (!glob->named)
        return true;
    while (k < bytes->length) {
        if (i < glob->n && glob->at[i] == SR_GLOB_ANY) {
            wildcard = i++;
            taken = k;
        } else if (i < glob->n && glob->at[i] == bytes->data[k]) {
            i++;
            k++;
        } else if (wildcard < glob->n) {
            i = wildcard + 1;
            k = ++taken;
        } else {
            return false;
        }
    }
    while (i < glob->n && glob->at[i] == SR_GLOB_ANY)
        i++;
    return i == glob->n;
}

bool sr_pattern_match(const struct sr_pattern *pattern, const struct sr_subject *subject)
{
    bool typed = pattern->class != CK_UNAVAILABLE_INFORMATION && !subject->any_class;
    return (!typed || pattern->class == subject->class) && glob_match(&pattern->token, &subject->token) &&
           glob_match(&pattern->object, &subject->label) && glob_match(&pattern->id, &subject->id);
}
