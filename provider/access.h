/* The way into Cryptoki: the module is loaded at first use, initialised again in a forked child, and left
 * alone once the process is exiting.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_ACCESS_H
#define STRONGROOM_PROVIDER_ACCESS_H

#include "cryptoki/module.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct sr_provider;
struct sr_token;

struct sr_access {
    pthread_mutex_t lock; /* guards MODULE, and all of the tokens and of the keys' handles */
    _Atomic pid_t pid;    /* the process that all of this belongs to */
    atomic_bool ready;    /* MODULE is loaded and initialised in this process */
    struct sr_module module;
    struct sr_token *tokens;
};

/* False when out of memory. */
bool sr_access_init(struct sr_access *access);

/* Every operation starts here: the module's functions, or NULL with an error raised. Not to be called with
 * the lock held. */
CK_FUNCTION_LIST *sr_access_enter(struct sr_provider *p);

/* May the module be called to tidy up? Not before it was loaded, not in a forked child that has not used it,
 * and not once the process is exiting. */
bool sr_access_usable(struct sr_provider *p);

/* With the lock held: the module says that it is not initialised (somebody else called C_Finalize). The next
 * sr_access_enter initialises it again. */
void sr_access_lost(struct sr_provider *p);

/* For messages: "CKR_X", or "CKR_X: what the module says of it". WHY is the caller's, the text is in it. */
const char *sr_access_explain(struct sr_provider *p, CK_RV rv, struct sr_why *why);

/* Ends the sessions, finalises and unloads the module. No other thread may be inside. */
void sr_access_free(struct sr_provider *p);

#endif
