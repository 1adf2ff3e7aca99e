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
#define SR_WIRE_MIN 3
#define SR_WIRE_MAX 3
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
    SR_CALL_GENERATE_KEY,
    SR_CALL_CREATE,
    SR_CALL_COPY,
    SR_CALL_CHANGE,
    SR_CALL_SIZE,
    SR_CALL_WRAP,
    SR_CALL_UNWRAP,
    SR_CALL_DERIVE,
    SR_CALL_OPERATE,
    SR_CALL_OPERATE_INIT,
    SR_CALL_OPERATE_UPDATE,
    SR_CALL_OPERATE_FINAL,
    SR_CALL_DIGEST_KEY,
    SR_CALL_GET_STATE,
    SR_CALL_SET_STATE,
    SR_CALL_MESSAGE_INIT,
    SR_CALL_MESSAGE,
    SR_CALL_MESSAGE_FINAL,
    SR_CALL_SEED,
    SR_CALL_SLOT_EVENT,
    SR_CALL_INIT_TOKEN,
    SR_CALL_INIT_PIN,
    SR_CALL_SET_PIN,
    SR_CALL_POLICY_TEST,
    SR_CALL_AUDIT_TIP,
    SR_CALL_RANDOM,
    SR_CALL_FAMILY_CREATE,
    SR_CALL_FAMILY_ROTATE,
    SR_CALL_FAMILY_REVOKE,
    SR_CALL_FAMILY_DESTROY,
    SR_CALL_FAMILY_LIST,
    SR_CALL_FAMILY_SHOW,
    SR_CALL_FAMILY_HISTORY,
    SR_CALL_SESSION_SIGN,
    SR_CALL_SESSION_VERIFY,
    SR_CALL_JWT_SIGN,
    SR_CALL_JWT_VERIFY,
    SR_CALL_REGISTRY_BACKUP,
    SR_CALL_REGISTRY_READ,
    SR_CALL_REGISTRY_PUT,
    SR_CALL_REGISTRY_RESTORE,
    SR_CALL_REGISTRY_REBUILD,
    SR_CALL_TOKEN_CHECK,
    SR_CALL_TOTP_ENROL,
    SR_CALL_TOTP_IMPORT,
    SR_CALL_TOTP_VERIFY,
    SR_CALL_TOTP_RESYNC,
    SR_CALL_TOTP_LIST,
    SR_CALL_TOTP_REMOVE,
    SR_CALL_TOTP_REWRAP,
    SR_CALL_DATA_NEW_KEY,
    SR_CALL_DATA_ENCRYPT,
    SR_CALL_DATA_DECRYPT,
    SR_CALL_DATA_REWRAP,
    SR_CALL_DATA_LIST,
    SR_CALL_BUFFER,
    SR_CALL_BACKUP_ENCRYPT,
    SR_CALL_BACKUP_DECRYPT,
    SR_CALL_BACKUP_VERIFY,
    SR_CALL_BACKUP_CHUNK,
    SR_CALL_BACKUP_END,
    SR_CALL_BACKUP_INFO,
    SR_CALL_BACKUP_REWRAP,
    SR_CALL_BACKUP_RECORD,
    SR_CALL_BACKUP_LIST,
    SR_CALL_BACKUP_FORGET,
    SR_CALL_PAGE,
    SR_CALLS /* one more than the last */
};

/* What a client does to a key or a token: what OPERATE and its kind are asked for, what a policy allows, what
 * the audit log says. */
enum sr_operation {
    SR_OPERATION_NONE,
    SR_OPERATION_ENCRYPT,
    SR_OPERATION_DECRYPT,
    SR_OPERATION_DIGEST,
    SR_OPERATION_SIGN,
    SR_OPERATION_SIGN_RECOVER,
    SR_OPERATION_VERIFY,
    SR_OPERATION_VERIFY_RECOVER,
    SR_OPERATION_WRAP,
    SR_OPERATION_UNWRAP,
    SR_OPERATION_DERIVE,
    SR_OPERATION_GENERATE,
    SR_OPERATION_CREATE,
    SR_OPERATION_COPY,
    SR_OPERATION_CHANGE,
    SR_OPERATION_DESTROY,
    SR_OPERATION_FIND,
    SR_OPERATION_READ,
    SR_OPERATION_RANDOM,
    SR_OPERATION_SEED,
    SR_OPERATIONS /* one more than the last */
};

/* "sign-recover"; NULL where there is no such operation. */
const char *sr_operation_name(CK_ULONG operation);

/* The other way round; SR_OPERATION_NONE where there is none of that name. */
enum sr_operation sr_operation_named(const char *name);

enum sr_right { SR_RIGHT_NONE, SR_RIGHT_USE, SR_RIGHT_MANAGE };

struct sr_call_row {
    const char *name;
    const char *permission; /* that decides of a job's call; NULL: the right does */
    enum sr_right right;    /* what the caller needs; NONE: only to be admitted */
    bool repeatable;        /* the client may send it again when no answer came */
    bool slow;              /* may take a token a minute (RSA keys) */
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
    struct sr_bytes data; /* SLOTS: struct sr_slot_entry[]; SLOT_INFO: a CK_SLOT_INFO;
                             TOKEN_INFO: a CK_TOKEN_INFO;
                             MECHANISMS: struct sr_mechanism_entry[]; SESSION_INFO: a CK_SESSION_INFO;
                             WRAP: the wrapped key; GET_STATE; RANDOM: the bytes;
                             AUDIT_TIP: text; FAMILY_LIST, FAMILY_SHOW,
                             FAMILY_HISTORY, BACKUP_LIST: JSON; SESSION_SIGN: the signature's text; JWT_SIGN:
                             the JWT; JWT_VERIFY: its claims; REGISTRY_READ: a piece; REGISTRY_RESTORE,
                             REGISTRY_REBUILD, TOKEN_CHECK: JSON; DATA_NEW_KEY: the key; DATA_ENCRYPT,
                             DATA_DECRYPT, DATA_REWRAP: the results; DATA_LIST: JSON; TOTP_ENROL: the
                             otpauth URI; TOTP_IMPORT, TOTP_LIST: JSON */
};
struct sr_slot_entry {
    CK_SLOT_ID slot;
    CK_ULONG present; /* 1: the token is there */
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
                                  FIND_MORE, GET_STATE */
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

/* GENERATE_KEY: mechanism, template. CREATE: template. COPY: object, template. CHANGE: object, template.
 * UNWRAP: object (the unwrapping key), mechanism, template, data. DERIVE: object, mechanism, template. Each
 * is answered with the object's card. */
struct sr_make_request {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;
    struct sr_mechanism mechanism;
    struct sr_template template;
    struct sr_bytes data;
};

struct sr_wrap_request {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object; /* the wrapping key */
    CK_OBJECT_HANDLE key;    /* the wrapped one */
    struct sr_mechanism mechanism;
};
struct sr_size_reply {
    CK_ULONG size;
};

/* OPERATE: one whole operation. OPERATE_INIT: begins one in parts; the data are its first part. Bulk data go
 * through the connection's buffer of shared memory (BUFFER): BULK bytes at its beginning instead of DATA. */
struct sr_operate_request {
    CK_SESSION_HANDLE session;
    CK_ULONG operation;   /* enum sr_operation: up to SR_OPERATION_VERIFY_RECOVER */
    CK_OBJECT_HANDLE key; /* 0 for a digest */
    struct sr_mechanism mechanism;
    struct sr_bytes data;
    struct sr_bytes signature; /* that is to be verified */
    CK_ULONG bulk;
    CK_ULONG flows; /* OPERATE_INIT: 1: the client fills the buffer meanwhile, see flow.h */
};
struct sr_part_request { /* OPERATE_UPDATE, OPERATE_FINAL */
    CK_SESSION_HANDLE session;
    CK_ULONG operation;
    struct sr_bytes data;
    struct sr_bytes signature; /* that is to be verified, with OPERATE_FINAL */
    CK_ULONG bulk;
    CK_ULONG flows;  /* OPERATE_UPDATE: as with OPERATE_INIT */
    CK_ULONG cancel; /* OPERATE_FINAL: 1: the client gives the operation up */
};
struct sr_operate_reply {
    struct sr_bytes data;
    CK_ULONG bulk; /* bytes of the answer in the buffer's second half, instead of DATA */
    CK_ULONG more; /* bytes of an OPERATE_FINAL that another one, without input, goes on with */
};

/* What a client may count on as a half of the connection's buffer, for one operation or part. */
#define SR_BULK_MAX ((size_t)4 << 20)

/* What stands before the token's own bytes in the state of GET_STATE and SET_STATE. */
struct sr_state_header {
    CK_ULONG operation;
    CK_MECHANISM_TYPE mechanism;
};

/* Message-based functions (PKCS#11 v3.0 §5.9 and its kin). What is particular to a message crosses as one
 * structure for all mechanisms: see message_parameter.h. */
#define SR_MESSAGE_DATA_MAX ((size_t)960 << 10)
enum sr_message_stage { SR_MESSAGE_WHOLE, SR_MESSAGE_BEGIN, SR_MESSAGE_NEXT, SR_MESSAGE_LAST };
struct sr_message_init_request {
    CK_SESSION_HANDLE session;
    CK_ULONG operation; /* ENCRYPT, DECRYPT, SIGN or VERIFY */
    CK_OBJECT_HANDLE key;
    struct sr_mechanism mechanism;
};
struct sr_message_request {
    CK_SESSION_HANDLE session;
    CK_ULONG operation;
    CK_ULONG stage;
    CK_ULONG has_parameter; /* 0: it is NULL */
    CK_ULONG data_length;
    struct sr_bytes iv;
    CK_ULONG fixed_bits;
    CK_ULONG generator;
    struct sr_bytes tag; /* of a message that is decrypted */
    CK_ULONG tag_length; /* in the unit of the mechanism's parameter */
    struct sr_bytes aad;
    struct sr_bytes data;
    struct sr_bytes signature; /* that is to be verified */
};
struct sr_message_reply {
    struct sr_bytes data; /* or the signature */
    struct sr_bytes iv;   /* as the token left them */
    struct sr_bytes tag;
};
struct sr_message_final_request {
    CK_SESSION_HANDLE session;
    CK_ULONG operation;
};

struct sr_state_request { /* SET_STATE */
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE encryption_key;
    CK_OBJECT_HANDLE authentication_key;
    struct sr_bytes state;
};

/* The client has seen the events up to SEEN, or (CK_UNAVAILABLE_INFORMATION) those before it became a client;
 * the reply comes at once. */
struct sr_event_request {
    CK_ULONG seen;
};
struct sr_event_reply {
    CK_ULONG
    last; /* what the client has seen now: the number of the event that is told, or of the last one */
    CK_SLOT_ID slot; /* of the first one after SEEN; CK_UNAVAILABLE_INFORMATION: there is none */
};

struct sr_init_token_request {
    CK_SLOT_ID slot;
    struct sr_bytes pin;
    struct sr_bytes label;
};
struct sr_pin_request { /* INIT_PIN: new alone */
    CK_SESSION_HANDLE session;
    struct sr_bytes old;
    struct sr_bytes new;
};

struct sr_policy_test_request {
    struct sr_bytes user; /* name or number */
    struct sr_bytes operation;
    struct sr_bytes uri;
    struct sr_bytes socket;    /* the name of its section; "": any */
    struct sr_bytes mechanism; /* name or number; "": whichever */
};
struct sr_policy_test_reply {
    CK_ULONG allowed;     /* 1, or 0 */
    struct sr_bytes text; /* by which line, or why not: one line */
};

struct sr_random_request {
    CK_SESSION_HANDLE session;
    CK_ULONG length; /* bytes, at most SR_RANDOM_MAX */
};
#define SR_RANDOM_MAX 65536

/* Data that one OPERATE or one part may carry inline; a longer message goes in parts. */
#define SR_DATA_MAX ((size_t)256 << 10)

/* The jobs' calls. Texts cross without a final zero. */

/* How a job ended where it was not CKR_OK: the return value is SR_CKR_JOB(code). */
enum sr_job_code {
    SR_CODE_INVALID = 1, /* an argument that can never be right */
    SR_CODE_NOT_FOUND,   /* no such family or version */
    SR_CODE_EXISTS,      /* a family of that name is there already */
    SR_CODE_REFUSED,     /* the state of things forbids it */
    SR_CODE_BAD,         /* a signature or JWT that is not good */
    SR_CODE_TAMPERED,    /* the registry was changed behind strongroomd's back */
    SR_CODE_FAILED,      /* the token or the disk could not do it */
    SR_CODE_WRONG_KEY,   /* not made with the key that it names, or what says so is damaged */
};
#define SR_CKR_JOB(code) (CKR_VENDOR_DEFINED | 0x53520000UL | (CK_RV)(code))

struct sr_create_request {
    struct sr_bytes family; /* "ROLE:NAME" */
    CK_ULONG rotate;        /* seconds that a version is current for; 0: for ever */
    CK_ULONG grace;         /* seconds that it is good for after that */
};

#define SR_ROTATE_FORCE 1UL
#define SR_ROTATE_DRY_RUN 2UL
struct sr_rotate_request {
    struct sr_bytes family;
    CK_ULONG seen;  /* the version that the client takes for the current one; 0: any */
    CK_ULONG flags; /* SR_ROTATE_FORCE, SR_ROTATE_DRY_RUN */
};
struct sr_version_reply {
    CK_ULONG version; /* the current one after FAMILY_ROTATE, FAMILY_REVOKE */
};
struct sr_family_request {
    struct sr_bytes family; /* FAMILY_REVOKE, FAMILY_SHOW; FAMILY_HISTORY, BACKUP_LIST, where "" is all */
};
#define SR_DESTROY_FORCE 1UL
struct sr_version_request { /* FAMILY_DESTROY */
    struct sr_bytes family;
    CK_ULONG version;
    CK_ULONG flags; /* SR_DESTROY_FORCE: also where the registry knows data of the version */
};

struct sr_session_request { /* SESSION_SIGN and SESSION_VERIFY, which alone has a signature */
    struct sr_bytes family;
    struct sr_bytes purpose;
    struct sr_bytes data; /* at most SR_DATA_MAX */
    struct sr_bytes signature;
};

struct sr_jwt_sign_request {
    struct sr_bytes family;
    struct sr_bytes alg;
    struct sr_bytes claims; /* a JSON object, at most SR_DATA_MAX */
};
struct sr_jwt_verify_request {
    struct sr_bytes family;
    struct sr_bytes jwt; /* at most SR_JWT_MAX */
};
/* Header, claims of SR_DATA_MAX and signature in base64. */
#define SR_JWT_MAX (2 * SR_DATA_MAX)

/* A backup of the registry crosses by pieces of at most this. */
#define SR_PIECE_MAX ((size_t)512 << 10)

struct sr_piece_request { /* REGISTRY_READ, and with DATA REGISTRY_PUT */
    CK_ULONG id;          /* REGISTRY_PUT: 0 for the first piece */
    CK_ULONG offset;
    struct sr_bytes data; /* at most SR_PIECE_MAX */
};
struct sr_backup_reply { /* REGISTRY_BACKUP; REGISTRY_PUT has the id alone */
    CK_ULONG id;
    CK_ULONG size;
};

#define SR_RESTORE_FORCE 1UL
struct sr_registry_restore_request {
    CK_ULONG id;
    CK_ULONG flags; /* SR_RESTORE_FORCE */
};

/* Second factors. Of all jobs' messages, TOTP_ENROL's reply and TOTP_IMPORT's request alone have a key in
 * them: a user's seed. */
#define SR_TOTP_REPLACE 1UL
struct sr_totp_enrol_request {
    struct sr_bytes family;
    struct sr_bytes user;
    struct sr_bytes issuer;
    struct sr_bytes account;
    struct sr_bytes algorithm;
    CK_ULONG digits;
    CK_ULONG period;
    CK_ULONG flags; /* SR_TOTP_REPLACE */
};
#define SR_TOTP_DRY_RUN 1UL
#define SR_TOTP_ROWS_MAX ((size_t)800 << 10)
struct sr_totp_import_request {
    struct sr_bytes family;
    struct sr_bytes
        rows;       /* for each user: user, secret in base32, algorithm, digits, period, separated by tabs
                       and ended by a line feed; at most SR_TOTP_ROWS_MAX bytes and SR_TOTP_BATCH rows */
    CK_ULONG flags; /* SR_TOTP_DRY_RUN */
};
struct sr_totp_request { /* TOTP_VERIFY: one code; TOTP_RESYNC: both; TOTP_REMOVE: none */
    struct sr_bytes family;
    struct sr_bytes user;
    struct sr_bytes first;
    struct sr_bytes second;
};
struct sr_totp_list_request {
    struct sr_bytes family;
    struct sr_bytes after; /* "": from the first on */
    CK_ULONG limit;
};
struct sr_totp_rewrap_request {
    struct sr_bytes family;
    CK_ULONG limit;
};
struct sr_totp_moved_reply {
    CK_ULONG moved;
    CK_ULONG left;
};

/* Data keys. ITEMS is COUNT times a context and a value, as byte strings; the reply has for each of them, in
 * their order, an integer (0 or a code of enum sr_job_code) and a byte string: the result, or why there is
 * none. Where COUNT is 1, an item without a result makes the call fail. */
#define SR_DATA_BINARY 1UL
#define SR_ITEMS_MAX 1000UL
#define SR_ITEM_WHY_MAX 240 /* bytes of an item's text */
#define SR_CONTEXT_MAX ((size_t)64 << 10)
struct sr_data_request {
    struct sr_bytes family;
    struct sr_bytes key;  /* a wrapped data key; empty: the family's own */
    CK_ULONG min_version; /* what is older is refused */
    CK_ULONG flags;       /* SR_DATA_BINARY: the form of what DATA_NEW_KEY and DATA_ENCRYPT give */
    CK_ULONG count;       /* at most SR_ITEMS_MAX; 0 for DATA_NEW_KEY */
    struct sr_bytes items;
};

/* Bulk data go through a buffer of shared memory, not the socket. BUFFER's reply comes with its descriptor: a
 * memfd whose size is sealed, of two halves, so that a client fills or empties one while the daemon works on
 * the other. A connection has one. */
struct sr_buffer_reply {
    CK_ULONG half; /* bytes */
};
#define SR_BUFFER_HALVES 2

/* A connection has one stream at a time: a backup that is begun or opened and then goes through the buffer
 * chunk by chunk. The header's form is docs/backup-format.md's. */
struct sr_backup_begin_request { /* BACKUP_ENCRYPT */
    struct sr_bytes family;
    CK_ULONG chunk_size;
};
struct sr_backup_begin_reply {
    struct sr_bytes header;
};
struct sr_backup_header_request { /* BACKUP_DECRYPT, _VERIFY, _INFO, _REWRAP, _RECORD */
    struct sr_bytes header;
};
struct sr_backup_open_reply { /* of the first two */
    CK_ULONG chunk_size;
};
struct sr_backup_chunk_request { /* the data are in that half; what they become is put in their place */
    CK_ULONG number;             /* from 0; a backup that is made counts for itself */
    CK_ULONG half;
    CK_ULONG length;
    CK_ULONG last; /* 1: the last chunk */
};
struct sr_backup_chunk_reply {
    CK_ULONG length; /* of what is in the half now; 0 of a verification */
};
struct sr_backup_end_request {
    CK_ULONG complete; /* 0: the client gives it up */
};
struct sr_backup_info_reply {
    struct sr_bytes family;
    CK_ULONG version;
    CK_ULONG slot; /* in use */
};
struct sr_backup_rewrap_reply {
    CK_ULONG slot;        /* in use so far */
    struct sr_bytes list; /* for the other slot; none where nothing is to be done */
};
struct sr_backup_forget_request {
    struct sr_bytes family;
    struct sr_bytes file; /* 32 hex digits */
};

/* The longest text that a reply carries. */
#define SR_TEXT_MAX ((size_t)1000 << 10)

#endif
