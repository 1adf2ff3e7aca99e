/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recover.h"
#include "cryptoki/names.h"
#include "daemon/events.h"
#include "daemon/object_again.h"
#include "wire/channel.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define QUIET_MS 1000 /* for calls at work to end */
#define PATIENCE_MS 2000
#define AGAIN_MS 1000
#define RESTART_MAX_MS 16000

static _Thread_local struct sr_token *met; /* NULL: none */
static _Thread_local struct sr_token *met_absent;
static _Thread_local bool met_lost_object;

/* The open tokens. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sr_token *list[SR_LIST_MAX];

/* For the tokens that share a module which is not initialised any more: the first one does it for all. */
static pthread_mutex_t restart_lock = PTHREAD_MUTEX_INITIALIZER;

void sr_recover_register(struct sr_token *token)
{
    (void)pthread_mutex_lock(&list_lock);
    list[token->config->slot] = token;
    (void)pthread_mutex_unlock(&list_lock);
}

void sr_recover_unregister(struct sr_token *token)
{
    (void)pthread_mutex_lock(&list_lock);
    if (list[token->config->slot] == token)
        list[token->config->slot] = NULL;
    (void)pthread_mutex_unlock(&list_lock);
}

static bool module_is_shared(const struct sr_token *token)
{
    bool shared = false;
    (void)pthread_mutex_lock(&list_lock);
    for (size_t i = 0; i < SR_LIST_MAX; i++)
        shared = shared || (list[i] != NULL && list[i] != token && list[i]->module.f == token->module.f);
    (void)pthread_mutex_unlock(&list_lock);
    return shared;
}

void sr_recover_begin(void)
{
    met = met_absent = NULL;
    met_lost_object = false;
}

void sr_recover_note_lost_object(void)
{
    met_lost_object = true;
}

bool sr_recover_met_lost_object(void)
{
    return met_lost_object;
}

bool sr_recover_met(void)
{
    return met != NULL;
}

void sr_recover_finish(void)
{
    struct sr_token *token = met;
    if (token != NULL)
        sr_recover_settle(token);
}

void sr_recover_settle(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    (void)sr_recover_ready(token, true);
    (void)pthread_mutex_unlock(&token->lock);
}

bool sr_recover_suspects(CK_RV rv)
{
    return rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED || rv == CKR_TOKEN_NOT_PRESENT ||
           rv == CKR_TOKEN_NOT_RECOGNIZED || rv == CKR_DEVICE_REMOVED || rv == CKR_DEVICE_ERROR ||
           rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_CRYPTOKI_NOT_INITIALIZED || rv == CKR_SLOT_ID_INVALID;
}

/* It may as well say something else. */
static bool hints(CK_RV rv)
{
    return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_KEY_HANDLE_INVALID ||
           rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_OPERATION_NOT_INITIALIZED;
}

/* Is the login there, and the token? */
static CK_RV probe(const struct sr_token *token)
{
    CK_FUNCTION_LIST *f = token->module.f;
    CK_SESSION_INFO session = {0};
    CK_SLOT_INFO slot = {0};

    CK_RV rv = f->C_GetSessionInfo(token->keeper, &session);
    if (rv != CKR_OK)
        return rv;
    if ((token->info.flags & CKF_LOGIN_REQUIRED) && !token->unset && session.state != CKS_RW_USER_FUNCTIONS)
        return CKR_USER_NOT_LOGGED_IN;
    rv = f->C_GetSlotInfo(token->slot, &slot);
    return rv == CKR_OK && !(slot.flags & CKF_TOKEN_PRESENT) ? CKR_TOKEN_NOT_PRESENT : rv;
}

static void set_away(struct sr_token *token, CK_RV rv)
{
    (void)pthread_mutex_lock(&token->lock);
    bool news = !token->recovery.away;
    if (news) {
        token->recovery.away = true;
        sr_why_set(&token->recovery.why, "its sessions were lost (%s)", sr_rv_name(rv));
        sr_log(SR_LOG_WARNING, "token \"%s\" (%s): %s; strongroomd looks for it again", token->config->label,
               token->module.path, token->recovery.why.text);
        /* They wait for sessions that are no more. */
        (void)pthread_cond_broadcast(&token->returned);
        (void)pthread_cond_broadcast(&token->loan_ended);
    }
    (void)pthread_mutex_unlock(&token->lock);
}

bool sr_recover_probe(struct sr_token *token)
{
    CK_RV rv = probe(token);
    if (rv != CKR_OK) {
        met = token;
        set_away(token, rv);
    }
    return rv == CKR_OK;
}

void sr_recover_check(struct sr_token *token, CK_RV rv)
{
    if (sr_recover_suspects(rv))
        met = token;
    else if (!hints(rv))
        return;
    (void)sr_recover_probe(token);
}

bool sr_recover_wait_on(struct sr_token *token, pthread_cond_t *condition, long long until)
{
    struct timespec t = {.tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000L};
    return pthread_cond_timedwait(condition, &token->lock, &t) == 0 || sr_now_ms() < until;
}

bool sr_recover_wait(struct sr_token *token, long long until)
{
    token->recovery.waiting++;
    bool in_time = sr_recover_wait_on(token, &token->recovery.changed, until);
    token->recovery.waiting--;
    return in_time;
}

static CK_RV restart_alone(struct sr_token *token, struct sr_why *why)
{
    CK_RV rv = sr_module_restart(&token->module, why);
    if (rv == CKR_OK)
        token->recovery.pin_changed = false;
    return rv;
}

/* The module once more from the beginning: one that lost its way to the device, or whose slots were fixed
 * when it was initialised, does not find the token otherwise. Not where other tokens' sessions would go. */
static bool restart(struct sr_token *token, CK_RV reason, struct sr_why *why)
{
    struct sr_recovery *r = &token->recovery;
    long long now = sr_now_ms();
    CK_INFO info;

    if (reason != CKR_CRYPTOKI_NOT_INITIALIZED && now < r->restart_ms)
        return false;
    r->restart_wait_ms = r->restart_wait_ms == 0 ? AGAIN_MS : r->restart_wait_ms * 2;
    if (r->restart_wait_ms > RESTART_MAX_MS)
        r->restart_wait_ms = RESTART_MAX_MS;
    r->restart_ms = now + r->restart_wait_ms;
    if (!module_is_shared(token))
        return restart_alone(token, why) == CKR_OK;
    /* Where it is not initialised, no other token of it has sessions either. */
    (void)pthread_mutex_lock(&restart_lock);
    bool done = token->module.f->C_GetInfo(&info) == CKR_CRYPTOKI_NOT_INITIALIZED &&
                sr_module_restart(&token->module, why) == CKR_OK;
    (void)pthread_mutex_unlock(&restart_lock);
    return done;
}

/* SoftHSM knows the PIN of the time when it was initialised. */
static CK_RV find(struct sr_token *token, struct sr_why *why)
{
    if (token->recovery.pin_changed && !module_is_shared(token))
        (void)restart_alone(token, why);
    CK_RV rv = sr_token_find_labelled(token, false, why);
    if (rv != CKR_OK && restart(token, rv, why))
        rv = sr_token_find_labelled(token, false, why);
    return rv;
}

static bool refuses_pin(CK_RV rv)
{
    return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE ||
           rv == CKR_PIN_EXPIRED || rv == CKR_PIN_LOCKED;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

struct sr_pin *sr_recover_read_pin(struct sr_token *token, struct sr_why *why)
{
    struct stat file = {0};
    (void)stat(token->config->pin_file, &file); /* before it is read: it may change meanwhile */
    token->recovery.pin_at = file.st_mtim;
    return sr_pin_read(token->config->pin_file, why);
}

static bool pin_is_stale(const struct sr_token *token)
{
    struct stat now;
    return stat(token->config->pin_file, &now) == 0 && !same_time(&now.st_mtim, &token->recovery.pin_at);
}

/* The PIN, where it may be tried. A file that was written since is read anew: the PIN was changed. */
static CK_RV ready_pin(struct sr_token *token, struct sr_why *why)
{
    struct sr_recovery *r = &token->recovery;

    if (pin_is_stale(token)) {
        struct sr_pin *pin = sr_recover_read_pin(token, why);
        if (pin == NULL)
            return CKR_PIN_INCORRECT;
        (void)pthread_mutex_lock(&token->lock);
        struct sr_pin *old = token->pin;
        token->pin = pin;
        (void)pthread_mutex_unlock(&token->lock);
        sr_pin_free(old);
    } else if (r->refused) {
        *why = r->why;
        return CKR_PIN_INCORRECT;
    }
    if (token->info.flags & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)) {
        sr_why_set(why,
                   "its PIN is locked or has one try left after wrong ones: strongroomd does not try; log in "
                   "with the right one by the token's own tools");
        return CKR_PIN_LOCKED;
    }
    return CKR_OK;
}

static CK_RV log_in(struct sr_token *token, struct sr_why *why)
{
    CK_RV rv = ready_pin(token, why);
    if (rv != CKR_OK)
        return rv;
    rv = sr_token_login(token, false, why);
    token->recovery.refused = refuses_pin(rv);
    if (token->recovery.refused && token->recovery.pin_changed) {
        sr_why_set(
            why,
            "the token \"%s\" refuses its PIN, which was changed while strongroomd ran; its module, which "
            "serves other tokens as well, may know the new one after a restart of strongroomd only",
            token->config->label);
    } else if (token->recovery.refused) {
        size_t length = strlen(why->text);
        (void)snprintf(why->text + length, sizeof(why->text) - length,
                       "; it is not tried again until the PIN file was changed");
    }
    return rv;
}

/* Finds the token and makes it live again, alone: no call is at work in it. */
static CK_RV revive(struct sr_token *token, struct sr_why *why)
{
    struct sr_recovery *r = &token->recovery;
    CK_FUNCTION_LIST *f = token->module.f;

    sr_objects_lose(token);
    if (r->lost != NULL)
        r->lost(r->arg);
    sr_token_drop_sessions(token);
    (void)f->C_CloseAllSessions(token->slot);
    CK_RV rv = find(token, why);
    if (rv == CKR_OK)
        rv = log_in(token, why);
    if (rv == CKR_OK && r->found != NULL && !r->found(r->arg, why))
        rv = CKR_DEVICE_ERROR;
    if (rv == CKR_OK)
        sr_facts_learn(&token->facts, f, token->slot);
    else
        (void)f->C_CloseAllSessions(token->slot);
    return rv;
}

static void came_back(struct sr_token *token)
{
    struct sr_recovery *r = &token->recovery;
    r->away = false;
    r->life++;
    r->restart_ms = r->restart_wait_ms = 0;
    if (r->gone)
        sr_event_note(token->config->slot);
    r->gone = false;
    sr_log(SR_LOG_INFO, "token \"%s\" (%s): %s", token->config->label, token->module.path,
           token->unset ? "it has no user PIN, so nobody is logged in" : "logged in again");
    (void)pthread_cond_broadcast(&token->returned);
}

static void stays_away(struct sr_token *token, const struct sr_why *why)
{
    struct sr_recovery *r = &token->recovery;
    if (why->text[0] != '\0' && strcmp(why->text, r->why.text) != 0) {
        sr_log(SR_LOG_WARNING, "token \"%s\" (%s) is away: %s", token->config->label, token->module.path,
               why->text);
        r->why = *why;
    }
    r->next_ms = sr_now_ms() + AGAIN_MS;
    if (!r->gone)
        sr_event_note(token->config->slot);
    r->gone = true;
}

/* With the lock held. A call that hangs keeps the token in its old life: what it is given back to must still
 * be there. */
static bool quiet(struct sr_token *token)
{
    long long until = sr_now_ms() + QUIET_MS;
    while (token->recovery.in_use > 0)
        if (!sr_recover_wait(token, until))
            return false;
    return true;
}

/* With the lock held, which it gives up meanwhile. */
static void recover(struct sr_token *token)
{
    struct sr_recovery *r = &token->recovery;
    struct sr_why why = {""};

    r->at_work = true;
    r->began_ms = sr_now_ms();
    if (quiet(token)) {
        (void)pthread_mutex_unlock(&token->lock);
        CK_RV rv = revive(token, &why);
        (void)pthread_mutex_lock(&token->lock);
        if (rv == CKR_OK)
            came_back(token);
        else
            stays_away(token, &why);
    } else {
        sr_why_set(&why, "%zu calls in it do not end", r->in_use);
        stays_away(token, &why);
    }
    r->at_work = false;
    (void)pthread_cond_broadcast(&r->changed);
}

CK_RV sr_recover_anew(struct sr_token *token, struct sr_why *why)
{
    CK_RV rv = restart_alone(token, why);
    if (rv == CKR_CANT_LOCK)
        sr_why_set(why, "the token \"%s\" is seen as it is now after a restart of strongroomd",
                   token->config->label);
    if (rv == CKR_OK)
        rv = revive(token, why);
    (void)pthread_mutex_lock(&token->lock);
    if (rv == CKR_OK) {
        came_back(token);
    } else {
        token->recovery.away = true;
        stays_away(token, why);
    }
    (void)pthread_mutex_unlock(&token->lock);
    return rv;
}

void sr_recover_new_pin(struct sr_token *token)
{
    struct stat file = {0};
    (void)stat(token->config->pin_file, &file);
    token->recovery.pin_at = file.st_mtim;
    token->recovery.refused = false;
    token->recovery.pin_changed = true;
}

/* Gives the token up for this call. */
static CK_RV absent(struct sr_token *token)
{
    met_absent = token;
    return CKR_TOKEN_NOT_PRESENT;
}

CK_RV sr_recover_ready(struct sr_token *token, bool wait)
{
    struct sr_recovery *r = &token->recovery;
    while (r->away) {
        if (!wait || token->shut)
            return CKR_TOKEN_NOT_PRESENT;
        if (r->at_work) {
            if (!sr_recover_wait(token, r->began_ms + PATIENCE_MS))
                return absent(token);
        } else if (sr_now_ms() < r->next_ms) {
            return absent(token);
        } else {
            recover(token);
        }
        met = token;
    }
    return CKR_OK;
}

const char *sr_recover_met_absent(struct sr_why *why)
{
    struct sr_token *token = met_absent;
    if (token == NULL)
        return NULL;
    (void)pthread_mutex_lock(&token->lock);
    *why = token->recovery.why;
    (void)pthread_mutex_unlock(&token->lock);
    return token->config->label;
}

void sr_recover_absent(struct sr_token *token, const struct sr_why *why)
{
    struct sr_recovery *r = &token->recovery;
    r->away = true;
    r->gone = true;
    r->next_ms = sr_now_ms() + AGAIN_MS;
    r->why = *why;
    sr_log(SR_LOG_WARNING, "token \"%s\" (%s) is away, and served as soon as it is there: %s",
           token->config->label, token->module.path, why->text);
}

bool sr_recover_gone(struct sr_token *token, struct sr_why *why)
{
    (void)pthread_mutex_lock(&token->lock);
    bool gone = token->recovery.gone;
    if (gone && why != NULL)
        *why = token->recovery.why;
    (void)pthread_mutex_unlock(&token->lock);
    return gone;
}

unsigned long sr_recover_life(struct sr_token *token)
{
    (void)pthread_mutex_lock(&token->lock);
    unsigned long life = token->recovery.life;
    (void)pthread_mutex_unlock(&token->lock);
    return life;
}
