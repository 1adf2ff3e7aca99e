/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for a key that is readable and may do everything, and prints what was made of that, a fact a line. */
#include "cryptoki/attributes.h"
#include "cryptoki/names.h"
#include "signer.h"

#include <stdio.h>
#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

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
        {CKA_UNWRAP, &yes, sizeof(yes)},
    };
    return s->module.f->C_GenerateKeyPair(s->session, &mechanism, public_template, 2, private_template, 5,
                                          &public, private);
}

static void print_fact(struct signer *s, CK_OBJECT_HANDLE key, const char *name, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE a = {type, &value, sizeof(value)};
    CK_RV rv = s->module.f->C_GetAttributeValue(s->session, key, &a, 1);
    printf("%s %s\n", name, rv != CKR_OK ? sr_rv_name(rv) : value == CK_TRUE ? "yes" : "no");
}

int main(void)
{
    struct signer s;
    CK_OBJECT_HANDLE key;
    CK_BYTE exponent[1024];
    CK_ATTRIBUTE secret = {CKA_PRIVATE_EXPONENT, exponent, sizeof(exponent)};

    if (signer_open(&s, NULL) != CKR_OK)
        return 1;
    CK_RV rv = generate(&s, "facts", &key);
    if (rv == CKR_OK) {
        print_fact(&s, key, "sensitive", CKA_SENSITIVE);
        print_fact(&s, key, "extractable", CKA_EXTRACTABLE);
        print_fact(&s, key, "unwraps", CKA_UNWRAP);
        rv = s.module.f->C_GetAttributeValue(s.session, key, &secret, 1);
        printf("exponent %s\n", sr_rv_name(rv));
        rv = generate(&s, "data:tenant:1", &key);
        printf("label %s\n", sr_rv_name(rv));
        rv = CKR_OK;
    }
    signer_close(&s);
    return rv == CKR_OK ? 0 : 1;
}
