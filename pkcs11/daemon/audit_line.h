/* One line of the audit log, as it stands in the file; docs/audit.md has the form byte by byte.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AUDIT_LINE_H
#define STRONGROOM_DAEMON_AUDIT_LINE_H

#include "daemon/audit.h"

#include <openssl/evp.h>
#include <stddef.h>

#define SR_AUDIT_BEGINNING "{\"time\":\""
#define SR_AUDIT_TIME ((size_t)27) /* 2026-11-22T10:00:26.123456Z */
#define SR_AUDIT_CHAIN ",\"chain\":\""
#define SR_AUDIT_HEX ((size_t)64) /* SHA-256 in digits */
#define SR_AUDIT_CHAIN_SIZE (sizeof(SR_AUDIT_CHAIN) - 1 + SR_AUDIT_HEX + 2)
#define SR_AUDIT_LINE_MAX ((size_t)8192)

/* A line in the making. What does not fit makes it bad; it is asked once, at the end. */
struct sr_audit_line {
    size_t length;
    bool bad;
    char text[SR_AUDIT_LINE_MAX];
};

/* ENTRY's line up to its chain, with room for the time. More members follow with the functions below. */
void sr_audit_line_begin(struct sr_audit_line *line, const struct sr_audit_entry *entry);

/* Members. TEXT may have any bytes; NULL becomes null. */
void sr_audit_line_text(struct sr_audit_line *line, const char *name, const char *text);
void sr_audit_line_number(struct sr_audit_line *line, const char *name, unsigned long long number);

/* Puts TIME (SR_AUDIT_TIME bytes) where there is room for it, and ends the line: its chain value, which goes
 * to CHAIN, and a line feed. BEFORE is the chain value of the line before. */
bool sr_audit_line_end(struct sr_audit_line *line, const char *time, EVP_MD_CTX *md, const EVP_MD *sha256,
                       const char before[SR_AUDIT_HEX + 1], char chain[SR_AUDIT_HEX + 1]);

/* Is this a line that was written to its end, its line feed not counted? Then CHAIN gets its chain value. */
bool sr_audit_line_whole(const char *line, size_t length, char chain[SR_AUDIT_HEX + 1]);

/* SHA-256 over two pieces (A may be NULL), in hexadecimal digits. */
bool sr_audit_digest(EVP_MD_CTX *md, const EVP_MD *sha256, const char *a, const void *b, size_t length,
                     char hex[SR_AUDIT_HEX + 1]);

/* N bytes as 2 N digits and a zero. */
void sr_audit_hex(const unsigned char *bytes, size_t n, char *hex);

#endif
