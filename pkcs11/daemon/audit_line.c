/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit_line.h"

#include <string.h>

/* Texts that a client chooses (labels in URIs) are cut here, so that every line fits. */
#define TEXT_MAX ((size_t)1536)
#define ESCAPED_MAX ((size_t)6) /* \u001f */

static void put(struct sr_audit_line *line, const char *bytes, size_t length)
{
    if (line->bad || length > sizeof(line->text) - line->length) {
        line->bad = true;
        return;
    }
    memcpy(line->text + line->length, bytes, length);
    line->length += length;
}

#define PUT(line, literal) put(line, literal, sizeof(literal) - 1)

static void put_number(struct sr_audit_line *line, unsigned long long number)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put(line, digits + at, sizeof(digits) - at);
}

static void put_signed(struct sr_audit_line *line, long long number)
{
    if (number < 0)
        PUT(line, "-");
    put_number(line, number < 0 ? 0ULL - (unsigned long long)number : (unsigned long long)number);
}

static bool plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* RFC 8259 §7. What is no ASCII is written as if it were ISO 8859-1: the line is valid whatever it was. */
static void put_text(struct sr_audit_line *line, const char *text)
{
    if (text == NULL) {
        PUT(line, "null");
        return;
    }
    PUT(line, "\"");
    size_t room = TEXT_MAX;
    while (*text != '\0' && room >= ESCAPED_MAX) {
        size_t n = 0;
        while (n < room && plain(text[n]))
            n++;
        put(line, text, n);
        room -= n;
        text += n;
        if (*text != '\0' && !plain(*text) && room >= ESCAPED_MAX) {
            char escaped[ESCAPED_MAX + 1] = "\\u00";
            sr_audit_hex((const unsigned char *)text, 1, escaped + 4);
            put(line, escaped, ESCAPED_MAX);
            room -= ESCAPED_MAX;
            text++;
        }
    }
    if (*text != '\0')
        PUT(line, "...");
    PUT(line, "\"");
}

static void put_name(struct sr_audit_line *line, const char *name)
{
    PUT(line, ",\"");
    put(line, name, strlen(name));
    PUT(line, "\":");
}

void sr_audit_line_text(struct sr_audit_line *line, const char *name, const char *text)
{
    put_name(line, name);
    put_text(line, text);
}

void sr_audit_line_number(struct sr_audit_line *line, const char *name, unsigned long long number)
{
    put_name(line, name);
    put_number(line, number);
}

/* What a job's line has, and those of strongroomd itself. */
static void put_family(struct sr_audit_line *line, const struct sr_audit_entry *entry)
{
    sr_audit_line_text(line, "family", entry->family);
    if (entry->version != 0)
        sr_audit_line_number(line, "version", entry->version);
    else
        sr_audit_line_text(line, "version", NULL);
}

void sr_audit_line_begin(struct sr_audit_line *line, const struct sr_audit_entry *entry)
{
    line->length = 0;
    line->bad = false;
    PUT(line, SR_AUDIT_BEGINNING);
    line->length += SR_AUDIT_TIME;
    PUT(line, "\",\"uid\":");
    put_signed(line, entry->uid);
    put_name(line, "pid");
    put_signed(line, entry->pid);
    if (entry->client != NULL)
        sr_audit_line_text(line, "client", entry->client);
    sr_audit_line_text(line, "operation", entry->operation);
    if (entry->uses_key) {
        sr_audit_line_text(line, "key", entry->key);
        sr_audit_line_text(line, "mechanism", entry->mechanism);
    } else {
        put_family(line, entry);
    }
    sr_audit_line_text(line, "result", entry->result);
    put_name(line, "us");
    put_signed(line, entry->us);
    if (entry->items != 0) {
        sr_audit_line_number(line, "items", entry->items);
        sr_audit_line_number(line, "failed", entry->failed);
    }
    if (entry->object != NULL)
        sr_audit_line_text(line, "object", entry->object);
    if (entry->rule != NULL)
        sr_audit_line_text(line, "rule", entry->rule);
    if (entry->template != NULL)
        sr_audit_line_text(line, "template", entry->template);
}

void sr_audit_hex(const unsigned char *bytes, size_t n, char *hex)
{
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    hex[2 * n] = '\0';
}

bool sr_audit_digest(EVP_MD_CTX *md, const EVP_MD *sha256, const char *a, const void *b, size_t length,
                     char hex[SR_AUDIT_HEX + 1])
{
    unsigned char raw[SR_AUDIT_HEX / 2];
    if (EVP_DigestInit_ex2(md, sha256, NULL) != 1 || (a != NULL && EVP_DigestUpdate(md, a, strlen(a)) != 1) ||
        EVP_DigestUpdate(md, b, length) != 1 || EVP_DigestFinal_ex(md, raw, NULL) != 1)
        return false;
    sr_audit_hex(raw, sizeof(raw), hex);
    return true;
}

bool sr_audit_line_end(struct sr_audit_line *line, const char *time, EVP_MD_CTX *md, const EVP_MD *sha256,
                       const char before[SR_AUDIT_HEX + 1], char chain[SR_AUDIT_HEX + 1])
{
    if (line->bad)
        return false;
    memcpy(line->text + sizeof(SR_AUDIT_BEGINNING) - 1, time, SR_AUDIT_TIME);
    if (!sr_audit_digest(md, sha256, before, line->text, line->length, chain))
        return false;
    PUT(line, SR_AUDIT_CHAIN);
    put(line, chain, SR_AUDIT_HEX);
    PUT(line, "\"}\n");
    return !line->bad;
}

bool sr_audit_line_whole(const char *line, size_t length, char chain[SR_AUDIT_HEX + 1])
{
    static const char beginning[] = SR_AUDIT_BEGINNING;
    static const char member[] = SR_AUDIT_CHAIN;
    if (length < sizeof(beginning) - 1 + SR_AUDIT_CHAIN_SIZE ||
        memcmp(line, beginning, sizeof(beginning) - 1) != 0)
        return false;
    const char *at = line + length - SR_AUDIT_CHAIN_SIZE;
    const char *hex = at + sizeof(member) - 1;
    if (memcmp(at, member, sizeof(member) - 1) != 0 || memcmp(hex + SR_AUDIT_HEX, "\"}", 2) != 0)
        return false;
    for (size_t i = 0; i < SR_AUDIT_HEX; i++)
        if (!((hex[i] >= '0' && hex[i] <= '9') || (hex[i] >= 'a' && hex[i] <= 'f')))
            return false;
    memcpy(chain, hex, SR_AUDIT_HEX);
    chain[SR_AUDIT_HEX] = '\0';
    return true;
}
