/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/keys.h"
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "jobs/keys_make.h"
#include "jobs/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DERIVED_TEXT "strongroom session key"
#define PURPOSE_MAX 33
#define HMAC_MAX 64

static const struct sr_key_kind root_kind = {
    .type = CKK_AES, .size = 32, .token = true, .use = SR_KEY_DERIVES, .only = CKM_AES_CBC_ENCRYPT_DATA};
static const struct sr_key_kind hs512_kind = {
    .type = CKK_GENERIC_SECRET, .size = 64, .token = true, .use = SR_KEY_SIGNS, .only = CKM_SHA512_HMAC};
static const struct sr_key_kind derived_kind = {
    .type = CKK_GENERIC_SECRET, .size = 32, .use = SR_KEY_SIGNS, .only = CKM_SHA256_HMAC};
static const struct sr_key_kind kek_kind = {
    .type = CKK_AES, .size = 32, .token = true, .use = SR_KEY_WRAPS, .only = CKM_AES_KEY_WRAP_PAD};

enum sr_job_result sr_key_label(const char *role, const char *name, unsigned long version, const char *suffix,
                                char label[SR_LABEL_MAX], struct sr_why *why)
{
    int n = snprintf(label, SR_LABEL_MAX, "%s:%s:%lu%s", role, name, version, suffix);
    if (n > 0 && n < SR_LABEL_MAX)
        return SR_JOB_OK;
    sr_why_set(why, "the family's name is too long for a key's label");
    return SR_JOB_INVALID;
}

static enum sr_job_result session_label(const char *name, unsigned long version, enum sr_session_key which,
                                        char label[SR_LABEL_MAX], struct sr_why *why)
{
    return sr_key_label("session", name, version, which == SR_SESSION_HS512 ? ":hs512" : "", label, why);
}

static enum sr_job_result make_both(const struct sr_bench *bench, const char *name, unsigned long version,
                                    struct sr_why *why)
{
    CK_MECHANISM aes = {CKM_AES_KEY_GEN, NULL, 0};
    CK_MECHANISM generic = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
    const struct sr_key_origin root = {.mechanism = &aes};
    const struct sr_key_origin hs512 = {.mechanism = &generic};
    char label[SR_LABEL_MAX];
    CK_OBJECT_HANDLE key;

    enum sr_job_result result = session_label(name, version, SR_SESSION_ROOT, label, why);
    if (result == SR_JOB_OK)
        result = sr_key_make(bench, &root_kind, &root, label, &key, why);
    if (result == SR_JOB_OK)
        result = session_label(name, version, SR_SESSION_HS512, label, why);
    if (result == SR_JOB_OK)
        result = sr_key_make(bench, &hs512_kind, &hs512, label, &key, why);
    return result;
}

enum sr_job_result sr_keys_make_session(const struct sr_bench *bench, const char *name, unsigned long version,
                                        char mechanism[40], struct sr_why *why)
{
    struct sr_family_name family = {.role = "session"};

    mechanism[0] = '\0';
    if (strlen(name) >= sizeof(family.name)) {
        sr_why_set(why, "the family's name has %zu characters; it may have 1 to %d", strlen(name),
                   SR_NAME_MAX - 1);
        return SR_JOB_INVALID;
    }
    memcpy(family.name, name, strlen(name) + 1);
    enum sr_job_result result = sr_needs_met(bench, SR_NEED_SESSION, why);
    if (result == SR_JOB_OK)
        result = sr_keys_destroy(bench, &family, version, why);
    if (result != SR_JOB_OK)
        return result;
    result = make_both(bench, name, version, why);
    if (result == SR_JOB_OK)
        (void)snprintf(mechanism, 40, "%s", "CKM_AES_CBC_ENCRYPT_DATA");
    else
        (void)sr_keys_destroy(bench, &family, version, NULL); /* WHY keeps what went wrong first */
    return result;
}

enum sr_job_result sr_keys_find_session(const struct sr_bench *bench, const char *name, unsigned long version,
                                        enum sr_session_key which, CK_OBJECT_HANDLE *key, struct sr_why *why)
{
    char label[SR_LABEL_MAX];

    *key = CK_INVALID_HANDLE;
    enum sr_job_result result = session_label(name, version, which, label, why);
    return result == SR_JOB_OK ? sr_key_find(bench, label, key, why) : result;
}

enum sr_job_result sr_keys_make_kek(const struct sr_bench *bench, const struct sr_family_name *family,
                                    unsigned long version, char mechanism[40], struct sr_why *why)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    const struct sr_key_origin origin = {.mechanism = &generate};
    char label[SR_LABEL_MAX];
    CK_OBJECT_HANDLE key;

    mechanism[0] = '\0';
    enum sr_job_result result = sr_needs_met(bench, SR_NEED_WRAPPING, why);
    if (result == SR_JOB_OK)
        result = sr_keys_destroy(bench, family, version, why);
    if (result == SR_JOB_OK)
        result = sr_key_label(family->role, family->name, version, "", label, why);
    if (result == SR_JOB_OK)
        result = sr_key_make(bench, &kek_kind, &origin, label, &key, why);
    if (result == SR_JOB_OK)
        (void)snprintf(mechanism, 40, "%s", "CKM_AES_KEY_WRAP_PAD");
    return result;
}

enum sr_job_result sr_keys_find_kek(const struct sr_bench *bench, const struct sr_family_name *family,
                                    unsigned long version, CK_OBJECT_HANDLE *key, struct sr_why *why)
{
    char label[SR_LABEL_MAX];

    *key = CK_INVALID_HANDLE;
    enum sr_job_result result = sr_key_label(family->role, family->name, version, "", label, why);
    return result == SR_JOB_OK ? sr_key_find(bench, label, key, why) : result;
}

/* Whether OBJECT is labelled LABEL, or LABEL and a colon and more: "session:web:1" is not "session:web:12".
 */
static CK_RV belongs(const struct sr_bench *bench, CK_OBJECT_HANDLE object, const char *label, bool *yes)
{
    CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0};
    size_t length = strlen(label);

    CK_RV rv = sr_attributes_read(bench->f, bench->session, object, &a, 1);
    *yes = rv == CKR_OK && a.ulValueLen >= length && memcmp(a.pValue, label, length) == 0 &&
           (a.ulValueLen == length || ((const char *)a.pValue)[length] == ':');
    sr_attributes_free(&a, 1);
    /* One that went meanwhile belongs to nobody. */
    return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_OK : rv;
}

/* Counts the version's objects, and destroys them where DESTROY. The search is for all objects: a token can
 * look for whole labels only. One that cannot be destroyed does not keep the others. */
static CK_RV sweep(const struct sr_bench *bench, const char *label, bool destroy, size_t *count)
{
    CK_OBJECT_HANDLE *found;
    size_t n;
    CK_RV result = CKR_OK;

    *count = 0;
    CK_RV rv = sr_find(bench->f, bench->session, NULL, 0, &found, &n);
    if (rv != CKR_OK)
        return rv;
    for (size_t i = 0; i < n; i++) {
        bool ours;
        rv = belongs(bench, found[i], label, &ours);
        if (ours) {
            (*count)++;
            if (destroy)
                rv = bench->f->C_DestroyObject(bench->session, found[i]);
            if (rv == CKR_OBJECT_HANDLE_INVALID)
                rv = CKR_OK;
        }
        if (rv != CKR_OK && result == CKR_OK)
            result = rv;
    }
    free(found);
    return result;
}

enum sr_job_result sr_keys_count(const struct sr_bench *bench, const struct sr_family_name *family,
                                 unsigned long version, size_t *count, struct sr_why *why)
{
    char label[SR_LABEL_MAX];

    *count = 0;
    enum sr_job_result result = sr_key_label(family->role, family->name, version, "", label, why);
    if (result == SR_JOB_OK)
        result = sr_key_logged_in(bench, why);
    if (result != SR_JOB_OK)
        return result;
    CK_RV rv = sweep(bench, label, false, count);
    return rv == CKR_OK ? SR_JOB_OK : sr_key_failed(label, "tell whether it has the keys", rv, why);
}

enum sr_job_result sr_keys_destroy(const struct sr_bench *bench, const struct sr_family_name *family,
                                   unsigned long version, struct sr_why *why)
{
    char label[SR_LABEL_MAX];
    size_t count;

    enum sr_job_result result = sr_key_label(family->role, family->name, version, "", label, why);
    if (result == SR_JOB_OK)
        result = sr_key_logged_in(bench, why);
    if (result != SR_JOB_OK)
        return result;
    CK_RV rv = sweep(bench, label, true, &count);
    if (rv != CKR_OK)
        return sr_key_failed(label, "destroy the keys", rv, why);
    rv = sweep(bench, label, false, &count);
    if (rv != CKR_OK)
        return sr_key_failed(label, "tell whether the keys are gone", rv, why);
    if (count == 0)
        return SR_JOB_OK;
    sr_why_set(why, "%s: the token still has %zu of the keys that it said it destroyed; try again", label,
               count);
    return SR_JOB_FAILED;
}

enum sr_job_result sr_keys_derive_session(const struct sr_bench *bench, CK_OBJECT_HANDLE root,
                                          const char *name, unsigned long version, const char *purpose,
                                          CK_OBJECT_HANDLE *key, struct sr_why *why)
{
    char number[21];
    const char *const fields[] = {DERIVED_TEXT, purpose, name, number};
    char label[SR_LABEL_MAX];

    *key = CK_INVALID_HANDLE;
    if (strlen(name) >= SR_NAME_MAX || purpose[0] == '\0' || strlen(purpose) >= PURPOSE_MAX) {
        sr_why_set(why, "a key's purpose has 1 to %d characters, and its family's name up to %d",
                   PURPOSE_MAX - 1, SR_NAME_MAX - 1);
        return SR_JOB_INVALID;
    }
    (void)snprintf(number, sizeof(number), "%lu", version);
    /* The label keeps clients from using it (custody rule 5), and lets it go with its version. */
    enum sr_job_result result = sr_key_label("session", name, version, ":derived", label, why);
    if (result == SR_JOB_OK)
        result = sr_key_derive(bench, &derived_kind, root, fields, sizeof(fields) / sizeof(fields[0]), label,
                               key, why);
    return result;
}

CK_RV sr_keys_hmac(const struct sr_bench *bench, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key,
                   const void *data, size_t length, unsigned char *mac, size_t *size)
{
    CK_MECHANISM m = {mechanism, NULL, 0};
    /* Room enough for either: PKCS#11 v3.0 §5.2, an operation whose buffer is too small stays open. */
    unsigned char whole[HMAC_MAX];
    CK_ULONG got = sizeof(whole);

    CK_RV rv = bench->f->C_SignInit(bench->session, &m, key);
    if (rv != CKR_OK)
        return rv;
    rv = bench->f->C_Sign(bench->session, (CK_BYTE_PTR)(data != NULL ? data : ""), length, whole, &got);
    if (rv == CKR_OK && got > *size)
        rv = CKR_BUFFER_TOO_SMALL;
    if (rv == CKR_OK) {
        memcpy(mac, whole, got);
        *size = got;
    }
    explicit_bzero(whole, sizeof(whole));
    return rv;
}
