/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of session keys, for cookies and the like. */
#include "jobs/base64url.h"
#include "jobs/kid.h"
#include "jobs/mac.h"

#include <openssl/crypto.h>
#include <string.h>

#define PURPOSE_MAX 32
#define MAC_SIZE 32

/* "jwt" is jwt.c's: a signature here over text that looks like a JWT's would make one. */
static enum sr_job_result check_purpose(const char *purpose, struct sr_why *why)
{
    size_t length = strspn(purpose, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    if (length == 0 || length > PURPOSE_MAX || purpose[length] != '\0') {
        sr_why_set(why, "a purpose is 1 to %d characters of a-z, 0-9, \"_\" and \"-\"", PURPOSE_MAX);
        return SR_JOB_INVALID;
    }
    if (strcmp(purpose, "jwt") == 0) {
        sr_why_set(why, "the purpose \"jwt\" is reserved for JWTs; choose another one");
        return SR_JOB_INVALID;
    }
    return SR_JOB_OK;
}

enum sr_job_result sr_session_sign(struct sr_jobs *jobs, const struct sr_bench *bench,
                                   const struct sr_family_name *family, const char *purpose, const void *data,
                                   size_t length, char signature[SR_SIGNATURE_MAX], struct sr_why *why)
{
    unsigned long version = 0;
    unsigned char mac[SR_MAC_MAX];
    size_t size = 0;

    signature[0] = '\0';
    enum sr_job_result result = check_purpose(purpose, why);
    if (result == SR_JOB_OK)
        result = sr_mac_make(jobs, bench, family, &version, purpose, data, length, mac, &size, why);
    if (result == SR_JOB_OK) {
        sr_kid_format(family, version, signature);
        size_t kid = strlen(signature);
        signature[kid] = '.';
        sr_base64url_encode(mac, size, signature + kid + 1);
    }
    return result;
}

/* Takes "NAME.VERSION.MAC" apart. */
static enum sr_job_result parse(const char *signature, const struct sr_family_name *family,
                                unsigned long *version, unsigned char mac[MAC_SIZE], struct sr_why *why)
{
    const char *dot = strrchr(signature, '.');
    size_t size = MAC_SIZE;

    if (dot == NULL || !sr_base64url_decode(dot + 1, strlen(dot + 1), mac, &size) || size != MAC_SIZE) {
        sr_why_set(why,
                   "the signature is malformed: it should be a key id, a dot and %d characters of base64url",
                   SR_BASE64URL_LENGTH(MAC_SIZE));
        return SR_JOB_BAD;
    }
    struct sr_why reason = {""};
    enum sr_job_result result = sr_kid_parse(signature, (size_t)(dot - signature), family, version, &reason);
    if (result != SR_JOB_OK)
        sr_why_set(why, "the signature is not good: %s", reason.text);
    return result;
}

enum sr_job_result sr_session_verify(struct sr_jobs *jobs, const struct sr_bench *bench,
                                     const struct sr_family_name *family, const char *purpose,
                                     const void *data, size_t length, const char *signature,
                                     struct sr_why *why)
{
    unsigned long version;
    unsigned char given[MAC_SIZE];
    unsigned char mac[SR_MAC_MAX];
    size_t size = 0;

    enum sr_job_result result = check_purpose(purpose, why);
    if (result == SR_JOB_OK)
        result = parse(signature, family, &version, given, why);
    if (result == SR_JOB_OK)
        result = sr_mac_make(jobs, bench, family, &version, purpose, data, length, mac, &size, why);
    if (result == SR_JOB_OK && (size != MAC_SIZE || CRYPTO_memcmp(mac, given, MAC_SIZE) != 0)) {
        sr_why_set(why,
                   "the signature does not fit: not what version %lu of %s:%s signs for \"%s\" over this",
                   version, family->role, family->name, purpose);
        result = SR_JOB_BAD;
    }
    OPENSSL_cleanse(mac, sizeof(mac)); /* what a forger would like to know */
    return result;
}
