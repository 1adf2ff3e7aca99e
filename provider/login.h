/* Logging in to a token: which PIN, and when not to try.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_LOGIN_H
#define STRONGROOM_PROVIDER_LOGIN_H

#include "cryptoki/cryptoki.h"
#include "cryptoki/pin.h"

#include <openssl/core.h>
#include <stdbool.h>

struct sr_token;

/* Where a PIN may come from, in this order: the URI (RFC 7512 pin-value, pin-source), what was accepted
 * before in this process, the configuration, the application's passphrase callback. All may be NULL. */
struct sr_pin_source {
    const char *value;
    const char *source; /* "file:PATH", or PATH */
    OSSL_PASSPHRASE_CALLBACK *ask;
    void *ask_arg;
};

/* What a token remembers of its logins. The accepted PIN is kept in locked memory, because a forked child
 * (a server's worker that can no longer read the PIN file) has to log in again. */
struct sr_login {
    bool wanted; /* somebody asked for private objects */
    bool done;
    struct sr_pin *accepted;
    struct sr_pin *refused; /* is not tried again: three wrong tries lock most tokens */
};

/* With the access lock held and the token's home session open: logs in unless that is done, or not needed.
 * False with an error raised. */
bool sr_login(struct sr_token *token, CK_FUNCTION_LIST *f, const struct sr_pin_source *source);

/* C_Login for one operation of a key with CKA_ALWAYS_AUTHENTICATE, on the session that signs; with the access
 * lock held. */
CK_RV sr_login_context_specific(struct sr_token *token, CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session);

/* Cleanses and frees the PINs. */
void sr_login_free(struct sr_login *login);

#endif
