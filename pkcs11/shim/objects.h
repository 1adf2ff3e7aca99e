/* The application's object handles, and what is known of each object: its card, and the daemon's handle with
 * the generation it is good for.
 *
 * An object keeps its handle: found twice, it is the same number, also when the daemon was restarted in
 * between. All functions are thread-safe; none of them talks to the daemon.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_OBJECTS_H
#define STRONGROOM_SHIM_OBJECTS_H

#include "wire/card.h"

/* Where an object is. */
struct sr_place {
    CK_OBJECT_HANDLE daemon; /* the daemon's handle; 0: to be restored from the card */
    unsigned char *card;     /* allocated, the caller frees it; NULL where daemon is set */
    size_t length;
};

/* What C_SignInit asks of a key. */
struct sr_key {
    CK_ULONG flags; /* SR_CARD_* */
    CK_OBJECT_CLASS class;
    CK_KEY_TYPE type;
    CK_ULONG signature_max;
    bool allowed; /* its CKA_ALLOWED_MECHANISMS has the mechanism */
};

/* Gives each of the N objects whose cards the daemon sent for SLOT in GENERATION its handle, in HANDLES (room
 * for N). OWNER is the application's session whose end is the end of new session objects, or 0. CKR_OK,
 * CKR_HOST_MEMORY, or CKR_DEVICE_ERROR for cards that are none, with the explanation set. */
CK_RV sr_objects_note(struct sr_bytes cards, CK_ULONG n, CK_SLOT_ID slot, unsigned long generation,
                      CK_SESSION_HANDLE owner, CK_OBJECT_HANDLE *handles);

/* How to name the object of HANDLE to the daemon in GENERATION. CKR_OBJECT_HANDLE_INVALID, with the
 * explanation set, where it is none of SLOT's, or a session object that went with its generation;
 * CKR_HOST_MEMORY. */
CK_RV sr_objects_place(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot, unsigned long generation,
                       struct sr_place *place);

/* The daemon found the object of HANDLE again: it is its DAEMON in GENERATION. */
void sr_objects_restored(CK_OBJECT_HANDLE handle, CK_OBJECT_HANDLE daemon, unsigned long generation);

/* The object of HANDLE has other attributes now: its new card, as the daemon sent it in GENERATION.
 * CKR_DEVICE_ERROR where it cannot be kept, with the explanation set. */
CK_RV sr_objects_renew(CK_OBJECT_HANDLE handle, struct sr_bytes card, unsigned long generation);

/* What is known of the key of HANDLE; CKR_OBJECT_HANDLE_INVALID as above. */
CK_RV sr_objects_key(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism,
                     struct sr_key *key);

/* HANDLE, the session objects of OWNER, or every handle is good no more. */
void sr_objects_forget(CK_OBJECT_HANDLE handle);
void sr_objects_forget_of(CK_SESSION_HANDLE owner);
void sr_objects_forget_all(void);

/* In a forked child, before anything else, one thread. */
void sr_objects_after_fork(void);

#endif
