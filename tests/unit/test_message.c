/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "wire/calls.h"
#include "wire/card.h"

#include <stdlib.h>
#include <string.h>

#define ARRAY_OF_ATTRIBUTES 0x40000000UL /* CKF_ARRAY_ATTRIBUTE, PKCS#11 v3.0 Annex A */
#define ALLOWED_MECHANISMS (ARRAY_OF_ATTRIBUTES | 0x600UL)
#define WRAP_TEMPLATE (ARRAY_OF_ATTRIBUTES | 0x211UL)

static bool through(const struct sr_field *fields, const void *from, void *to, struct sr_buf *b)
{
    *b = SR_BUF_EMPTY;
    sr_encode(b, fields, from);
    return sr_buf_ok(b) && sr_decode(b, fields, to) && sr_buf_finished(b);
}

static void a_signature_request_comes_back(void)
{
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_PSS, &pss, sizeof(pss)};
    struct sr_operate_request from = {
        .session = 3, .operation = SR_OPERATION_SIGN, .key = 9, .data = {4, (unsigned char *)"data"}};
    struct sr_operate_request to;
    struct sr_buf b;
    CU_ASSERT_EQUAL(sr_mechanism_set(&from.mechanism, &mechanism), CKR_OK);
    CU_ASSERT_TRUE_FATAL(through(sr_call_row(SR_CALL_OPERATE)->request, &from, &to, &b));
    CU_ASSERT_EQUAL(to.session, 3);
    CU_ASSERT_EQUAL(to.key, 9);
    CU_ASSERT_EQUAL(to.mechanism.m.mechanism, CKM_RSA_PKCS_PSS);
    CU_ASSERT_EQUAL_FATAL(to.mechanism.m.ulParameterLen, sizeof(pss));
    CU_ASSERT_EQUAL(memcmp(to.mechanism.m.pParameter, &pss, sizeof(pss)), 0);
    CU_ASSERT_EQUAL(to.data.length, 4);
    sr_buf_free(&b);
}

static void a_template_comes_back(void)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE a[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_LABEL, "", 0}, {CKA_ID, "\x01\x02\x03", 3}};
    struct sr_find_request from = {.session = 1};
    struct sr_find_request to;
    struct sr_buf b;
    CU_ASSERT_EQUAL(sr_template_set(&from.template, a, 3), CKR_OK);
    CU_ASSERT_TRUE_FATAL(through(sr_call_row(SR_CALL_FIND)->request, &from, &to, &b));
    CU_ASSERT_EQUAL_FATAL(to.template.n, 3);
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(to.template.a[i].type, a[i].type);
        CU_ASSERT_EQUAL_FATAL(to.template.a[i].ulValueLen, a[i].ulValueLen);
        CU_ASSERT_TRUE(a[i].ulValueLen == 0 ||
                       memcmp(to.template.a[i].pValue, a[i].pValue, a[i].ulValueLen) == 0);
    }
    sr_buf_free(&b);
}

static void an_attribute_without_value_stays_without(void)
{
    struct sr_read_reply from = {.status = CKR_ATTRIBUTE_SENSITIVE,
                                 .values = {1, {{CKA_PRIVATE_EXPONENT, NULL, CK_UNAVAILABLE_INFORMATION}}}};
    struct sr_read_reply to;
    struct sr_buf b;
    CU_ASSERT_TRUE_FATAL(through(sr_call_row(SR_CALL_READ_ATTRIBUTES)->reply, &from, &to, &b));
    CU_ASSERT_EQUAL(to.status, CKR_ATTRIBUTE_SENSITIVE);
    CU_ASSERT_EQUAL(to.values.a[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    CU_ASSERT_PTR_NULL(to.values.a[0].pValue);
    sr_buf_free(&b);
}

/* A nested template's value is an array of pointers: in the other process they would be pointers of the
 * sender's choice. So it crosses attribute by attribute, and never as bytes. */
static void nested_templates_cross_by_value(void)
{
    CK_ATTRIBUTE inner[] = {{CKA_LABEL, "x", 1}, {CKA_ID, "\x01\x02", 2}};
    CK_ATTRIBUTE outer = {WRAP_TEMPLATE, inner, sizeof(inner)};
    CK_ATTRIBUTE deeper = {WRAP_TEMPLATE, &outer, sizeof(outer)};
    CK_MECHANISM_TYPE allowed[] = {CKM_ECDSA};
    CK_ATTRIBUTE both[] = {outer, {ALLOWED_MECHANISMS, allowed, sizeof(allowed)}};
    struct sr_find_request from;
    struct sr_find_request to;
    struct sr_buf b;
    CU_ASSERT_EQUAL(sr_template_set(&from.template, &deeper, 1), CKR_ATTRIBUTE_VALUE_INVALID);
    CU_ASSERT_EQUAL_FATAL(sr_template_set(&from.template, both, 2), CKR_OK);
    from.session = 1;
    CU_ASSERT_TRUE_FATAL(through(sr_call_row(SR_CALL_FIND)->request, &from, &to, &b));
    CU_ASSERT_EQUAL_FATAL(to.template.n, 2);
    CU_ASSERT_EQUAL_FATAL(to.template.a[0].ulValueLen, sizeof(inner));
    const CK_ATTRIBUTE *got = to.template.a[0].pValue;
    CU_ASSERT_PTR_EQUAL(got, to.template.nested);
    CU_ASSERT_EQUAL(got[1].type, CKA_ID);
    CU_ASSERT_EQUAL_FATAL(got[1].ulValueLen, 2);
    CU_ASSERT_EQUAL(memcmp(got[1].pValue, "\x01\x02", 2), 0);
    sr_buf_free(&b);
}

static void a_nested_template_as_bytes_is_refused(void)
{
    unsigned char pointers[sizeof(CK_ATTRIBUTE)] = {1};
    struct sr_find_request to;
    struct sr_buf b = SR_BUF_EMPTY;
    sr_buf_put_u64(&b, 1);
    sr_buf_put_u64(&b, 1);
    sr_buf_put_u64(&b, WRAP_TEMPLATE);
    sr_buf_put_u64(&b, 1);
    sr_buf_put_bytes(&b, pointers, sizeof(pointers));
    CU_ASSERT_FALSE(sr_decode(&b, sr_call_row(SR_CALL_FIND)->request, &to));
    sr_buf_free(&b);
}

static const struct sr_field mechanism_alone[] = {{SR_FIELD_MECHANISM, 0}, {SR_FIELD_END, 0}};

/* Encodes M, decodes it into TO, and checks that what came encodes to the same bytes. B holds what TO points
 * to. */
static bool comes_back(CK_MECHANISM *m, struct sr_mechanism *to, struct sr_buf *b)
{
    struct sr_mechanism from;
    struct sr_buf again = SR_BUF_EMPTY;
    if (sr_mechanism_set(&from, m) != CKR_OK || !through(mechanism_alone, &from, to, b))
        return false;
    sr_encode(&again, mechanism_alone, to);
    bool same = again.length == b->length && memcmp(again.data, b->data, b->length) == 0;
    sr_buf_free(&again);
    return same && to->m.ulParameterLen == m->ulParameterLen;
}

static void parameters_with_pointers_come_back(void)
{
    unsigned char iv[12] = "eleven more";
    struct {
        CK_BYTE *iv;
        CK_ULONG iv_length, iv_bits;
        CK_BYTE *aad;
        CK_ULONG aad_length, tag_bits;
    } gcm = {iv, 12, 96, (CK_BYTE *)"aad", 3, 128};
    struct {
        CK_ULONG hash, mgf, source;
        CK_BYTE *data;
        CK_ULONG length;
    } oaep = {CKM_SHA_1, 1, 1, (CK_BYTE *)"label", 5};
    struct {
        CK_ULONG bits;
        void *oaep;
    } rsa_aes = {256, &oaep};
    struct {
        CK_BYTE iv[16];
        CK_BYTE *data;
        CK_ULONG length;
    } cbc = {"0123456789abcde", iv, 12};
    struct {
        CK_ULONG type;
        void *value;
        CK_ULONG length;
    } list[2] = {{1, iv, 12}, {4, "x", 1}};
    struct {
        CK_ULONG prf, count;
        void *list;
        CK_ULONG keys;
        void *key;
    } kdf = {CKM_SHA256_HMAC, 2, list, 0, NULL};
    struct {
        CK_BBOOL extract, expand;
        CK_ULONG prf, salt_type;
        CK_BYTE *salt;
        CK_ULONG salt_length;
        CK_OBJECT_HANDLE salt_key;
        CK_BYTE *info;
        CK_ULONG info_length;
    } hkdf = {CK_TRUE, CK_FALSE, CKM_SHA256, 4, NULL, 0, 77, (CK_BYTE *)"info", 4};
    CK_MECHANISM all[] = {{CKM_AES_GCM, &gcm, sizeof(gcm)},
                          {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)},
                          {CKM_RSA_AES_KEY_WRAP, &rsa_aes, sizeof(rsa_aes)},
                          {CKM_AES_CBC_ENCRYPT_DATA, &cbc, sizeof(cbc)},
                          {CKM_SP800_108_COUNTER_KDF, &kdf, sizeof(kdf)},
                          {CKM_AES_CBC_PAD, iv, 12},
                          {CKM_HKDF_DERIVE, &hkdf, sizeof(hkdf)}};
    struct sr_mechanism to;
    struct sr_buf b;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        CU_ASSERT_TRUE(comes_back(&all[i], &to, &b));
        CK_OBJECT_HANDLE *handle = sr_mechanism_handle(&to);
        if (all[i].mechanism == CKM_HKDF_DERIVE) {
            CU_ASSERT_PTR_NOT_NULL_FATAL(handle);
            CU_ASSERT_EQUAL(*handle, 77);
        } else {
            CU_ASSERT_PTR_NULL(handle);
        }
        sr_buf_free(&b);
    }
}

static void what_has_no_place_in_a_message_is_refused(void)
{
    static struct sr_template to;
    static CK_ATTRIBUTE many[SR_TEMPLATE_MAX + 1];
    struct sr_mechanism m;
    CK_ATTRIBUTE hollow = {CKA_LABEL, NULL, 5};
    CK_MECHANISM tls = {CKM_TLS12_MASTER_KEY_DERIVE, many, 8};
    struct {
        CK_ULONG kdf, shared_length;
        CK_BYTE *shared;
        CK_ULONG public_length;
        CK_BYTE *public;
    } no_point = {1, 0, NULL, 65, NULL};
    CK_MECHANISM derive = {CKM_ECDH1_DERIVE, &no_point, sizeof(no_point)};
    CK_MECHANISM short_pss = {CKM_RSA_PKCS_PSS, many, 3};
    CU_ASSERT_EQUAL(sr_template_set(&to, many, SR_TEMPLATE_MAX), CKR_OK);
    CU_ASSERT_EQUAL(sr_template_set(&to, many, SR_TEMPLATE_MAX + 1), CKR_ATTRIBUTE_TYPE_INVALID);
    CU_ASSERT_EQUAL(sr_template_set(&to, NULL, 1), CKR_ARGUMENTS_BAD);
    CU_ASSERT_EQUAL(sr_template_set(&to, &hollow, 1), CKR_ARGUMENTS_BAD);
    CU_ASSERT_EQUAL(sr_mechanism_set(&m, &derive), CKR_MECHANISM_PARAM_INVALID);
    CU_ASSERT_EQUAL(sr_mechanism_set(&m, &tls), CKR_MECHANISM_PARAM_INVALID);
    CU_ASSERT_EQUAL(sr_mechanism_set(&m, &short_pss), CKR_MECHANISM_PARAM_INVALID);
}

/* A client may send bytes as the parameter of CKM_EDDSA, which holds a pointer. */
static void pointers_do_not_cross(void)
{
    struct sr_operate_request to;
    unsigned char pointers[24] = {1};
    struct sr_buf b = SR_BUF_EMPTY;
    sr_buf_put_u64(&b, 1);
    sr_buf_put_u64(&b, SR_OPERATION_SIGN);
    sr_buf_put_u64(&b, 1);
    sr_buf_put_u64(&b, 0x1057); /* CKM_EDDSA */
    sr_buf_put_u64(&b, 0);
    sr_buf_put_bytes(&b, pointers, sizeof(pointers));
    sr_buf_put_bytes(&b, "data", 4);
    sr_buf_put_bytes(&b, NULL, 0);
    sr_buf_put_u64(&b, 0);
    CU_ASSERT_FALSE(sr_decode(&b, sr_call_row(SR_CALL_OPERATE)->request, &to));
    sr_buf_free(&b);
}

static void every_prefix_of_a_message_is_refused(void)
{
    struct sr_find_request from = {.session = 1, .template = {1, {{CKA_LABEL, "0123456789", 10}}}};
    struct sr_buf b = SR_BUF_EMPTY;
    const struct sr_field *fields = sr_call_row(SR_CALL_FIND)->request;
    sr_encode(&b, fields, &from);
    CU_ASSERT_TRUE_FATAL(sr_buf_ok(&b));
    for (size_t length = 0; length < b.length; length += 8) {
        struct sr_find_request to;
        struct sr_buf part = sr_buf_over(b.data, length);
        CU_ASSERT_FALSE(sr_decode(&part, fields, &to));
    }
    sr_buf_free(&b);
}

static void every_call_has_a_row(void)
{
    CU_ASSERT_PTR_NULL(sr_call_row(0));
    CU_ASSERT_PTR_NULL(sr_call_row(SR_CALLS));
    CU_ASSERT_PTR_NULL(sr_call_row(UINT32_MAX));
    for (uint32_t call = SR_CALL_HELLO; call < SR_CALLS; call++) {
        const struct sr_call_row *row = sr_call_row(call);
        CU_ASSERT_PTR_NOT_NULL_FATAL(row);
        CU_ASSERT_TRUE(row->name != NULL && row->request != NULL && row->reply != NULL);
        /* The connection's own, two that go on with what was begun with a permission, and one whose handler
         * wants any of three. */
        bool exempt = call == SR_CALL_HELLO || call == SR_CALL_STATUS || call == SR_CALL_BUFFER ||
                      call == SR_CALL_BACKUP_CHUNK || call == SR_CALL_BACKUP_END || call == SR_CALL_PAGE;
        CU_ASSERT_TRUE(exempt || row->right != SR_RIGHT_NONE || row->permission != NULL);
    }
    CU_ASSERT_EQUAL(sr_call_row(SR_CALL_INIT_PIN)->right, SR_RIGHT_MANAGE);
    CU_ASSERT_EQUAL(sr_call_row(SR_CALL_SET_PIN)->right, SR_RIGHT_MANAGE);
    CU_ASSERT_FALSE(sr_call_row(SR_CALL_GENERATE_KEY_PAIR)->repeatable);
    CU_ASSERT_FALSE(sr_call_row(SR_CALL_DESTROY)->repeatable);
    CU_ASSERT_STRING_EQUAL(sr_call_row(SR_CALL_FAMILY_REVOKE)->permission, "family.manage");
    CU_ASSERT_STRING_EQUAL(sr_call_row(SR_CALL_SESSION_SIGN)->permission, "session.sign");
    CU_ASSERT_FALSE(sr_call_row(SR_CALL_FAMILY_ROTATE)->repeatable);
    CU_ASSERT_TRUE(sr_call_row(SR_CALL_SESSION_VERIFY)->repeatable);
}

static void a_card_is_compared_by_what_the_object_is(void)
{
    struct sr_card a = {.handle = 1,
                        .class = CKO_PRIVATE_KEY,
                        .type = CKK_EC,
                        .id = {2, (unsigned char *)"id"},
                        .label = {5, (unsigned char *)"label"},
                        .digest = {4, (unsigned char *)"hash"}};
    struct sr_card b;
    struct sr_buf buf;
    CU_ASSERT_TRUE_FATAL(through(sr_card_fields, &a, &b, &buf));
    b.handle = 77;
    CU_ASSERT_TRUE(sr_card_same(&a, &b));
    b.digest.data = (unsigned char *)"Hash";
    CU_ASSERT_FALSE(sr_card_same(&a, &b));
    b = a;
    b.label.length = 4;
    CU_ASSERT_FALSE(sr_card_same(&a, &b));
    b = a;
    b.class = CKO_PUBLIC_KEY;
    CU_ASSERT_FALSE(sr_card_same(&a, &b));
    sr_buf_free(&buf);
}

CU_TestInfo message_tests[] = {
    {"a signature request comes back", a_signature_request_comes_back},
    {"a template comes back", a_template_comes_back},
    {"an attribute without a value stays without", an_attribute_without_value_stays_without},
    {"nested templates cross by value", nested_templates_cross_by_value},
    {"a nested template as bytes is refused", a_nested_template_as_bytes_is_refused},
    {"parameters with pointers come back", parameters_with_pointers_come_back},
    {"what has no place in a message is refused", what_has_no_place_in_a_message_is_refused},
    {"pointers do not cross", pointers_do_not_cross},
    {"every prefix of a message is refused", every_prefix_of_a_message_is_refused},
    {"every call has a row", every_call_has_a_row},
    {"a card is compared by what the object is", a_card_is_compared_by_what_the_object_is},
    CU_TEST_INFO_NULL,
};
