/* What the two halves say to each other: one row per call, one structure per direction.
 *
 * A further call is a value here, its two structures, a row in calls.c, and a handler in the daemon.
 * A reply's body is the return value (integer), a text that explains a failure (byte string, mostly empty),
 * and after CKR_OK the reply structure.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_CALLS_H
#define STRONGROOM_WIRE_CALLS_H

#include "wire/message.h"

/* The versions of this wire that this build speaks. The hello itself never changes. */
#ifndef SR_WIRE_MIN
#define SR_WIRE_MIN 1
#define SR_WIRE_MAX 1
#endif

#define SR_CLIENT_ID 16

enum sr_call {
    SR_CALL_HELLO = 1,
    SR_CALL_STATUS,
    SR_CALL_SLOTS,
    SR_CALL_SLOT_INFO,
    SR_CALL_TOKEN_INFO,
    SR_CALL_MECHANISMS,
    SR_CALL_OPEN_SESSION,
    SR_CALL_CLOSE_SESSION,
    SR_CALL_SESSION_INFO,
    SR_CALL_LOGIN,
    SR_CALL_LOGOUT,
    SR_CALL_FIND,
    SR_CALL_FIND_MORE,
    SR_CALL_RESTORE,
    SR_CALL_READ_ATTRIBUTES,
    SR_CALL_GENERATE_KEY_PAIR,
    SR_CALL_DESTROY,
    SR_CALL_SIGN,
    SR_CALL_SIGN_INIT,
    SR_CALL_SIGN_UPDATE,
    SR_CALL_SIGN_FINAL,
    SR_CALL_RANDOM,
    SR_CALLS /* one more than the last */
};

enum sr_right { SR_RIGHT_NONE, SR_RIGHT_USE, SR_RIGHT_MANAGE };

struct sr_call_row {
    const char *name;
    enum sr_right right; /* what the caller needs */
    bool repeatable;     /* the client may send it again when no answer came */
    bool slow;           /* may take a token a minute (RSA keys) */
    const struct sr_field *request;
    const struct sr_field *reply;
};

/* The row of CALL, or NULL where there is no such call. */
const struct sr_call_row *sr_call_row(uint32_t call);

/* A structure that has no fields. */
struct sr_nothing {
    CK_ULONG unused;
};

/* The first message on every connection. Frozen: every version of the wire reads and writes exactly this. */
struct sr_hello_request {
    CK_ULONG version_min;
    CK_ULONG version_max;
    CK_ULONG abi;           /* SR_ABI */
    struct sr_bytes client; /* SR_CLIENT_ID bytes to join that client, or none to be a new one */
};
struct sr_hello_reply {
    CK_ULONG version; /* the one to speak: the highest that both know */
    CK_ULONG joined;  /* 1: the client asked for; 0: a new one, which knows no sessions and handles */
    struct sr_bytes client;
};

/* Structures cross as they lie in memory, so both sides must agree on them; 32-bit programs are refused. */
#define SR_ABI ((CK_ULONG)(sizeof(CK_ULONG) << 8 | sizeof(void *)))

struct sr_status_reply {
    struct sr_bytes text; /* lines for people, "name: value" */
};

struct sr_slot_request {
    CK_SLOT_ID slot;
};
struct sr_bytes_reply {
    struct sr_bytes data; /* SLOTS: CK_SLOT_ID[]; SLOT_INFO: a CK_SLOT_INFO; TOKEN_INFO: a CK_TOKEN_INFO;
                             MECHANISMS: struct sr_mechanism_entry[]; SESSION_INFO: a CK_SESSION_INFO;
                             SIGN, SIGN_FINAL: the signature; RANDOM: the bytes */
};
struct sr_mechanism_entry {
    CK_MECHANISM_TYPE type;
    CK_MECHANISM_INFO info;
};

struct sr_open_session_request {
    CK_SLOT_ID slot;
    CK_FLAGS flags;
};
struct sr_session {
    CK_SESSION_HANDLE session; /* OPEN_SESSION's reply; the request of CLOSE_SESSION, SESSION_INFO, LOGOUT,
                                  FIND_MORE, SIGN_FINAL */
};

struct sr_login_request {
    CK_SESSION_HANDLE session;
    CK_USER_TYPE user;
    struct sr_bytes pin;
};

struct sr_find_request {
    CK_SESSION_HANDLE session;
    struct sr_template template;
};
struct sr_find_reply {
    CK_ULONG count;
    CK_ULONG more;         /* 1: FIND_MORE has the next ones */
    struct sr_bytes cards; /* COUNT cards, see card.h */
};

struct sr_restore_request {
    CK_SLOT_ID slot;
    struct sr_bytes card; /* one card, as the daemon gave it */
};
struct sr_object {
    CK_SESSION_HANDLE session; /* 0 in RESTORE's reply */
    CK_OBJECT_HANDLE object;
};

struct sr_read_request {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;
    struct sr_bytes types; /* CK_ATTRIBUTE_TYPE[], at most SR_TEMPLATE_MAX */
};
struct sr_read_reply {
    CK_RV status; /* what C_GetAttributeValue said of them: CKR_OK, or one that leaves the others valid */
    struct sr_template values;
};

struct sr_generate_request {
    CK_SESSION_HANDLE session;
    struct sr_mechanism mechanism;
    struct sr_template public;
    struct sr_template private;
};

struct sr_sign_request { /* SIGN and SIGN_INIT; SIGN_INIT's data is the first part */
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    struct sr_mechanism mechanism;
    struct sr_bytes data;
};
struct sr_part_request { /* SIGN_UPDATE */
    CK_SESSION_HANDLE session;
    struct sr_bytes data;
};

struct sr_random_request {
    CK_SESSION_HANDLE session;
    CK_ULONG length; /* bytes, at most SR_RANDOM_MAX */
};
#define SR_RANDOM_MAX 65536

/* Data that one SIGN or one part may carry; a longer message goes in parts. */
#define SR_DATA_MAX ((size_t)256 << 10)

#endif
