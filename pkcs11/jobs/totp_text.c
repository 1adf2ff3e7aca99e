/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/totp_text.h"
#include "jobs/base32.h"
#include "jobs/totp_seed.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPED_MAX (3 * (SR_TOTP_USER_MAX - 1) + 1)
#define URI_MAX (3 * ESCAPED_MAX + SR_BASE32_LENGTH(SR_SEED_MAX) + 100)

enum sr_job_result sr_totp_check_family(const struct sr_family_name *family, struct sr_why *why)
{
    if (strcmp(family->role, "totp") == 0)
        return SR_JOB_OK;
    sr_why_set(why, "%s:%s is no family of second factors", family->role, family->name);
    return SR_JOB_INVALID;
}

/* How many bytes the UTF-8 character at TEXT has (RFC 3629 §4); 0 where it is none, or a control character.
 */
static size_t character(const unsigned char *text)
{
    size_t more = text[0] < 0x80 ? 0 : text[0] >= 0xf0 ? 3 : text[0] >= 0xe0 ? 2 : 1;

    if (text[0] < ' ' || text[0] == 0x7f || (text[0] >= 0x80 && text[0] < 0xc2) || text[0] > 0xf4)
        return 0;
    for (size_t i = 1; i <= more; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool control = text[0] == 0xc2 && text[1] < 0xa0; /* U+0080 to U+009F */
    bool longer = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool none = (text[0] == 0xed && text[1] >= 0xa0) || (text[0] == 0xf4 && text[1] >= 0x90);
    return control || longer || none ? 0 : more + 1;
}

enum sr_job_result sr_totp_check_text(const char *text, const char *what, struct sr_why *why)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t length = strlen(text);

    if (length == 0 || length >= SR_TOTP_USER_MAX) {
        sr_why_set(why, "%s has %zu bytes; it may have 1 to %d", what, length, SR_TOTP_USER_MAX - 1);
        return SR_JOB_INVALID;
    }
    while (*at != '\0') {
        size_t size = character(at);
        if (size == 0) {
            sr_why_set(why, "%s has 0x%02x as byte %zu, which is a control character or no UTF-8", what, *at,
                       (size_t)(at - (const unsigned char *)text) + 1);
            return SR_JOB_INVALID;
        }
        at += size;
    }
    return SR_JOB_OK;
}

/* Percent-encoding (RFC 3986 §2.1) of all but the unreserved characters. */
static void escape(const char *text, char escaped[ESCAPED_MAX])
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;

    for (; *text != '\0' && n + 3 < ESCAPED_MAX; text++) {
        unsigned char c = (unsigned char)*text;
        if (strchr(unreserved, c) != NULL) {
            escaped[n++] = *text;
            continue;
        }
        escaped[n++] = '%';
        escaped[n++] = hex[c >> 4];
        escaped[n++] = hex[c & 15];
    }
    escaped[n] = '\0';
}

static enum sr_job_result check_label(const char *text, const char *what, struct sr_why *why)
{
    enum sr_job_result result = sr_totp_check_text(text, what, why);
    if (result != SR_JOB_OK || strchr(text, ':') == NULL)
        return result;
    sr_why_set(why, "%s has a colon, which separates issuer and account in what applications read", what);
    return SR_JOB_INVALID;
}

enum sr_job_result sr_totp_uri(const struct sr_totp_label *label, const struct sr_totp_kind *kind,
                               const void *seed, size_t size, char **uri, struct sr_why *why)
{
    char issuer[ESCAPED_MAX];
    char account[ESCAPED_MAX];
    char secret[SR_BASE32_LENGTH(SR_SEED_MAX) + 1];

    *uri = NULL;
    enum sr_job_result result = check_label(label->issuer, "the issuer", why);
    if (result == SR_JOB_OK)
        result = check_label(label->account, "the account", why);
    if (result != SR_JOB_OK)
        return result;
    escape(label->issuer, issuer);
    escape(label->account, account);
    sr_base32_encode(seed, size, secret);
    *uri = malloc(URI_MAX);
    if (*uri == NULL) {
        sr_why_set(why, "out of memory");
        result = SR_JOB_NO_MEMORY;
    } else {
        (void)snprintf(*uri, URI_MAX,
                       "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%lu&period=%lu", issuer,
                       account, secret, issuer, kind->algorithm, kind->digits, kind->period);
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    return result;
}

void sr_totp_free_secret(char *secret)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}
