/* SPDX-License-Identifier: Apache-2.0 */
/* The custody rules for key pairs, with the templates of somebody who wants to take keys away.
 * usage: custody kept|taken: through strongroomd the keys are kept; on the token itself, the control, they
 * are taken. */
#include "cryptoki/attributes.h"
#include "cryptoki/names.h"
#include "signer.h"

#include <stdio.h>
#include <string.h>

static int failures;

static void expect(const char *what, bool good)
{
    printf("%s: %s\n", good ? "ok" : "FAILED", what);
    failures += !good;
}

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* A session key pair that is readable, and may do everything. */
static CK_RV generate(struct signer *s, const char *label, CK_OBJECT_HANDLE *private)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ULONG bits = 2048;
    CK_OBJECT_HANDLE public;
    CK_ATTRIBUTE public_template[] = {
        {CKA_MODULUS_BITS, &bits, sizeof(bits)},
        {CKA_LABEL, (void *)label, strlen(label)},
    };
    CK_ATTRIBUTE private_template[] = {
        {CKA_LABEL, (void *)label, strlen(label)}, {CKA_SENSITIVE, &no, sizeof(no)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)},      {CKA_SIGN, &yes, sizeof(yes)},
        {CKA_UNWRAP, &yes, sizeof(yes)},           {CKA_PRIVATE, &no, sizeof(no)},
    };
    return s->module.f->C_GenerateKeyPair(s->session, &mechanism, public_template, 2, private_template, 5,
                                          &public, private);
}

static bool is_true(struct signer *s, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    return s->module.f->C_GetAttributeValue(s->session, key, &a, 1) == CKR_OK && value == CK_TRUE;
}

static CK_RV read_secret(struct signer *s, CK_OBJECT_HANDLE key, CK_ULONG *length)
{
    CK_BYTE exponent[1024];
    CK_ATTRIBUTE a = {CKA_PRIVATE_EXPONENT, exponent, sizeof(exponent)};
    CK_RV rv = s->module.f->C_GetAttributeValue(s->session, key, &a, 1);
    *length = a.ulValueLen;
    return rv;
}

static void run(struct signer *s, bool kept)
{
    CK_OBJECT_HANDLE key;
    CK_ULONG length;
    CK_RV rv = generate(s, "custody", &key);
    printf("C_GenerateKeyPair: %s\n", sr_rv_name(rv));
    expect("the pair is made", rv == CKR_OK);
    if (rv != CKR_OK)
        return;
    expect("CKA_SENSITIVE", is_true(s, key, CKA_SENSITIVE) == kept);
    expect("CKA_PRIVATE", is_true(s, key, CKA_PRIVATE));
    expect("CKA_EXTRACTABLE", is_true(s, key, CKA_EXTRACTABLE) != kept);
    expect("CKA_UNWRAP beside CKA_SIGN", is_true(s, key, CKA_UNWRAP) != kept);
    expect("CKA_DECRYPT, which was not asked for", is_true(s, key, CKA_DECRYPT) != kept);
    expect("CKA_SIGN", is_true(s, key, CKA_SIGN));
    rv = read_secret(s, key, &length);
    expect("reading the private exponent",
           kept ? rv == CKR_ATTRIBUTE_SENSITIVE && length == CK_UNAVAILABLE_INFORMATION
                : rv == CKR_OK && length > 0);
    rv = generate(s, "data:tenant:1", &key);
    expect("a label of a job", rv == (kept ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_OK));
}

int main(int argc, char **argv)
{
    struct signer s = {0};
    bool kept = argc == 2 && strcmp(argv[1], "kept") == 0;

    if (!kept && (argc != 2 || strcmp(argv[1], "taken") != 0)) {
        fputs("usage: custody kept|taken\n", stderr);
        return 2;
    }
    expect("the token", signer_open(&s, NULL) == CKR_OK && (kept || signer_log_in(&s) == CKR_OK));
    if (failures == 0)
        run(&s, kept);
    signer_close(&s);
    return failures == 0 ? 0 : 1;
}
