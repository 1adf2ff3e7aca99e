/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"
#include "cryptoki/token.h"
#include "provider.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LABEL_SIZE 33
#define LOOK_MS 1000 /* for a token that is not there */

static bool is_blank(const CK_TOKEN_INFO *info)
{
    char serial[sizeof(info->serialNumber) + 1];
    sr_unpad(info->serialNumber, sizeof(info->serialNumber), serial, sizeof(serial));
    return serial[0] == '\0';
}

/* A token is what its label, manufacturer, model and serial number say; the other fields change. SoftHSM may
 * show a token without its serial number while another process writes its file: that says nothing then. */
static bool same_token(const CK_TOKEN_INFO *a, const CK_TOKEN_INFO *b)
{
    return memcmp(a->label, b->label, sizeof(a->label)) == 0 &&
           memcmp(a->manufacturerID, b->manufacturerID, sizeof(a->manufacturerID)) == 0 &&
           memcmp(a->model, b->model, sizeof(a->model)) == 0 &&
           (is_blank(a) || is_blank(b) ||
            memcmp(a->serialNumber, b->serialNumber, sizeof(a->serialNumber)) == 0);
}

static bool is_the_token(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg)
{
    (void)slot;
    return same_token(info, arg);
}

static void forget(struct sr_token *token)
{
    token->attached = false;
    token->slot_known = false;
    token->idle_count = 0;
    token->login.done = false;
    token->epoch++;
}

/* Closing is all that can be done with a session that is not wanted; a lost one says so, which is fine. */
static void detach(struct sr_token *token, CK_FUNCTION_LIST *f)
{
    for (size_t i = 0; i < token->idle_count; i++)
        (void)f->C_CloseSession(token->idle[i]);
    if (token->attached)
        (void)f->C_CloseSession(token->home);
    forget(token);
}

static CK_RV open_session(struct sr_token *token, CK_FUNCTION_LIST *f, CK_SESSION_HANDLE *session)
{
    return f->C_OpenSession(token->slot, CKF_SERIAL_SESSION, NULL, NULL, session);
}

static bool any_attached(const struct sr_provider *p)
{
    const struct sr_token *token = p->access.tokens;
    while (token != NULL && !token->attached)
        token = token->next;
    return token != NULL;
}

/* Starts the module anew if it is ours and none of its tokens is in use; leaves it as it is otherwise. */
static CK_RV restart(struct sr_provider *p)
{
    if (any_attached(p))
        return CKR_OK;
    sr_tokens_forget(p->access.tokens);
    CK_RV rv = sr_module_restart(&p->access.module, NULL);
    return rv == CKR_CANT_LOCK ? CKR_OK : rv;
}

/* The token that MATCH chooses. While another process logs in, SoftHSM's files of the token are empty for a
 * moment, and it looks at them once, in C_Initialize: so it is started anew, and asked again for up to a
 * second. strongroomd answers for its tokens at once. */
static CK_RV look(struct sr_provider *p, sr_token_match match, const void *arg, bool retry, CK_SLOT_ID *slot,
                  CK_TOKEN_INFO *info)
{
    struct sr_module *module = &p->access.module;
    CK_RV rv = sr_token_find(module->f, match, arg, false, slot, info);
    long long until = 0;
    while (retry && module->explain == NULL && rv == CKR_TOKEN_NOT_PRESENT &&
           sr_token_try_again(&until, LOOK_MS)) {
        rv = restart(p);
        if (rv == CKR_OK)
            rv = sr_token_find(module->f, match, arg, false, slot, info);
    }
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED)
        sr_access_lost(p);
    return rv;
}

/* Finds the token's slot and opens the home session. */
static CK_RV open_home(struct sr_token *token, CK_FUNCTION_LIST *f)
{
    CK_TOKEN_INFO info;
    CK_RV rv = CKR_OK;
    if (!token->slot_known) {
        rv = look(token->prov, is_the_token, &token->info, true, &token->slot, &info);
        if (rv == CKR_OK)
            token->info = info;
    }
    if (rv == CKR_OK)
        rv = open_session(token, f, &token->home);
    token->attached = rv == CKR_OK;
    token->slot_known = token->attached;
    return rv;
}

/* The home session, with the login that it had. */
static bool attach(struct sr_token *token, CK_FUNCTION_LIST *f)
{
    if (token->attached)
        return true;
    CK_RV rv = open_home(token, f);
    if (rv != CKR_OK) {
        struct sr_why why;
        char label[LABEL_SIZE];
        sr_token_label(token, label, sizeof(label));
        sr_error(token->prov, SR_R_TOKEN, "the token \"%s\" cannot be opened: %s", label,
                 sr_access_explain(token->prov, rv, &why));
        return false;
    }
    if (token->login.wanted && !sr_login(token, f, NULL)) {
        if (token->attached)
            detach(token, f);
        return false;
    }
    return true;
}

CK_RV sr_token_reopen(struct sr_token *token, CK_FUNCTION_LIST *f)
{
    detach(token, f);
    CK_RV rv = restart(token->prov);
    return rv == CKR_OK ? open_home(token, f) : rv;
}

bool sr_token_try_again(long long *until, long ms)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    long long now = (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    if (*until == 0)
        *until = now + ms;
    if (now >= *until)
        return false;
    t = (struct timespec){.tv_nsec = (20 + (getpid() * 13LL + now) % 60) * 1000000};
    (void)nanosleep(&t, NULL);
    return true;
}

static struct sr_token *get(struct sr_provider *p, const CK_TOKEN_INFO *info)
{
    struct sr_access *access = &p->access;
    struct sr_token *token = access->tokens;
    while (token != NULL && !same_token(&token->info, info))
        token = token->next;
    if (token == NULL && (token = calloc(1, sizeof(*token))) != NULL) {
        token->prov = p;
        token->info = *info;
        token->next = access->tokens;
        access->tokens = token;
    }
    return token;
}

CK_RV sr_token_seek(struct sr_provider *p, sr_token_match match, const void *arg, bool retry,
                    struct sr_token **token)
{
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    (void)pthread_mutex_lock(&p->access.lock);
    CK_RV rv = look(p, match, arg, retry, &slot, &info);
    *token = rv == CKR_OK ? get(p, &info) : NULL;
    if (rv == CKR_OK && *token == NULL)
        rv = CKR_HOST_MEMORY;
    if (rv == CKR_OK && !(*token)->attached) {
        (*token)->slot = slot;
        (*token)->slot_known = true;
    }
    (void)pthread_mutex_unlock(&p->access.lock);
    return rv;
}

void sr_token_label(const struct sr_token *token, char *out, size_t size)
{
    sr_unpad(token->info.label, sizeof(token->info.label), out, size);
}

bool sr_token_login(struct sr_token *token, const struct sr_pin_source *source, bool *fresh)
{
    CK_FUNCTION_LIST *f = sr_access_enter(token->prov);
    if (f == NULL)
        return false;
    (void)pthread_mutex_lock(&token->prov->access.lock);
    bool before = token->login.done;
    bool ok = attach(token, f) && sr_login(token, f, source);
    *fresh = ok && token->login.done && !before;
    (void)pthread_mutex_unlock(&token->prov->access.lock);
    return ok;
}

bool sr_session_take(struct sr_token *token, struct sr_session *session)
{
    struct sr_provider *p = token->prov;
    CK_RV rv = CKR_OK;
    session->token = token;
    session->f = sr_access_enter(p);
    if (session->f == NULL)
        return false;
    (void)pthread_mutex_lock(&p->access.lock);
    bool ok = attach(token, session->f);
    if (ok) {
        session->epoch = token->epoch;
        if (token->idle_count > 0)
            session->handle = token->idle[--token->idle_count];
        else
            rv = open_session(token, session->f, &session->handle);
        if (sr_session_lost(rv)) { /* the home session is gone as well: once more, from the start */
            detach(token, session->f);
            ok = attach(token, session->f);
            session->epoch = token->epoch;
            rv = ok ? open_session(token, session->f, &session->handle) : CKR_OK;
        }
    }
    (void)pthread_mutex_unlock(&p->access.lock);
    if (ok && rv != CKR_OK) {
        struct sr_why why;
        char label[LABEL_SIZE];
        sr_token_label(token, label, sizeof(label));
        sr_error(p, SR_R_TOKEN, "no session with the token \"%s\": %s", label,
                 sr_access_explain(p, rv, &why));
    }
    return ok && rv == CKR_OK;
}

void sr_session_give(struct sr_session *session, CK_RV rv)
{
    struct sr_token *token = session->token;
    struct sr_provider *p = token->prov;
    (void)pthread_mutex_lock(&p->access.lock);
    bool current = token->epoch == session->epoch;
    if (current && rv == CKR_OK && token->idle_count < SR_IDLE_MAX)
        token->idle[token->idle_count++] = session->handle;
    else
        (void)session->f->C_CloseSession(session->handle);
    if (current && sr_session_lost(rv))
        detach(token, session->f);
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED)
        sr_access_lost(p);
    (void)pthread_mutex_unlock(&p->access.lock);
}

bool sr_session_lost(CK_RV rv)
{
    switch (rv) {
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_DEVICE_REMOVED:
    case CKR_SESSION_CLOSED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SLOT_ID_INVALID:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_USER_NOT_LOGGED_IN:
        return true;
    default:
        return false;
    }
}

void sr_tokens_forget(struct sr_token *tokens)
{
    for (; tokens != NULL; tokens = tokens->next)
        forget(tokens);
}

void sr_tokens_free(struct sr_token *tokens, CK_FUNCTION_LIST *f)
{
    while (tokens != NULL) {
        struct sr_token *next = tokens->next;
        if (f != NULL)
            detach(tokens, f);
        sr_login_free(&tokens->login);
        free(tokens);
        tokens = next;
    }
}
