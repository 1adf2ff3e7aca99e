/* One call to the daemon on the application's behalf, across its restarts.
 *
 * The application's session and object handles are translated into the daemon's for the connection that is
 * used; what the daemon does not know (any more) is opened and found again first. A request that got no
 * answer is sent again where its row in the table of calls says that this does no harm.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_EXCHANGE_H
#define STRONGROOM_SHIM_EXCHANGE_H

#include "shim/link.h"
#include "shim/session.h"

#define SR_EXCHANGE_OBJECTS 2

struct sr_exchange {
    enum sr_call call;
    const void *request; /* laid out as the call's row says */
    void *reply;         /* filled in after CKR_OK; may be NULL */

    /* May be NULL. Taken by the caller; its handle for the daemon goes to *session_at in the request. */
    struct sr_app_session *session;
    CK_SESSION_HANDLE *session_at;
    /* The application's handles, where objects_at are not NULL, of objects in the session's slot. */
    CK_OBJECT_HANDLE objects[SR_EXCHANGE_OBJECTS];
    CK_OBJECT_HANDLE *objects_at[SR_EXCHANGE_OBJECTS];

    struct sr_bytes bulk; /* goes to the first half of the connection's buffer; data NULL: not needed */
    /* May be NULL. Called while the daemon works: of bulk, it has the first chunk, see flow.h. */
    void (*meanwhile)(void *arg, struct sr_channel *channel);
    void *arg;

    unsigned long pinned; /* the one generation in which it makes sense; 0: any */
    bool hurry;           /* do not wait for a daemon that is away */

    struct sr_connection *connection; /* after CKR_OK; what REPLY points to lies in it */
};

/* Does it. After CKR_OK the caller takes what it needs from the reply and calls sr_exchange_end. Else the
 * explanation is set, and the return value is the daemon's or one of sr_link_take's and sr_objects_place's.
 */
CK_RV sr_exchange(struct sr_exchange *x);
void sr_exchange_end(struct sr_exchange *x);

/* For a call whose reply nobody reads. */
CK_RV sr_exchange_only(struct sr_exchange *x);

#endif
