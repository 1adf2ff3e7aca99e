/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/totp_seed.h"
#include "jobs/keys_make.h"
#include "jobs/known.h"
#include "jobs/root.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define MAC_MAX 64

/* PADDED: SoftHSM takes no shorter key for that HMAC. A key that is filled up with zeros to at most the
 * hash's block size makes the same HMACs (RFC 2104 §2). */
static const struct algorithm {
    const char *name;
    CK_MECHANISM_TYPE hmac;
    size_t size;   /* of the hash, and of a new seed */
    size_t padded; /* what a shorter seed is filled up to */
} algorithms[] = {
    {"SHA1", CKM_SHA_1_HMAC, 20, 20},
    {"SHA256", CKM_SHA256_HMAC, 32, 32},
    {"SHA512", CKM_SHA512_HMAC, 64, 64},
};

static const struct algorithm *algorithm_of(const char *name)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
        if (strcmp(name, algorithms[i].name) == 0)
            return &algorithms[i];
    return NULL;
}

enum sr_job_result sr_totp_check_kind(const struct sr_totp_kind *kind, struct sr_why *why)
{
    if (algorithm_of(kind->algorithm) == NULL)
        sr_why_set(why, "the algorithm of codes is SHA1, SHA256 or SHA512");
    else if (kind->digits < 6 || kind->digits > 8)
        sr_why_set(why, "codes have 6, 7 or 8 digits");
    else if (kind->period < 1 || kind->period > 86400)
        sr_why_set(why, "codes change after 1 to 86400 seconds");
    else
        return SR_JOB_OK;
    return SR_JOB_INVALID;
}

size_t sr_totp_seed_size(const struct sr_totp_kind *kind)
{
    const struct algorithm *a = algorithm_of(kind->algorithm);
    return a != NULL ? a->size : 0;
}

static struct sr_key_kind seed_kind(const struct algorithm *a, bool leaves)
{
    return (struct sr_key_kind){
        .type = CKK_GENERIC_SECRET, .leaves = leaves, .use = SR_KEY_SIGNS, .only = a->hmac};
}

/* Custody rule 5 goes by the label. */
static enum sr_job_result seed_label(const struct sr_totp_user *user, unsigned long version,
                                     char label[SR_LABEL_MAX], struct sr_why *why)
{
    return sr_key_label(user->family.role, user->family.name, version, ":seed", label, why);
}

static enum sr_job_result no_algorithm(const struct sr_totp_user *user, struct sr_why *why)
{
    sr_why_set(why, "%s:%s: this strongroomd does not know the algorithm \"%s\"", user->family.role,
               user->family.name, user->kind.algorithm);
    return SR_JOB_FAILED;
}

/* Whether a seed cannot be had any more: which is not what "bad" and "not found" say of codes and users. */
static bool is_lost(enum sr_job_result result)
{
    return result == SR_JOB_BAD || result == SR_JOB_NOT_FOUND;
}

/* Within a use. */
static enum sr_job_result wrap_padded(struct sr_jobs *jobs, const struct sr_bench *bench,
                                      const struct algorithm *a, struct sr_totp_user *user, const void *seed,
                                      size_t size, struct sr_why *why)
{
    const struct sr_key_kind kind = seed_kind(a, true);
    CK_OBJECT_HANDLE kek;
    CK_OBJECT_HANDLE key;
    char label[SR_LABEL_MAX];

    enum sr_job_result result = sr_use_current(jobs, &user->family, &user->version, why);
    if (result == SR_JOB_OK)
        result = sr_use_kek(jobs, &user->family, user->version, false, &kek, why);
    if (result == SR_JOB_OK)
        result = seed_label(user, user->version, label, why);
    if (result == SR_JOB_OK)
        result = sr_key_import(bench, &kind, seed, size, label, &key, why);
    if (result != SR_JOB_OK)
        return result;
    result = sr_wrap(bench, kek, key, label, &user->seed, why);
    (void)bench->f->C_DestroyObject(bench->session, key);
    return result;
}

enum sr_job_result sr_totp_wrap(struct sr_jobs *jobs, const struct sr_bench *bench, struct sr_totp_user *user,
                                const void *seed, size_t size, struct sr_why *why)
{
    unsigned char padded[SR_SEED_MAX] = {0};
    const struct algorithm *a = algorithm_of(user->kind.algorithm);

    if (a == NULL || size < SR_SEED_MIN || size > sizeof(padded)) {
        sr_why_set(why, "the secret has %zu bytes; it may have %d to %d", size, SR_SEED_MIN, SR_SEED_MAX);
        return SR_JOB_INVALID;
    }
    memcpy(padded, seed, size);
    sr_use_begin(jobs, &user->family);
    enum sr_job_result result =
        wrap_padded(jobs, bench, a, user, padded, size < a->padded ? a->padded : size, why);
    result = sr_use_end(jobs, &user->family, result);
    OPENSSL_cleanse(padded, sizeof(padded));
    (void)snprintf(user->mechanism, sizeof(user->mechanism), "CKM_AES_KEY_WRAP_PAD");
    return result;
}

enum sr_job_result sr_totp_rewrap_seed(struct sr_jobs *jobs, const struct sr_bench *bench,
                                       struct sr_totp_user *user, unsigned long current, struct sr_why *why)
{
    const struct algorithm *a = algorithm_of(user->kind.algorithm);
    struct sr_wrapped wrapped = user->seed;
    CK_OBJECT_HANDLE from;
    CK_OBJECT_HANDLE to;
    char label[SR_LABEL_MAX];

    if (user->version == current)
        return SR_JOB_OK;
    if (a == NULL)
        return no_algorithm(user, why);
    const struct sr_key_kind kind = seed_kind(a, true);
    enum sr_job_result result = sr_use_kek(jobs, &user->family, user->version, true, &from, why);
    if (result == SR_JOB_OK)
        result = sr_use_kek(jobs, &user->family, current, false, &to, why);
    if (result == SR_JOB_OK)
        result = seed_label(user, current, label, why);
    if (result == SR_JOB_OK)
        result = sr_rewrap(bench, from, to, &kind, label, &wrapped, why);
    if (result == SR_JOB_OK) {
        user->seed = wrapped;
        user->version = current;
    }
    /* "Bad" is what a wrong code is. */
    return is_lost(result) ? SR_JOB_FAILED : result;
}

/* RFC 4226 §5.3. */
static void truncate_mac(const unsigned char *mac, size_t size, unsigned long digits, char code[SR_CODE_MAX])
{
    size_t at = mac[size - 1] & 15;
    unsigned long number = (unsigned long)(mac[at] & 127) << 24 | (unsigned long)mac[at + 1] << 16 |
                           (unsigned long)mac[at + 2] << 8 | mac[at + 3];

    code[digits] = '\0';
    for (size_t i = digits; i > 0; i--) {
        code[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
}

static enum sr_job_result make_codes(const struct sr_bench *bench, const struct algorithm *a,
                                     CK_OBJECT_HANDLE key, unsigned long digits, long long first,
                                     size_t count, char codes[][SR_CODE_MAX], const char *label,
                                     struct sr_why *why)
{
    unsigned char mac[MAC_MAX];
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < count && rv == CKR_OK; i++) {
        unsigned long long step = (unsigned long long)(first + (long long)i);
        unsigned char counter[8];
        size_t size = sizeof(mac);
        codes[i][0] = '\0';
        if (first + (long long)i < 0)
            continue;
        for (size_t b = 0; b < sizeof(counter); b++)
            counter[b] = (unsigned char)(step >> (8 * (7 - b)));
        rv = sr_keys_hmac(bench, a->hmac, key, counter, sizeof(counter), mac, &size);
        if (rv == CKR_OK && size != a->size)
            rv = CKR_GENERAL_ERROR;
        if (rv == CKR_OK)
            truncate_mac(mac, size, digits, codes[i]);
    }
    OPENSSL_cleanse(mac, sizeof(mac));
    return rv == CKR_OK ? SR_JOB_OK : sr_key_failed(label, "make an HMAC with the seed", rv, why);
}

enum sr_job_result sr_totp_codes(struct sr_jobs *jobs, const struct sr_bench *bench,
                                 const struct sr_totp_user *user, long long first, size_t count,
                                 char codes[][SR_CODE_MAX], struct sr_why *why)
{
    CK_MECHANISM key_wrap = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    struct sr_key_origin origin = {&key_wrap, CK_INVALID_HANDLE, user->seed.bytes, user->seed.size};
    const struct algorithm *a = algorithm_of(user->kind.algorithm);
    CK_OBJECT_HANDLE key;
    char label[SR_LABEL_MAX];

    if (a == NULL || user->kind.digits >= SR_CODE_MAX)
        return no_algorithm(user, why);
    const struct sr_key_kind kind = seed_kind(a, false);
    enum sr_job_result result = sr_use_kek(jobs, &user->family, user->version, false, &origin.base, why);
    if (result == SR_JOB_OK)
        result = seed_label(user, user->version, label, why);
    if (result == SR_JOB_OK)
        result = sr_key_make(bench, &kind, &origin, label, &key, why);
    if (result != SR_JOB_OK)
        return is_lost(result) ? SR_JOB_FAILED : result; /* "bad" is what a wrong code is */
    result = make_codes(bench, a, key, user->kind.digits, first, count, codes, label, why);
    CK_RV rv = bench->f->C_DestroyObject(bench->session, key);
    if (rv != CKR_OK && result == SR_JOB_OK)
        result = sr_key_failed(label, "destroy the unwrapped seed", rv, why);
    return result;
}
