/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/keys_make.h"
#include "cryptoki/find.h"
#include "cryptoki/names.h"

#include <stdlib.h>
#include <string.h>

static CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

enum sr_job_result sr_key_failed(const char *label, const char *what, CK_RV rv, struct sr_why *why)
{
    sr_why_set(why, "%s: the token cannot %s: %s", label, what, sr_rv_name(rv));
    return rv == CKR_HOST_MEMORY ? SR_JOB_NO_MEMORY : SR_JOB_FAILED;
}

enum sr_job_result sr_key_needs(const struct sr_bench *bench, const struct sr_key_need *needs, size_t n,
                                struct sr_why *why)
{
    for (size_t i = 0; i < n; i++) {
        CK_MECHANISM_INFO info = {0};
        CK_RV rv = bench->f->C_GetMechanismInfo(bench->slot, needs[i].mechanism, &info);
        if (rv != CKR_OK && rv != CKR_MECHANISM_INVALID)
            return sr_key_failed(sr_mechanism_name(needs[i].mechanism), "tell whether it has the mechanism",
                                 rv, why);
        if (rv == CKR_MECHANISM_INVALID || !(info.flags & needs[i].flag)) {
            sr_why_set(
                why, "the token lacks the mechanism %s%s, which these keys need; use a token that has it",
                sr_mechanism_name(needs[i].mechanism), rv == CKR_OK ? " for what it is needed for" : "");
            return SR_JOB_FAILED;
        }
    }
    return SR_JOB_OK;
}

#define STRICT_COUNT 18

/* PKCS#11 v3.0 §4.4, §4.10: every flag is named, for tokens' defaults differ (SoftHSM's usages are true).
 * CKA_MODIFIABLE is the last one, as SoftHSM goes by it from there on when it derives. Not every token knows
 * the two which stand before that: they are left out unless ALL. */
static size_t strict_template(const struct sr_key_kind *kind, const char *label, bool all,
                              CK_ATTRIBUTE a[STRICT_COUNT])
{
    CK_BBOOL *signs = kind->use == SR_KEY_SIGNS ? &yes : &no;
    CK_BBOOL *encrypts = kind->use == SR_KEY_ENCRYPTS ? &yes : &no;
    CK_BBOOL *wraps = kind->use == SR_KEY_WRAPS ? &yes : &no;
    const CK_ATTRIBUTE strict[STRICT_COUNT] = {
        {CKA_CLASS, &secret_key, sizeof(secret_key)},
        {CKA_KEY_TYPE, (void *)&kind->type, sizeof(kind->type)},
        {CKA_TOKEN, kind->token ? &yes : &no, sizeof(CK_BBOOL)},
        {CKA_PRIVATE, &yes, sizeof(yes)},
        {CKA_SENSITIVE, &yes, sizeof(yes)},
        {CKA_EXTRACTABLE, kind->leaves ? &yes : &no, sizeof(CK_BBOOL)},
        {CKA_DERIVE, kind->use == SR_KEY_DERIVES ? &yes : &no, sizeof(CK_BBOOL)},
        {CKA_SIGN, signs, sizeof(CK_BBOOL)},
        {CKA_VERIFY, signs, sizeof(CK_BBOOL)},
        {CKA_ENCRYPT, encrypts, sizeof(CK_BBOOL)},
        {CKA_DECRYPT, encrypts, sizeof(CK_BBOOL)},
        {CKA_WRAP, wraps, sizeof(CK_BBOOL)},
        {CKA_UNWRAP, wraps, sizeof(CK_BBOOL)},
        {CKA_LABEL, (void *)label, strlen(label)},
        {CKA_ID, (void *)label, strlen(label)},
        {CKA_COPYABLE, &no, sizeof(no)},
        {CKA_ALLOWED_MECHANISMS, (void *)&kind->only, sizeof(kind->only)},
        {CKA_MODIFIABLE, &no, sizeof(no)},
    };
    memcpy(a, strict, sizeof(strict));
    if (all)
        return STRICT_COUNT;
    a[STRICT_COUNT - 3] = a[STRICT_COUNT - 1];
    return STRICT_COUNT - 2;
}

static bool refuses_template(CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
           rv == CKR_TEMPLATE_INCONSISTENT;
}

/* The size stands before the rest: see above for what has to be last. */
static CK_RV make(const struct sr_bench *bench, const struct sr_key_kind *kind,
                  const struct sr_key_origin *origin, const char *label, bool all, CK_OBJECT_HANDLE *key)
{
    CK_ATTRIBUTE a[1 + STRICT_COUNT] = {{CKA_VALUE_LEN, (void *)&kind->size, sizeof(kind->size)}};
    size_t n = strict_template(kind, label, all, a + 1);

    /* PKCS#11 v3.0 §5.18.4: what is unwrapped brings its length. */
    if (origin->wrapped != NULL)
        return bench->f->C_UnwrapKey(bench->session, origin->mechanism, origin->base,
                                     (CK_BYTE_PTR)origin->wrapped, origin->wrapped_size, a + 1, n, key);
    if (origin->base != CK_INVALID_HANDLE)
        return bench->f->C_DeriveKey(bench->session, origin->mechanism, origin->base, a, n + 1, key);
    return bench->f->C_GenerateKey(bench->session, origin->mechanism, a, n + 1, key);
}

/* Whether the token did as it was asked. PKCS#11 v3.0 §4.10: a key was never extractable only where it was
 * generated so, which says nothing of one that was derived, unwrapped or imported. */
static CK_RV look_at(const struct sr_bench *bench, CK_OBJECT_HANDLE key, const struct sr_key_kind *kind,
                     bool generated, bool *strict)
{
    CK_BBOOL sensitive = CK_FALSE;
    CK_BBOOL extractable = CK_TRUE;
    CK_BBOOL never = CK_FALSE;
    CK_ATTRIBUTE a[] = {
        {CKA_SENSITIVE, &sensitive, sizeof(sensitive)},
        {CKA_EXTRACTABLE, &extractable, sizeof(extractable)},
        {CKA_NEVER_EXTRACTABLE, &never, sizeof(never)},
    };

    CK_RV rv = bench->f->C_GetAttributeValue(bench->session, key, a, sizeof(a) / sizeof(a[0]));
    *strict = rv == CKR_OK && sensitive == CK_TRUE &&
              (kind->leaves || (extractable == CK_FALSE && (!generated || never == CK_TRUE)));
    return rv;
}

/* Gives the key to the caller where it is as it was asked for, or destroys it. */
static enum sr_job_result keep(const struct sr_bench *bench, const struct sr_key_kind *kind, bool generated,
                               const char *label, CK_OBJECT_HANDLE made, CK_OBJECT_HANDLE *key,
                               struct sr_why *why)
{
    bool strict;
    CK_RV rv = look_at(bench, made, kind, generated, &strict);

    if (strict) {
        *key = made;
        return SR_JOB_OK;
    }
    CK_RV destroyed = bench->f->C_DestroyObject(bench->session, made);
    if (rv != CKR_OK)
        (void)sr_key_failed(label, "show the new key's attributes", rv, why);
    else
        sr_why_set(why, "%s: the token made the key readable or extractable although it was asked not to; %s",
                   label,
                   destroyed == CKR_OK ? "it was destroyed; use another token"
                                       : "it could not be destroyed: do that with the token's own tools");
    return SR_JOB_FAILED;
}

/* SoftHSM says of every blob that it cannot unwrap what PKCS#11 v3.0 §5.1.6 has for a wrong length, or an
 * error of no name. */
static bool refuses_blob(CK_RV rv)
{
    return rv == CKR_WRAPPED_KEY_INVALID || rv == CKR_WRAPPED_KEY_LEN_RANGE || rv == CKR_GENERAL_ERROR ||
           rv == CKR_ENCRYPTED_DATA_INVALID;
}

enum sr_job_result sr_key_make(const struct sr_bench *bench, const struct sr_key_kind *kind,
                               const struct sr_key_origin *origin, const char *label, CK_OBJECT_HANDLE *key,
                               struct sr_why *why)
{
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;

    *key = CK_INVALID_HANDLE;
    CK_RV rv = make(bench, kind, origin, label, true, &made);
    if (refuses_template(rv))
        rv = make(bench, kind, origin, label, false, &made);
    if (origin->wrapped != NULL && refuses_blob(rv)) {
        sr_why_set(why, "%s: the wrapped key is damaged, or was wrapped with another key", label);
        return SR_JOB_BAD;
    }
    if (rv != CKR_OK)
        return sr_key_failed(label, origin->wrapped != NULL ? "unwrap the key" : "make the key", rv, why);
    return keep(bench, kind, origin->base == CK_INVALID_HANDLE, label, made, key, why);
}

enum sr_job_result sr_key_import(const struct sr_bench *bench, const struct sr_key_kind *kind,
                                 const void *value, size_t size, const char *label, CK_OBJECT_HANDLE *key,
                                 struct sr_why *why)
{
    CK_ATTRIBUTE a[1 + STRICT_COUNT] = {{CKA_VALUE, (void *)value, size}};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;

    *key = CK_INVALID_HANDLE;
    CK_RV rv =
        bench->f->C_CreateObject(bench->session, a, 1 + strict_template(kind, label, true, a + 1), &made);
    if (refuses_template(rv))
        rv = bench->f->C_CreateObject(bench->session, a, 1 + strict_template(kind, label, false, a + 1),
                                      &made);
    if (rv != CKR_OK)
        return sr_key_failed(label, "take the key", rv, why);
    return keep(bench, kind, false, label, made, key, why);
}

enum sr_job_result sr_key_logged_in(const struct sr_bench *bench, struct sr_why *why)
{
    CK_SESSION_INFO info = {0};

    CK_RV rv = bench->f->C_GetSessionInfo(bench->session, &info);
    if (rv != CKR_OK)
        return sr_key_failed("the jobs' session", "tell its state", rv, why);
    if (info.state != CKS_RW_USER_FUNCTIONS) {
        sr_why_set(why, "the token's session is not logged in, so it hides the jobs' keys; log in again");
        return SR_JOB_FAILED;
    }
    return SR_JOB_OK;
}

enum sr_job_result sr_key_find(const struct sr_bench *bench, const char *label, CK_OBJECT_HANDLE *key,
                               struct sr_why *why)
{
    const CK_ATTRIBUTE template[] = {
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_LABEL, (void *)label, strlen(label)},
    };
    CK_OBJECT_HANDLE *found;
    size_t count;
    enum sr_job_result result = SR_JOB_OK;

    *key = CK_INVALID_HANDLE;
    CK_RV rv =
        sr_find(bench->f, bench->session, template, sizeof(template) / sizeof(template[0]), &found, &count);
    if (rv != CKR_OK)
        return sr_key_failed(label, "search for the key", rv, why);
    if (count == 0) {
        result = sr_key_logged_in(bench, why);
        if (result == SR_JOB_OK) {
            sr_why_set(why, "the token has no key labelled \"%s\"", label);
            result = SR_JOB_NOT_FOUND;
        }
    } else if (count > 1) {
        sr_why_set(
            why,
            "the token has %zu objects labelled \"%s\", of which strongroomd made one; remove the others "
            "with the token's own tools",
            count, label);
        result = SR_JOB_TAMPERED;
    } else {
        *key = found[0];
    }
    free(found);
    return result;
}
