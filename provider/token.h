/* A token in use: its sessions and its login.
 *
 * Sessions are opened when they are needed and kept for the next operation; nothing is active in a kept one.
 * One more, the home session, stays open as long as the token is used: it keeps the login (PKCS#11 v3.0 §5.6:
 * the last session's end is a logout) and owns the session copies of keys. After a fork, or when the token
 * lost its sessions, everything is opened anew, which an epoch counts: what was got in an older epoch (a
 * session, a handle) is void.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_TOKEN_H
#define STRONGROOM_PROVIDER_TOKEN_H

#include "cryptoki/cryptoki.h"
#include "cryptoki/token.h"
#include "login.h"

#include <stdbool.h>
#include <stddef.h>

#define SR_IDLE_MAX 32

struct sr_provider;

/* Guarded by the access lock; lives as long as the provider. */
struct sr_token {
    struct sr_token *next;
    struct sr_provider *prov;
    CK_TOKEN_INFO info; /* what it is: label, manufacturer, model and serial number */
    CK_SLOT_ID slot;    /* where it is, while SLOT_KNOWN */
    bool slot_known;
    bool attached; /* HOME is open */
    unsigned epoch;
    CK_SESSION_HANDLE home;
    CK_SESSION_HANDLE idle[SR_IDLE_MAX];
    size_t idle_count;
    struct sr_login login;
};

/* A borrowed session. */
struct sr_session {
    struct sr_token *token;
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE handle;
    unsigned epoch;
};

/* The first token that MATCH chooses: CKR_OK with *TOKEN, or CKR_TOKEN_NOT_PRESENT. With RETRY, looks again
 * for up to a second where the module may have missed it. After sr_access_enter. */
CK_RV sr_token_seek(struct sr_provider *p, sr_token_match match, const void *arg, bool retry,
                    struct sr_token **token);

/* The token's label, for messages. OUT holds 33 bytes. */
void sr_token_label(const struct sr_token *token, char *out, size_t size);

/* Logs in where the token and the configuration want it, with the PIN that SOURCE leads to (see login.h).
 * *FRESH: this call did it. False with an error raised. */
bool sr_token_login(struct sr_token *token, const struct sr_pin_source *source, bool *fresh);

/* With the access lock held: starts the module anew if that can be done, and opens the home session again,
 * without a login. */
CK_RV sr_token_reopen(struct sr_token *token, CK_FUNCTION_LIST *f);

/* Waits a moment before another try: true, until MS milliseconds have passed since the first call with this
 * *UNTIL, which is 0 then. Processes that were started at once wait for different times, so as not to meet
 * each time. */
bool sr_token_try_again(long long *until, long ms);

/* Borrows a session: an idle one, or a new one. False with an error raised. */
bool sr_session_take(struct sr_token *token, struct sr_session *session);

/* Gives it back. After a failure (RV) the session may be in any state and is closed; when RV says that the
 * token lost its sessions, all of them are given up and the next sr_session_take starts anew. */
void sr_session_give(struct sr_session *session, CK_RV rv);

/* Does RV mean that sessions or the login were lost, so that one more try makes sense? */
bool sr_session_lost(CK_RV rv);

/* In a forked child: forgets the parent's sessions, slots and logins without a call. */
void sr_tokens_forget(struct sr_token *tokens);

/* Closes the sessions (unless F is NULL) and frees the list. */
void sr_tokens_free(struct sr_token *tokens, CK_FUNCTION_LIST *f);

#endif
