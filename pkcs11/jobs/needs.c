/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/needs.h"

static const struct sr_key_need session[] = {
    {CKM_AES_KEY_GEN, CKF_GENERATE},
    {CKM_GENERIC_SECRET_KEY_GEN, CKF_GENERATE},
    {CKM_AES_CBC_ENCRYPT_DATA, CKF_DERIVE},
    {CKM_SHA256_HMAC, CKF_SIGN},
    {CKM_SHA512_HMAC, CKF_SIGN},
};

static const struct sr_key_need jwt[] = {
    {CKM_AES_CBC_ENCRYPT_DATA, CKF_DERIVE},
    {CKM_SHA256_HMAC, CKF_SIGN},
    {CKM_SHA512_HMAC, CKF_SIGN},
};

static const struct sr_key_need wrapping[] = {
    {CKM_AES_KEY_GEN, CKF_GENERATE},
    {CKM_AES_KEY_WRAP_PAD, CKF_WRAP},
    {CKM_AES_KEY_WRAP_PAD, CKF_UNWRAP},
};

/* Of data keys, and of backups. */
static const struct sr_key_need sealing[] = {
    {CKM_AES_KEY_GEN, CKF_GENERATE},    {CKM_AES_KEY_WRAP_PAD, CKF_WRAP},
    {CKM_AES_KEY_WRAP_PAD, CKF_UNWRAP}, {CKM_AES_CBC_ENCRYPT_DATA, CKF_DERIVE},
    {CKM_SHA256_HMAC, CKF_SIGN},        {CKM_AES_GCM, CKF_ENCRYPT},
    {CKM_AES_GCM, CKF_DECRYPT},
};

static const struct sr_key_need totp[] = {
    {CKM_AES_KEY_WRAP_PAD, CKF_WRAP}, {CKM_AES_KEY_WRAP_PAD, CKF_UNWRAP}, {CKM_SHA_1_HMAC, CKF_SIGN},
    {CKM_SHA256_HMAC, CKF_SIGN},      {CKM_SHA512_HMAC, CKF_SIGN},
};

static const struct sr_key_need registry[] = {
    {CKM_AES_KEY_GEN, CKF_GENERATE},
    {CKM_AES_CBC_ENCRYPT_DATA, CKF_DERIVE},
    {CKM_SHA256_HMAC, CKF_SIGN},
};

#define NEEDS(needs) needs, sizeof(needs) / sizeof((needs)[0])

static const struct sr_needs table[SR_NEEDS] = {
    [SR_NEED_SESSION] = {"session", NEEDS(session)},
    [SR_NEED_JWT] = {"jwt", NEEDS(jwt)},
    [SR_NEED_WRAPPING] = {"wrapping", NEEDS(wrapping)},
    [SR_NEED_DATA] = {"data", NEEDS(sealing)},
    [SR_NEED_TOTP] = {"totp", NEEDS(totp)},
    [SR_NEED_BACKUP] = {"backup", NEEDS(sealing)},
    [SR_NEED_REGISTRY] = {"registry", NEEDS(registry)},
};

const struct sr_needs *sr_needs_of(enum sr_need job)
{
    return &table[job];
}

enum sr_job_result sr_needs_met(const struct sr_bench *bench, enum sr_need job, struct sr_why *why)
{
    return sr_key_needs(bench, table[job].needs, table[job].count, why);
}
