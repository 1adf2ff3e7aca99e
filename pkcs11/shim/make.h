/* Calls that make one object, or change it, and answer with its card.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_MAKE_H
#define STRONGROOM_SHIM_MAKE_H

#include "shim/session.h"

struct sr_making {
    enum sr_call call;
    struct sr_make_request request; /* all but session and object is set by the caller */
    CK_OBJECT_HANDLE from;          /* the application's handle that goes to request.object; 0: none */
    CK_OBJECT_HANDLE *other;        /* in the mechanism's parameter, the application's; NULL: none */
};

/* Makes it in SESSION and gives the object its handle, in MADE. For SR_CALL_CHANGE, which makes none, MADE is
 * not used: what is known of FROM is renewed. On failure the explanation is set. */
CK_RV sr_make(CK_SESSION_HANDLE session, struct sr_making *making, CK_OBJECT_HANDLE *made);

/* C_WrapKey, C_UnwrapKey and C_DeriveKey have return values of their own for a handle that is none: INVALID,
 * where HANDLE is no object of the session's slot. */
CK_RV sr_make_check(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_RV invalid);

#endif
