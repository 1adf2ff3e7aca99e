/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/gcm.h"
#include "cryptoki/names.h"

#include <string.h>

/* SoftHSM is twice as fast with parts that stay in the processor's cache. */
#define PART ((size_t)16 << 10)

/* CK_GCM_PARAMS as PKCS#11 v3.0 has it. */
static CK_GCM_PARAMS parameters_of(const struct sr_gcm *gcm)
{
    return (CK_GCM_PARAMS){.pIv = (CK_BYTE_PTR)gcm->nonce,
                           .ulIvLen = SR_GCM_NONCE,
                           .ulIvBits = SR_GCM_NONCE * 8UL,
                           .pAAD = (CK_BYTE_PTR)gcm->aad,
                           .ulAADLen = gcm->aad_size,
                           .ulTagBits = SR_GCM_TAG * 8UL};
}

static enum sr_job_result failed(const char *what, CK_RV rv, struct sr_why *why)
{
    sr_why_set(why, "the token cannot %s with AES-GCM: %s", what, sr_rv_name(rv));
    return rv == CKR_HOST_MEMORY ? SR_JOB_NO_MEMORY : SR_JOB_FAILED;
}

enum sr_job_result sr_gcm_encrypt(const struct sr_bench *bench, const struct sr_gcm *gcm, const void *data,
                                  size_t size, unsigned char *out, struct sr_why *why)
{
    CK_GCM_PARAMS parameters = parameters_of(gcm);
    CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof(parameters)};
    CK_ULONG written = size + SR_GCM_TAG;

    CK_RV rv = bench->f->C_EncryptInit(bench->session, &mechanism, gcm->key);
    if (rv == CKR_OK)
        rv = bench->f->C_Encrypt(bench->session, (CK_BYTE_PTR)(size > 0 ? data : ""), size, out, &written);
    if (rv == CKR_OK && written != size + SR_GCM_TAG)
        rv = CKR_GENERAL_ERROR;
    return rv == CKR_OK ? SR_JOB_OK : failed("encrypt", rv, why);
}

/* GCM gives out no more than it was given, so what is written never comes before what is still to be read. */
static CK_RV encrypt_parts(const struct sr_bench *bench, unsigned char *data, size_t size, CK_ULONG *written)
{
    unsigned char part[PART];
    CK_ULONG room = size + SR_GCM_TAG;
    CK_ULONG at = 0;
    CK_RV rv = CKR_OK;

    for (size_t done = 0; done < size && rv == CKR_OK; done += PART) {
        size_t length = size - done < PART ? size - done : PART;
        CK_ULONG n = done + length - at;
        memcpy(part, data + done, length);
        rv = bench->f->C_EncryptUpdate(bench->session, part, length, data + at, &n);
        at += rv == CKR_OK ? n : 0;
    }
    *written = room - at;
    if (rv == CKR_OK)
        rv = bench->f->C_EncryptFinal(bench->session, data + at, written);
    *written += at;
    explicit_bzero(part, size < PART ? size : PART);
    return rv;
}

enum sr_job_result sr_gcm_encrypt_shared(const struct sr_bench *bench, const struct sr_gcm *gcm,
                                         unsigned char *data, size_t size, struct sr_why *why)
{
    CK_GCM_PARAMS parameters = parameters_of(gcm);
    CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof(parameters)};
    CK_ULONG written = 0;

    CK_RV rv = bench->f->C_EncryptInit(bench->session, &mechanism, gcm->key);
    if (rv == CKR_OK)
        rv = encrypt_parts(bench, data, size, &written);
    if (rv == CKR_OK && written != size + SR_GCM_TAG)
        rv = CKR_GENERAL_ERROR;
    return rv == CKR_OK ? SR_JOB_OK : failed("encrypt", rv, why);
}

enum sr_job_result sr_gcm_decrypt(const struct sr_bench *bench, const struct sr_gcm *gcm, const void *data,
                                  size_t size, unsigned char *out, struct sr_why *why)
{
    CK_GCM_PARAMS parameters = parameters_of(gcm);
    CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof(parameters)};
    CK_ULONG written = size;

    if (size < SR_GCM_TAG) {
        sr_why_set(why, "there is less than a tag");
        return SR_JOB_BAD;
    }
    CK_RV rv = bench->f->C_DecryptInit(bench->session, &mechanism, gcm->key);
    if (rv != CKR_OK)
        return failed("decrypt", rv, why);
    rv = bench->f->C_Decrypt(bench->session, (CK_BYTE_PTR)data, size, out, &written);
    /* PKCS#11 v3.0 §5.9: a tag that does not fit is CKR_ENCRYPTED_DATA_INVALID; SoftHSM says GENERAL_ERROR.
     */
    if (rv == CKR_ENCRYPTED_DATA_INVALID || rv == CKR_GENERAL_ERROR || rv == CKR_SIGNATURE_INVALID) {
        explicit_bzero(out, size);
        sr_why_set(why, "the data are damaged");
        return SR_JOB_BAD;
    }
    if (rv == CKR_OK && written != size - SR_GCM_TAG)
        rv = CKR_GENERAL_ERROR;
    return rv == CKR_OK ? SR_JOB_OK : failed("decrypt", rv, why);
}
