/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that are begun ahead, on a SoftHSM token of which the daemon may have one session only: whatever
 * keeps it shows at once. */
#include "daemon/ahead.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct sr_token token;
static CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};

static void open_token(char *label)
{
    struct sr_module m;
    CK_SESSION_HANDLE session;
    struct sr_why why = {""};
    char *pin_file = strdup(unit_file("pin", UNIT_PIN "\n"));
    static struct sr_token_config config = {.name = "token", .module = SOFTHSM_MODULE, .max_sessions = 1};

    CU_ASSERT_PTR_NOT_NULL_FATAL(pin_file);
    CU_ASSERT_EQUAL(chmod(pin_file, 0600), 0);
    config.label = label;
    unit_token(&m, label, &session);
    sr_module_close(&m);
    config.pin_file = pin_file;
    CU_ASSERT_EQUAL_FATAL(sr_token_open(&token, &config, &why), CKR_OK);
    free(pin_file);
}

/* A new P-256 key, and a signature with it as the daemon makes one. */
static struct sr_token_object *new_key(struct sr_ahead *ahead)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public[] = {{CKA_EC_PARAMS, p256, sizeof(p256)}, {CKA_TOKEN, &yes, sizeof(yes)}};
    CK_ATTRIBUTE private[] = {{CKA_SIGN, &yes, sizeof(yes)}, {CKA_TOKEN, &yes, sizeof(yes)}};
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE half;
    CK_OBJECT_HANDLE real;
    CK_OBJECT_HANDLE key;
    struct sr_token_object *object;

    CU_ASSERT_EQUAL_FATAL(sr_token_borrow(&token, &session), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(
        token.module.f->C_GenerateKeyPair(session, &generate, public, 2, private, 2, &half, &real), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(sr_object_get(&token, session, real, &object), CKR_OK);
    CU_ASSERT_EQUAL_FATAL(sr_object_key(object, session, &key), CKR_OK);
    CU_ASSERT_NOT_EQUAL(key, real); /* the session copy */
    sr_token_return(&token, session, CKR_OK);
    sr_ahead_expect(ahead, object, &ecdsa, key);
    return object;
}

static bool session_is_idle(void)
{
    CK_SESSION_HANDLE session;
    bool idle = sr_token_borrow_idle(&token, &session);
    if (idle)
        sr_token_return(&token, session, CKR_OK);
    return idle;
}

static CK_RV sign(CK_SESSION_HANDLE session)
{
    CK_BYTE digest[32] = {1};
    CK_BYTE signature[64];
    CK_ULONG length = sizeof(signature);
    return token.module.f->C_Sign(session, digest, sizeof(digest), signature, &length);
}

static void what_was_begun_is_used(void)
{
    struct sr_ahead ahead = {0};
    CK_SESSION_HANDLE real;

    open_token("used");
    sr_ahead_begin(&ahead); /* nothing is expected */
    CU_ASSERT_FALSE(ahead.begun);
    struct sr_token_object *object = new_key(&ahead);
    CU_ASSERT_FALSE(sr_ahead_take(&ahead, object, &ecdsa, &real));
    for (int i = 0; i < 3; i++) {
        sr_ahead_begin(&ahead);
        CU_ASSERT_TRUE(ahead.begun);
        CU_ASSERT_FALSE(session_is_idle());
        CU_ASSERT_TRUE(sr_ahead_take(&ahead, object, &ecdsa, &real));
        CU_ASSERT_EQUAL(sign(real), CKR_OK);
        sr_token_return(&token, real, CKR_OK);
    }
    sr_ahead_forget(&ahead);
    sr_object_release(object);
    sr_token_close(&token);
}

static void what_was_begun_is_undone(void)
{
    struct sr_ahead ahead = {0};
    CK_MECHANISM other = {CKM_EDDSA, NULL, 0};
    CK_SESSION_HANDLE real;

    open_token("undone");
    struct sr_token_object *object = new_key(&ahead);
    CU_ASSERT_EQUAL_FATAL(sr_token_borrow(&token, &real), CKR_OK);
    sr_ahead_begin(&ahead); /* no session is idle: it must not wait for one */
    CU_ASSERT_FALSE(ahead.begun);
    sr_token_return(&token, real, CKR_OK);

    sr_ahead_begin(&ahead);
    sr_ahead_undo(&ahead);
    CU_ASSERT_EQUAL_FATAL(sr_token_borrow(&token, &real), CKR_OK);
    CU_ASSERT_EQUAL(sign(real), CKR_OPERATION_NOT_INITIALIZED);
    sr_token_return(&token, real, CKR_OK);

    sr_ahead_begin(&ahead);
    CU_ASSERT_TRUE(ahead.begun);
    CU_ASSERT_FALSE(sr_ahead_take(&ahead, object, &other, &real));
    CU_ASSERT_EQUAL_FATAL(sr_token_borrow(&token, &real), CKR_OK);
    sr_token_return(&token, real, CKR_OK);
    sr_object_release(object);
    sr_ahead_forget(&ahead);
    sr_token_close(&token);
}

static void a_destroyed_key_does_not_sign(void)
{
    struct sr_ahead ahead = {0};
    CK_SESSION_HANDLE real;

    open_token("destroyed");
    struct sr_token_object *object = new_key(&ahead);
    sr_ahead_begin(&ahead);
    CU_ASSERT_TRUE(ahead.begun);
    CU_ASSERT_EQUAL(sr_object_destroy(object, token.keeper), CKR_OK);
    CU_ASSERT_FALSE(sr_ahead_take(&ahead, object, &ecdsa, &real));
    sr_ahead_begin(&ahead);
    CU_ASSERT_FALSE(ahead.begun);
    sr_object_release(object);
    sr_ahead_forget(&ahead);
    sr_token_close(&token);
}

CU_TestInfo ahead_tests[] = {
    {"what was begun is used", what_was_begun_is_used},
    {"what was begun is undone", what_was_begun_is_undone},
    {"a destroyed key does not sign", a_destroyed_key_does_not_sign},
    CU_TEST_INFO_NULL,
};
