/* What the handlers share that make objects: a client's template as the custody rules want it, a session to
 * make the object in, and the answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_MAKE_H
#define STRONGROOM_DAEMON_MAKE_H

#include "daemon/custody.h"
#include "daemon/work.h"

struct sr_making {
    CK_SESSION_HANDLE session; /* the client's */
    struct sr_session_view view;
    struct sr_token *token;
    bool on_token;          /* what is made is a token object */
    CK_SESSION_HANDLE real; /* to make it in; after sr_make_open */
};

/* The client's session. */
CK_RV sr_make_begin(struct sr_work *work, CK_SESSION_HANDLE session, struct sr_making *making);

/* The template without what stands in it twice; a refusal where that is contradictory, or claims what only
 * the security officer may say (CKA_TRUSTED). */
CK_RV sr_make_draft(struct sr_work *work, const struct sr_template *template, struct sr_draft *draft);

/* Custody rules 1 and 2 for a private or secret key that DRAFT describes. */
CK_RV sr_make_key(struct sr_work *work, struct sr_draft *draft, CK_OBJECT_CLASS class, CK_KEY_TYPE type,
                  bool may_wrap);

/* What a key prescribes for those that it unwraps or derives. */
struct sr_demands {
    CK_ATTRIBUTE a[SR_NESTED_MAX];
    size_t n;
};

/* The draft of what OPERATION makes with KEY: the client's template and what KEY demands by its
 * CKA_UNWRAP_TEMPLATE or CKA_DERIVE_TEMPLATE. CKR_TEMPLATE_INCONSISTENT where they contradict each other, or
 * a refusal: what is made has to be permitted as it will be, demands included. */
CK_RV sr_make_with(struct sr_work *work, struct sr_making *making, enum sr_operation operation,
                   struct sr_token_object *key, const struct sr_make_request *request,
                   struct sr_demands *demands, struct sr_draft *draft);

/* A key that is cut short can be searched, and then the next bytes of the same value with a longer one: RV.
 */
CK_RV sr_make_long(struct sr_work *work, const struct sr_draft *draft, CK_RV rv);

/* Do the demands still stand after the rules? CKR_TEMPLATE_INCONSISTENT where one of them had to give way. */
CK_RV sr_make_demands_met(struct sr_work *work, const struct sr_demands *demands, struct sr_draft *draft);

/* A real session for what the N drafts say: a read/write one for token objects, the keeper for session
 * objects, which die with the real session that made them. CKR_SESSION_READ_ONLY, CKR_USER_NOT_LOGGED_IN. To
 * be ended with sr_make_end after CKR_OK. */
CK_RV sr_make_open(struct sr_making *making, struct sr_draft *const *drafts, size_t n);

/* Ends it: where RV is CKR_OK, the N objects of HANDLES are the client's now, and their cards are in REPLY.
 * Else, or on failure, they do not exist. VERB is for the log. */
CK_RV sr_make_end(struct sr_work *work, struct sr_making *making, CK_RV rv, const char *verb,
                  const CK_OBJECT_HANDLE *handles, size_t n, struct sr_find_reply *reply);

/* Says in the log what the rules made of TEMPLATE. */
void sr_make_say(struct sr_work *work, const struct sr_draft *draft, const struct sr_template *template);

/* Reads an attribute that is a template into INNER (room for SR_NESTED_MAX); *N is 0 where the object has
 * none. The values are in scratch memory. */
CK_RV sr_read_template(struct sr_work *work, const struct sr_token_object *object, CK_SESSION_HANDLE real,
                       CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE *inner, size_t *n);

#endif
