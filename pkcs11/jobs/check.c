/* What a token can do for the jobs, and what not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/names.h"
#include "jobs/jobs.h"
#include "jobs/needs.h"

#include <jansson.h>
#include <string.h>

/* Debian 12's p11-kit has no definitions of PKCS#11 3.0: v3.0 §2.46, §2.52. */
#ifndef CKM_HKDF_DERIVE
#define CKM_HKDF_DERIVE 0x402aUL
#endif
#ifndef CKM_SP800_108_COUNTER_KDF
#define CKM_SP800_108_COUNTER_KDF 0x3acUL
#endif

static bool has(const struct sr_bench *bench, const struct sr_key_need *need)
{
    CK_MECHANISM_INFO info = {0};
    return bench->f->C_GetMechanismInfo(bench->slot, need->mechanism, &info) == CKR_OK &&
           (info.flags & need->flag) != 0;
}

static const char *use_name(CK_FLAGS flag)
{
    static const struct {
        CK_FLAGS flag;
        const char *name;
    } names[] = {
        {CKF_GENERATE, "generate"}, {CKF_SIGN, "sign"},       {CKF_DERIVE, "derive"},   {CKF_WRAP, "wrap"},
        {CKF_UNWRAP, "unwrap"},     {CKF_ENCRYPT, "encrypt"}, {CKF_DECRYPT, "decrypt"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].flag == flag)
            return names[i].name;
    return "use";
}

/* json_array_append_new, and NULL for an array that could not be made is passed on. */
static json_t *append(json_t *array, json_t *value)
{
    if (array != NULL && json_array_append_new(array, value) == 0)
        return array;
    if (array == NULL)
        json_decref(value);
    json_decref(array);
    return NULL;
}

static json_t *job_json(const struct sr_bench *bench, const struct sr_needs *job)
{
    json_t *mechanisms = json_array();
    bool all = true;

    for (size_t i = 0; i < job->count && mechanisms != NULL; i++) {
        bool available = has(bench, &job->needs[i]);
        all = all && available;
        mechanisms = append(mechanisms, json_pack("{s:s, s:s, s:b}", "mechanism",
                                                  sr_mechanism_name(job->needs[i].mechanism), "use",
                                                  use_name(job->needs[i].flag), "available", available));
    }
    return json_pack("{s:s, s:b, s:o}", "job", job->job, "available", all, "mechanisms", mechanisms);
}

/* Whether the token makes a key with this attribute, and says so afterwards. */
static bool takes(const struct sr_bench *bench, const CK_ATTRIBUTE *attribute)
{
    static const char label[] = "registry:check"; /* which no client may use */
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ULONG size = 32;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ATTRIBUTE a[] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_VALUE_LEN, &size, sizeof(size)},
        {CKA_TOKEN, &no, sizeof(no)},
        {CKA_PRIVATE, &yes, sizeof(yes)},
        {CKA_LABEL, (void *)label, sizeof(label) - 1},
        *attribute,
    };
    unsigned char value[sizeof(CK_MECHANISM_TYPE)];
    CK_ATTRIBUTE read = {attribute->type, value, sizeof(value)};
    CK_OBJECT_HANDLE key;

    if (bench->f->C_GenerateKey(bench->session, &generate, a, sizeof(a) / sizeof(a[0]), &key) != CKR_OK)
        return false;
    bool taken = bench->f->C_GetAttributeValue(bench->session, key, &read, 1) == CKR_OK &&
                 read.ulValueLen == attribute->ulValueLen &&
                 memcmp(value, attribute->pValue, attribute->ulValueLen) == 0;
    (void)bench->f->C_DestroyObject(bench->session, key);
    return taken;
}

struct strict {
    const char *name;
    CK_ATTRIBUTE attribute;
    const char *otherwise; /* what it means where the token does not take it */
};

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_MECHANISM_TYPE only = CKM_AES_CBC_ENCRYPT_DATA;

static const struct strict strict[] = {
    {"CKA_SENSITIVE", {CKA_SENSITIVE, &yes, sizeof(yes)}, "no family can be made"},
    {"CKA_EXTRACTABLE=false", {CKA_EXTRACTABLE, &no, sizeof(no)}, "no family can be made"},
    {"CKA_MODIFIABLE=false",
     {CKA_MODIFIABLE, &no, sizeof(no)},
     "who has the token's PIN can give keys further usages"},
    {"CKA_COPYABLE=false",
     {CKA_COPYABLE, &no, sizeof(no)},
     "who has the token's PIN can copy keys within it"},
    {"CKA_ALLOWED_MECHANISMS",
     {CKA_ALLOWED_MECHANISMS, &only, sizeof(only)},
     "keys are held to their one usage, not to their one mechanism"},
};

static json_t *attributes_json(const struct sr_bench *bench, json_t **lacks)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof(strict) / sizeof(strict[0]) && list != NULL; i++) {
        bool taken = takes(bench, &strict[i].attribute);
        list = append(list, json_pack("{s:s, s:b}", "attribute", strict[i].name, "taken", taken));
        if (!taken)
            *lacks = append(*lacks, json_sprintf("%s is not taken: %s", strict[i].name, strict[i].otherwise));
    }
    return list;
}

static json_t *lacks_json(const struct sr_bench *bench)
{
    static const struct {
        struct sr_key_need need;
        const char *text;
    } known[] = {
        {{CKM_HKDF_DERIVE, CKF_DERIVE},
         "no HKDF (CKM_HKDF_DERIVE): keys are derived by CKM_AES_CBC_ENCRYPT_DATA over a SHA-256"},
        {{CKM_SP800_108_COUNTER_KDF, CKF_DERIVE},
         "no SP800-108 (CKM_SP800_108_COUNTER_KDF): keys are derived by CKM_AES_CBC_ENCRYPT_DATA over a "
         "SHA-256"},
        {{CKM_AES_GCM, CKF_WRAP}, "no wrapping by CKM_AES_GCM: keys are wrapped by CKM_AES_KEY_WRAP_PAD"},
    };
    json_t *lacks = json_array();
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && lacks != NULL; i++)
        if (!has(bench, &known[i].need))
            lacks = append(lacks, json_string(known[i].text));
    return lacks;
}

/* PKCS#11 v3.0 §3.2: padded with blanks. */
static json_t *padded(const CK_UTF8CHAR *text, size_t length)
{
    while (length > 0 && text[length - 1] == ' ')
        length--;
    json_t *string = json_stringn((const char *)text, length);
    return string != NULL ? string : json_string("?");
}

enum sr_job_result sr_token_check(const struct sr_bench *bench, char **json, struct sr_why *why)
{
    CK_TOKEN_INFO info = {0};
    json_t *jobs = json_array();
    json_t *lacks = NULL;

    *json = NULL;
    CK_RV rv = bench->f->C_GetTokenInfo(bench->slot, &info);
    if (rv != CKR_OK) {
        json_decref(jobs);
        return sr_key_failed("the jobs' token", "tell about itself", rv, why);
    }
    for (int job = 0; job < SR_NEEDS && jobs != NULL; job++)
        jobs = append(jobs, job_json(bench, sr_needs_of((enum sr_need)job)));
    lacks = lacks_json(bench);
    json_t *attributes = attributes_json(bench, &lacks);
    json_t *answer = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "token", padded(info.label, sizeof(info.label)), "manufacturer",
        padded(info.manufacturerID, sizeof(info.manufacturerID)), "model",
        padded(info.model, sizeof(info.model)), "jobs", jobs, "attributes", attributes, "lacks", lacks);
    if (answer != NULL)
        *json = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    if (*json != NULL)
        return SR_JOB_OK;
    sr_why_set(why, "out of memory");
    return SR_JOB_NO_MEMORY;
}
