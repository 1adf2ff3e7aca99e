/* SPDX-License-Identifier: Apache-2.0 */
#include "login.h"
#include "provider.h"
#include "token.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#define FILE_PREFIX "file:"
#define LABEL_SIZE 33
#define LOGIN_MS 5000 /* for a token that other processes log in to */

static struct sr_pin *copy_pin(const struct sr_pin *pin)
{
    return sr_pin_new(pin->value, pin->length);
}

static bool same_pin(const struct sr_pin *a, const struct sr_pin *b)
{
    return a != NULL && b != NULL && a->length == b->length &&
           CRYPTO_memcmp(a->value, b->value, a->length) == 0;
}

static struct sr_pin *read_pin(const struct sr_token *token, const char *path)
{
    struct sr_why why = {.text = ""};
    if (strncmp(path, FILE_PREFIX, strlen(FILE_PREFIX)) == 0)
        path += strlen(FILE_PREFIX);
    struct sr_pin *pin = sr_pin_read(path, &why);
    if (pin == NULL)
        sr_error(token->prov, SR_R_LOGIN, "%s", why.text);
    return pin;
}

static struct sr_pin *ask_pin(const struct sr_token *token, const char *label,
                              const struct sr_pin_source *source)
{
    char info[128];
    char answer[SR_PIN_MAX + 1];
    size_t length = 0;
    struct sr_pin *pin = NULL;
    (void)snprintf(info, sizeof(info), "PKCS#11 Token (Slot %lu - %s)", token->slot, label);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, info, 0),
        OSSL_PARAM_construct_end(),
    };
    if (source->ask(answer, sizeof(answer), &length, params, source->ask_arg) && length > 0 &&
        length <= SR_PIN_MAX)
        pin = sr_pin_new(answer, length);
    OPENSSL_cleanse(answer, sizeof(answer));
    if (pin == NULL)
        sr_error(token->prov, SR_R_LOGIN, "no PIN was given for the token \"%s\"", label);
    return pin;
}

/* The PIN to use, to be freed; NULL with an error raised. */
static struct sr_pin *choose_pin(const struct sr_token *token, const char *label,
                                 const struct sr_pin_source *source)
{
    static const struct sr_pin_source nothing;
    const struct sr_config *config = &token->prov->config;
    if (source == NULL)
        source = &nothing;
    if (source->value != NULL && strlen(source->value) > SR_PIN_MAX) {
        sr_error(token->prov, SR_R_LOGIN, "the URI's pin-value is longer than %d bytes", SR_PIN_MAX);
        return NULL;
    }
    if (source->value != NULL)
        return sr_pin_new(source->value, strlen(source->value));
    if (source->source != NULL)
        return read_pin(token, source->source);
    if (token->login.accepted != NULL)
        return copy_pin(token->login.accepted);
    if (config->pin != NULL)
        return copy_pin(config->pin);
    if (config->pin_file != NULL)
        return read_pin(token, config->pin_file);
    if (source->ask != NULL)
        return ask_pin(token, label, source);
    sr_error(
        token->prov, SR_R_LOGIN,
        "the token \"%s\" wants a PIN, and none is configured: set pkcs11-module-token-pin = file:PATH in "
        "openssl.cnf, or pin-source=file:PATH in the URI's query",
        label);
    return NULL;
}

/* Is a try safe? A token that is about to lock itself is left to its owner. */
static bool may_try(const struct sr_token *token, const CK_TOKEN_INFO *info, const char *label,
                    const struct sr_pin *pin)
{
    if (info->flags & CKF_USER_PIN_LOCKED) {
        sr_error(token->prov, SR_R_LOGIN,
                 "the user PIN of the token \"%s\" is locked: unlock it with the security officer's PIN",
                 label);
        return false;
    }
    if (info->flags & CKF_USER_PIN_FINAL_TRY) {
        sr_error(
            token->prov, SR_R_LOGIN,
            "the token \"%s\" allows one more try before it locks its user PIN, which is left to you: log in "
            "once with its own tool",
            label);
        return false;
    }
    if (same_pin(pin, token->login.refused)) {
        sr_error(
            token->prov, SR_R_LOGIN,
            "the token \"%s\" refused this PIN before, and it is not tried again: correct it and restart the "
            "program",
            label);
        return false;
    }
    return true;
}

/* While another process logs in, SoftHSM rewrites its token's file, and this process finds it empty or half
 * written for a moment, and may keep what it found until it is started anew. The failures that this causes
 * are worth another try; a refused PIN never is. */
static bool transient(CK_RV rv)
{
    return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_USER_PIN_NOT_INITIALIZED ||
           rv == CKR_TOKEN_NOT_RECOGNIZED || rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_SLOT_ID_INVALID;
}

static CK_RV call_login(struct sr_token *token, CK_FUNCTION_LIST *f, const struct sr_pin *pin)
{
    CK_UTF8CHAR *value = pin != NULL ? (CK_UTF8CHAR *)pin->value : NULL;
    CK_ULONG length = pin != NULL ? pin->length : 0;
    CK_RV rv = f->C_Login(token->home, CKU_USER, value, length);
    long long until = 0;
    /* strongroomd, which owns its tokens alone, has no such moments. */
    while (token->prov->access.module.explain == NULL && transient(rv) &&
           sr_token_try_again(&until, LOGIN_MS)) {
        rv = sr_token_reopen(token, f);
        if (rv == CKR_OK)
            rv = f->C_Login(token->home, CKU_USER, value, length);
    }
    return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

static void login_failed(struct sr_token *token, const char *label, CK_RV rv)
{
    struct sr_why why;
    const char *reason = sr_access_explain(token->prov, rv, &why);
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID)
        sr_error(
            token->prov, SR_R_LOGIN,
            "the token \"%s\" refused the PIN (%s): correct pkcs11-module-token-pin in openssl.cnf, the PIN "
            "file, or the URI's query",
            label, reason);
    else if (rv == CKR_PIN_LOCKED)
        sr_error(token->prov, SR_R_LOGIN,
                 "the user PIN of the token \"%s\" is locked: unlock it with the security officer's PIN",
                 label);
    else
        sr_error(token->prov, SR_R_LOGIN, "the login to the token \"%s\" failed: %s", label, reason);
}

bool sr_login(struct sr_token *token, CK_FUNCTION_LIST *f, const struct sr_pin_source *source)
{
    struct sr_login *login = &token->login;
    struct sr_pin *pin = NULL;
    CK_TOKEN_INFO info;
    char label[LABEL_SIZE];

    if (login->done || token->prov->config.login == SR_LOGIN_NEVER)
        return true;
    sr_token_label(token, label, sizeof(label));
    CK_RV rv = f->C_GetTokenInfo(token->slot, &info);
    if (rv != CKR_OK)
        info = token->info;
    if (!(info.flags & CKF_LOGIN_REQUIRED) && token->prov->config.login == SR_LOGIN_AUTO)
        return true;
    login->wanted = true;
    if (!(info.flags & CKF_PROTECTED_AUTHENTICATION_PATH)) {
        pin = choose_pin(token, label, source);
        if (pin == NULL)
            return false;
    }
    bool ok = may_try(token, &info, label, pin);
    if (ok) {
        rv = call_login(token, f, pin);
        ok = rv == CKR_OK;
        if (!ok)
            login_failed(token, label, rv);
        if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID) {
            sr_pin_free(login->refused);
            login->refused = pin;
            return false;
        }
    }
    if (ok) {
        login->done = true;
        sr_pin_free(login->accepted);
        login->accepted = pin;
    } else {
        sr_pin_free(pin);
    }
    return ok;
}

CK_RV sr_login_context_specific(struct sr_token *token, CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session)
{
    struct sr_pin *pin = token->login.accepted;
    return f->C_Login(session, CKU_CONTEXT_SPECIFIC, pin != NULL ? (CK_UTF8CHAR *)pin->value : NULL,
                      pin != NULL ? pin->length : 0);
}

void sr_login_free(struct sr_login *login)
{
    sr_pin_free(login->accepted);
    sr_pin_free(login->refused);
    login->accepted = NULL;
    login->refused = NULL;
}
