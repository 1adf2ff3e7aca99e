/* A token that goes away and comes back: pulled, rebooted, its sessions lost.
 *
 * A token lives from when it is found and logged in to until its sessions are lost. Sessions and handles are
 * good for one life. That they are lost is noticed where a call failed, and once a second by the watch
 * (watch.h). Then no call is let in any more; when those at work have ended, the token is found again by its
 * label, logged in to with the PIN that it had, and lives anew. Calls that come meanwhile wait for that, for
 * a moment; while the token stays away they get CKR_TOKEN_NOT_PRESENT at once. Known objects are found again
 * when they are used next, by what they are.
 *
 * A PIN that the token refuses is not tried again before the PIN file is another one: tokens count.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_RECOVER_H
#define STRONGROOM_DAEMON_RECOVER_H

#include "daemon/token.h"

/* A call in the token returned RV, which is not CKR_OK, and is still at work in it: was that because its
 * sessions are lost? If so the token is away from now on. */
void sr_recover_check(struct sr_token *token, CK_RV rv);

/* Asks the token whether its sessions and its login are there; if not it is away from now on. The caller is
 * at work in it. One that is logged out hides its private objects and calls that no error: who goes by what
 * it does not find has to ask. */
bool sr_recover_probe(struct sr_token *token);

/* With the token's lock held, which it gives up and takes again: CKR_OK where the token is there. Where it is
 * away and WAIT, finds it again, or waits for the thread that does, for about two seconds at most; or
 * CKR_TOKEN_NOT_PRESENT. */
CK_RV sr_recover_ready(struct sr_token *token, bool wait);

/* With the lock held: waits for a change, or (the other one) for CONDITION, until the monotonic time UNTIL.
 * False when that is over. */
bool sr_recover_wait(struct sr_token *token, long long until);
bool sr_recover_wait_on(struct sr_token *token, pthread_cond_t *condition, long long until);

/* The token, which was opened with an open module, is away from the start. */
void sr_recover_absent(struct sr_token *token, const struct sr_why *why);

/* The token, which is shut and has no sessions, was changed by another process: its module is initialised
 * anew (CKR_CANT_LOCK where that cannot be), and it is found and logged in to, for a new life. Where that
 * fails, WHY says so, and it is away. */
CK_RV sr_recover_anew(struct sr_token *token, struct sr_why *why);

/* Another process has changed the PIN, and the PIN file; the token's PIN is that already. With the token's
 * lock held. */
void sr_recover_new_pin(struct sr_token *token);

/* The PIN of its file, to be read again where that was written since. NULL on failure, as sr_pin_read. */
struct sr_pin *sr_recover_read_pin(struct sr_token *token, struct sr_why *why);

/* Each open token is known here: tokens of one module share what C_Initialize and C_Finalize do. */
void sr_recover_register(struct sr_token *token);
void sr_recover_unregister(struct sr_token *token);

/* Is it away, and was not found again at once? And why (may be NULL)? */
bool sr_recover_gone(struct sr_token *token, struct sr_why *why);

/* Which life it is: steady while the caller has a session or holds the token. */
unsigned long sr_recover_life(struct sr_token *token);

/* Begins a call of this thread: forgets what it met. Then, whether it met a loss: a call that failed in a
 * token with lost sessions, or had to wait for its return, is worth doing once more. */
void sr_recover_begin(void);
bool sr_recover_met(void);

/* The label of the token that this call did not get because it is away, and why it is; NULL: there is none.
 */
const char *sr_recover_met_absent(struct sr_why *why);

/* Finds the token again that lost its sessions under this call, which is not at work in it any more. */
void sr_recover_finish(void);

/* Where the token is away, finds it again as sr_recover_ready does. The caller has no session of it. */
void sr_recover_settle(struct sr_token *token);

/* The call of this thread asked for an object that the token has lost; was it so? */
void sr_recover_note_lost_object(void);
bool sr_recover_met_lost_object(void);

/* May RV say that the token or the session is not there any more? */
bool sr_recover_suspects(CK_RV rv);

/* token.c's, for the one thread that recovers: finds the token by its label; opens the keeper and logs in.
 * STARTS: strongroomd does, and completes a change of the PIN that was interrupted. */
CK_RV sr_token_find_labelled(struct sr_token *token, bool retry, struct sr_why *why);
CK_RV sr_token_login(struct sr_token *token, bool starts, struct sr_why *why);

#endif
