/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/objects.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define SLOT 3

/* A private key's card; DIGEST stands for its key material, "" for a key that has none to show. */
static struct sr_card card(CK_OBJECT_HANDLE daemon, CK_ULONG flags, const char *label, const char *digest)
{
    return (struct sr_card){
        .handle = daemon,
        .flags = flags | SR_CARD_MAY(SR_OPERATION_SIGN),
        .class = CKO_PRIVATE_KEY,
        .type = CKK_RSA,
        .signature_max = 256,
        .label = {strlen(label), (unsigned char *)label},
        .digest = {strlen(digest), (unsigned char *)digest},
    };
}

/* What the daemon would send of it, noted. */
static CK_OBJECT_HANDLE note(struct sr_card c, unsigned long generation, CK_SESSION_HANDLE owner)
{
    struct sr_buf b = SR_BUF_EMPTY;
    CK_OBJECT_HANDLE handle = 0;
    sr_encode(&b, sr_card_fields, &c);
    CU_ASSERT_EQUAL(sr_objects_note((struct sr_bytes){b.length, b.data}, 1, SLOT, generation, owner, &handle),
                    CKR_OK);
    sr_buf_free(&b);
    CU_ASSERT_NOT_EQUAL(handle, 0);
    return handle;
}

static void an_object_keeps_its_handle(void)
{
    sr_objects_forget_all();
    CK_OBJECT_HANDLE a = note(card(1, SR_CARD_TOKEN, "a", "A"), 1, 0);
    CK_OBJECT_HANDLE b = note(card(2, SR_CARD_TOKEN, "b", "B"), 1, 0);
    CU_ASSERT_NOT_EQUAL(a, b);
    CU_ASSERT_EQUAL(note(card(1, SR_CARD_TOKEN, "a", "A"), 1, 0), a);
    /* another daemon, other numbers, the same keys */
    CU_ASSERT_EQUAL(note(card(1, SR_CARD_TOKEN, "b", "B"), 2, 0), b);
    CU_ASSERT_EQUAL(note(card(2, SR_CARD_TOKEN, "a", "A"), 2, 0), a);
}

static void a_changed_object_keeps_its_handle(void)
{
    struct sr_buf b = SR_BUF_EMPTY;
    struct sr_place place;
    struct sr_key key;

    sr_objects_forget_all();
    CK_OBJECT_HANDLE a = note(card(1, SR_CARD_TOKEN, "a", "A"), 1, 0);
    struct sr_card changed = card(1, SR_CARD_TOKEN, "renamed", "another digest");
    changed.flags &= ~SR_CARD_MAY(SR_OPERATION_SIGN);
    sr_encode(&b, sr_card_fields, &changed);
    CU_ASSERT_EQUAL(sr_objects_renew(a, (struct sr_bytes){b.length, b.data}, 1), CKR_OK);
    CU_ASSERT_EQUAL(sr_objects_key(a, SLOT, CKM_RSA_PKCS, &key), CKR_OK);
    CU_ASSERT_FALSE(key.flags & SR_CARD_MAY(SR_OPERATION_SIGN));
    CU_ASSERT_EQUAL(sr_objects_place(a, SLOT, 1, &place), CKR_OK);
    CU_ASSERT_EQUAL(place.daemon, 1);
    CU_ASSERT_EQUAL(note(changed, 1, 0), a);
    CU_ASSERT_EQUAL(sr_objects_renew(a, (struct sr_bytes){b.length / 2, b.data}, 1), CKR_DEVICE_ERROR);
    CU_ASSERT_EQUAL(sr_objects_renew(99999, (struct sr_bytes){b.length, b.data}, 1), CKR_OK);
    sr_buf_free(&b);
}

static void what_cannot_be_told_apart_gets_a_new_handle(void)
{
    sr_objects_forget_all();
    CK_OBJECT_HANDLE a = note(card(1, SR_CARD_TOKEN, "a", "A"), 1, 0);
    CK_OBJECT_HANDLE twin = note(card(2, SR_CARD_TOKEN, "a", "A"), 1, 0);
    CK_OBJECT_HANDLE bare = note(card(3, SR_CARD_TOKEN, "bare", ""), 1, 0);
    CK_OBJECT_HANDLE now = note(card(1, SR_CARD_TOKEN, "a", "A"), 2, 0);
    CU_ASSERT_TRUE(now != a && now != twin);
    CU_ASSERT_NOT_EQUAL(note(card(2, SR_CARD_TOKEN, "bare", ""), 2, 0), bare);
}

static void a_number_that_the_daemon_uses_again_is_another_object(void)
{
    sr_objects_forget_all();
    CK_OBJECT_HANDLE a = note(card(1, SR_CARD_TOKEN, "a", "A"), 1, 0);
    CK_OBJECT_HANDLE b = note(card(1, SR_CARD_TOKEN, "a", "B"), 1, 0);
    struct sr_place place;
    CU_ASSERT_NOT_EQUAL(a, b);
    CU_ASSERT_EQUAL(sr_objects_place(a, SLOT, 1, &place), CKR_OBJECT_HANDLE_INVALID);
}

static void a_token_object_is_restored_from_its_card(void)
{
    struct sr_place place;
    struct sr_card back;

    sr_objects_forget_all();
    CK_OBJECT_HANDLE a = note(card(7, SR_CARD_TOKEN, "a", "A"), 1, 0);
    CU_ASSERT_EQUAL(sr_objects_place(a, SLOT, 1, &place), CKR_OK);
    CU_ASSERT_EQUAL(place.daemon, 7);
    CU_ASSERT_EQUAL(sr_objects_place(a, SLOT + 1, 1, &place), CKR_OBJECT_HANDLE_INVALID);
    CU_ASSERT_EQUAL(sr_objects_place(a, SLOT, 2, &place), CKR_OK);
    CU_ASSERT_EQUAL(place.daemon, 0);
    struct sr_buf b = sr_buf_over(place.card, place.length);
    struct sr_card original = card(7, SR_CARD_TOKEN, "a", "A");
    CU_ASSERT_TRUE(sr_decode(&b, sr_card_fields, &back));
    CU_ASSERT_TRUE(sr_card_same(&back, &original));
    free(place.card);
    sr_objects_restored(a, 9, 2);
    CU_ASSERT_EQUAL(sr_objects_place(a, SLOT, 2, &place), CKR_OK);
    CU_ASSERT_EQUAL(place.daemon, 9);
}

static void a_session_object_goes_with_its_generation_or_session(void)
{
    struct sr_place place;

    sr_objects_forget_all();
    CK_OBJECT_HANDLE a = note(card(1, 0, "a", "A"), 1, 5);
    CK_OBJECT_HANDLE b = note(card(2, 0, "b", "B"), 1, 6);
    CK_OBJECT_HANDLE c = note(card(3, SR_CARD_TOKEN, "c", "C"), 1, 5);
    CU_ASSERT_EQUAL(sr_objects_place(a, SLOT, 2, &place), CKR_OBJECT_HANDLE_INVALID);
    sr_objects_forget_of(5);
    CU_ASSERT_EQUAL(sr_objects_place(a, SLOT, 1, &place), CKR_OBJECT_HANDLE_INVALID);
    CU_ASSERT_EQUAL(sr_objects_place(b, SLOT, 1, &place), CKR_OK);
    CU_ASSERT_EQUAL(sr_objects_place(c, SLOT, 1, &place), CKR_OK);
    sr_objects_forget(b);
    CU_ASSERT_EQUAL(sr_objects_place(b, SLOT, 1, &place), CKR_OBJECT_HANDLE_INVALID);
}

static void what_is_no_card_is_an_error(void)
{
    uint64_t junk[4] = {1, 2, 3, ~0ULL};
    CK_OBJECT_HANDLE handle;
    CU_ASSERT_EQUAL(
        sr_objects_note((struct sr_bytes){sizeof(junk), (unsigned char *)junk}, 1, SLOT, 1, 0, &handle),
        CKR_DEVICE_ERROR);
    CU_ASSERT_EQUAL(sr_objects_note((struct sr_bytes){0, NULL}, 1, SLOT, 1, 0, &handle), CKR_DEVICE_ERROR);
}

static void a_key_allows_what_its_list_says(void)
{
    CK_MECHANISM_TYPE list[] = {CKM_RSA_PKCS_PSS, CKM_RSA_PKCS};
    struct sr_card c = card(1, SR_CARD_TOKEN, "a", "A");
    struct sr_key key;

    sr_objects_forget_all();
    CK_OBJECT_HANDLE any = note(c, 1, 0);
    c.handle = 2;
    c.mechanisms = (struct sr_bytes){sizeof(list), (unsigned char *)list};
    CK_OBJECT_HANDLE two = note(c, 1, 0);
    CU_ASSERT_EQUAL(sr_objects_key(any, SLOT, CKM_ECDSA, &key), CKR_OK);
    CU_ASSERT_TRUE(key.allowed);
    CU_ASSERT_EQUAL(key.signature_max, 256);
    CU_ASSERT_EQUAL(sr_objects_key(two, SLOT, CKM_RSA_PKCS, &key), CKR_OK);
    CU_ASSERT_TRUE(key.allowed);
    CU_ASSERT_EQUAL(sr_objects_key(two, SLOT, CKM_ECDSA, &key), CKR_OK);
    CU_ASSERT_FALSE(key.allowed);
    CU_ASSERT_EQUAL(sr_objects_key(99999, SLOT, CKM_ECDSA, &key), CKR_OBJECT_HANDLE_INVALID);
}

CU_TestInfo shim_objects_tests[] = {
    {"an object keeps its handle", an_object_keeps_its_handle},
    {"a changed object keeps its handle", a_changed_object_keeps_its_handle},
    {"what cannot be told apart gets a new handle", what_cannot_be_told_apart_gets_a_new_handle},
    {"a number that the daemon uses again is another object",
     a_number_that_the_daemon_uses_again_is_another_object},
    {"a token object is restored from its card", a_token_object_is_restored_from_its_card},
    {"a session object goes with its generation or session",
     a_session_object_goes_with_its_generation_or_session},
    {"what is no card is an error", what_is_no_card_is_an_error},
    {"a key allows what its list says", a_key_allows_what_its_list_says},
    CU_TEST_INFO_NULL,
};
