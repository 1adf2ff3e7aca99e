/* The public C API of libstrongroom: what an application asks of strongroomd besides Cryptoki's operations.
 *
 * No key, and no handle to one, comes through here. Every function returns a result code; where that is not
 * STRONGROOM_OK, the caller's struct strongroom_error says in one line what went wrong with which thing, and
 * what to do. Any error argument may be NULL.
 *
 * Threads: one handle may be used by several threads, whose calls then follow one another. Fork: a child
 * process opens a handle of its own; strongroomd refuses requests of a process that did not open the
 * connection.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_STRONGROOM_H
#define STRONGROOM_STRONGROOM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum strongroom_result {
    STRONGROOM_OK,
    STRONGROOM_INVALID,   /* an argument that can never be right */
    STRONGROOM_ABSENT,    /* no daemon listens at the socket, or the connection broke: it may come back */
    STRONGROOM_TIMEOUT,   /* the daemon does not answer in time */
    STRONGROOM_REFUSED,   /* not admitted, or not allowed to do this */
    STRONGROOM_NOT_FOUND, /* no such token, family or version; the key of a value is missing */
    STRONGROOM_EXISTS,    /* a key or family of that name is there already */
    STRONGROOM_CONFLICT,  /* the state of things forbids it: not due, the current version */
    STRONGROOM_BAD,      /* a signature, JWT, value or part of a backup that is not good; the text says why */
    STRONGROOM_TAMPERED, /* the daemon's registry was changed behind its back */
    STRONGROOM_FAILED,   /* the token or the disk could not do it */
    STRONGROOM_NO_MEMORY,
    STRONGROOM_WRONG_KEY, /* the key, or the family, is not the one that it was made with */
};

struct strongroom_error {
    char text[512]; /* one line, without a line feed; "" after STRONGROOM_OK */
};

/* A connection to strongroomd. */
typedef struct strongroom strongroom;

/* Connects to the Unix socket at PATH. PATH may be NULL: then the environment variable STRONGROOM_SOCKET
 * names it (not in set-user-ID programs), and without that it is /run/strongroom/socket. *HANDLE is to be
 * closed with strongroom_close; it is NULL on failure. A connection that breaks later is made anew by the
 * next call. */
enum strongroom_result strongroom_open(const char *path, strongroom **handle, struct strongroom_error *error);

/* Disconnects and frees. HANDLE may be NULL. No other thread may be using it. */
void strongroom_close(strongroom *handle);

/* What the daemon says of itself, its tokens and the caller's right: lines for people, "name: value", each
 * ended by a line feed. *TEXT is to be freed with free(). */
enum strongroom_result strongroom_status(strongroom *handle, char **text, struct strongroom_error *error);

/* May a user do that with a key? */
struct strongroom_policy_question {
    const char *user;      /* a name or a number */
    const char *operation; /* "find", "sign", ...: strongroomd.conf(5) lists them */
    const char *uri;       /* the key, as a pkcs11: URI */
    const char *socket;    /* the name of the socket's section; NULL: on any socket */
    const char *mechanism; /* "CKM_ECDSA", or a number; NULL: with whichever */
};

/* *ALLOWED is 1 where strongroomd would allow it, and *REASON says by which line of its configuration; else
 * 0, and why not. *REASON is to be freed with free(); it is NULL on failure. */
enum strongroom_result strongroom_policy_test(strongroom *handle,
                                              const struct strongroom_policy_question *question, int *allowed,
                                              char **reason, struct strongroom_error *error);

/* The last line of the audit log: its file's name, its number there, its chain value, the time, and the
 * signature of the token's key over them, as one JSON object. Kept elsewhere, it shows later whether the log
 * still has that line: strongroom-audit(1). STRONGROOM_CONFLICT where the daemon keeps no log. *JSON is to be
 * freed with free(). */
enum strongroom_result strongroom_audit_tip(strongroom *handle, char **json, struct strongroom_error *error);

/* What a pkcs11: URI says of a token. */
struct strongroom_token {
    unsigned long slot;
    char label[33];
};

/* The token labelled LABEL, or, where LABEL is NULL, the only one that the daemon has. STRONGROOM_NOT_FOUND
 * where there is none, or where one would have to be chosen; the error then names those that there are. */
enum strongroom_result strongroom_token(strongroom *handle, const char *label, struct strongroom_token *token,
                                        struct strongroom_error *error);

#define STRONGROOM_ID_SIZE 16

/* The names of the key types that strongroom_key_generate makes ("rsa:2048", "ec:P-256", ...). The array is
 * static and ends with NULL. */
const char *const *strongroom_key_types(void);

/* Makes a key pair for signing in TOKEN: both halves labelled LABEL (1 to 255 bytes), with one CKA_ID, the
 * private half sensitive and never extractable. The random id is written to ID. A token takes up to a minute
 * for an RSA key. STRONGROOM_EXISTS, and nothing is made, where TOKEN has a private or public key of that
 * label. */
enum strongroom_result strongroom_key_generate(strongroom *handle, const struct strongroom_token *token,
                                               const char *label, const char *type,
                                               unsigned char id[STRONGROOM_ID_SIZE],
                                               struct strongroom_error *error);

/* Families of keys: a role and a name, "session:web", with numbered versions. The keys stay in the token; a
 * client names a family and gets answers. Strings that are given back are to be freed with free(). */

/* Makes a family with its first version. ROTATE: seconds that a version is current for, 0 for ever; GRACE:
 * seconds that it stays good for after that. */
enum strongroom_result strongroom_family_create(strongroom *handle, const char *family, long long rotate,
                                                long long grace, struct strongroom_error *error);

enum {
    STRONGROOM_FORCE = 1,   /* also where it is not due; also where something would be lost */
    STRONGROOM_DRY_RUN = 2, /* only say what would be */
};

/* Makes a new version. STRONGROOM_CONFLICT where it is not due, unless FLAGS has STRONGROOM_FORCE. SEEN is
 * the version that the caller takes for the current one, 0 for any: where there is a newer one already,
 * nothing is done. *VERSION is the current version afterwards. */
enum strongroom_result strongroom_family_rotate(strongroom *handle, const char *family, unsigned long seen,
                                                unsigned flags, unsigned long *version,
                                                struct strongroom_error *error);

/* The current version is compromised: a new one now, the old one refused from this moment. The keys of a
 * session family are destroyed; those of another one only rewrap from then on. *VERSION is the new one. */
enum strongroom_result strongroom_family_revoke(strongroom *handle, const char *family,
                                                unsigned long *version, struct strongroom_error *error);

/* Destroys the keys of an old version. STRONGROOM_CONFLICT where the daemon knows of data that would be lost
 * with them, unless FLAGS has STRONGROOM_FORCE. */
enum strongroom_result strongroom_family_destroy(strongroom *handle, const char *family,
                                                 unsigned long version, unsigned flags,
                                                 struct strongroom_error *error);

/* What there is, as JSON; strongroom-family(1) describes the fields. FAMILY may be NULL for the history of
 * all. */
enum strongroom_result strongroom_family_list(strongroom *handle, char **json,
                                              struct strongroom_error *error);
enum strongroom_result strongroom_family_show(strongroom *handle, const char *family, char **json,
                                              struct strongroom_error *error);
enum strongroom_result strongroom_family_history(strongroom *handle, const char *family, char **json,
                                                 struct strongroom_error *error);

/* The registry, in which strongroomd writes down what there is of families: not the keys, which are in the
 * token. strongroom-registry(1) has the whole story, and describes the JSON. */

/* Writes a backup of it to FD, which may be a pipe, while strongroomd goes on. *SIZE is its length. What
 * stands in FD is a backup only after STRONGROOM_OK. */
enum strongroom_result strongroom_registry_backup(strongroom *handle, int fd, unsigned long *size,
                                                  struct strongroom_error *error);

/* Puts the backup that FD gives, to its end, in the registry's place: afterwards it has the old content or
 * the new one, whole. STRONGROOM_TAMPERED where strongroomd did not write it so with this token;
 * STRONGROOM_CONFLICT where there are families, unless FLAGS has STRONGROOM_FORCE. */
enum strongroom_result strongroom_registry_restore(strongroom *handle, int fd, unsigned flags, char **json,
                                                   struct strongroom_error *error);

/* Adds to it the families and versions that the token has keys of and it does not know. */
enum strongroom_result strongroom_registry_rebuild(strongroom *handle, char **json,
                                                   struct strongroom_error *error);

/* Which of the jobs the token can do, as JSON; strongroom(1) describes it. */
enum strongroom_result strongroom_token_check(strongroom *handle, char **json,
                                              struct strongroom_error *error);

/* Session keys. PURPOSE: 1 to 32 characters of a-z, 0-9, "_" and "-"; a signature for one purpose is none for
 * another. DATA: at most 256 KiB. */
enum strongroom_result strongroom_session_sign(strongroom *handle, const char *family, const char *purpose,
                                               const void *data, size_t length, char **signature,
                                               struct strongroom_error *error);
/* STRONGROOM_OK: the signature is good; STRONGROOM_BAD: it is not. */
enum strongroom_result strongroom_session_verify(strongroom *handle, const char *family, const char *purpose,
                                                 const void *data, size_t length, const char *signature,
                                                 struct strongroom_error *error);

/* JWTs. ALG: "HS256" or "HS512"; CLAIMS: a JSON object. */
enum strongroom_result strongroom_jwt_sign(strongroom *handle, const char *family, const char *alg,
                                           const char *claims, char **jwt, struct strongroom_error *error);
/* *CLAIMS is the payload of a JWT that is good, else NULL. */
enum strongroom_result strongroom_jwt_verify(strongroom *handle, const char *family, const char *jwt,
                                             char **claims, struct strongroom_error *error);

/* Second factors: one-time passwords by the time (TOTP, RFC 6238) of the users of a family totp:NAME. A user
 * is named by 1 to 255 bytes of UTF-8 without control characters. */

/* What applications call an entry, and how its codes are made. */
struct strongroom_totp_entry {
    const char *user;
    const char *issuer;
    const char *account;   /* NULL: the user */
    const char *algorithm; /* "SHA1", "SHA256" or "SHA512"; NULL: SHA1 */
    unsigned digits;       /* 6 to 8; 0: 6 */
    unsigned period;       /* seconds, 1 to 86400; 0: 30 */
};

/* Enrols the user with a new random seed. *URI is "otpauth://totp/...", for an application to read; it has
 * the seed in it, is shown this once, and is to be freed with strongroom_free_secret. STRONGROOM_EXISTS where
 * the user has a seed already, unless FLAGS has STRONGROOM_REPLACE. */
enum {
    STRONGROOM_REPLACE = 4,
};
enum strongroom_result strongroom_totp_enrol(strongroom *handle, const char *family,
                                             const struct strongroom_totp_entry *entry, unsigned flags,
                                             char **uri, struct strongroom_error *error);

/* Cleanses and frees. SECRET may be NULL. */
void strongroom_free_secret(char *secret);

/* A seed that a user has already. */
struct strongroom_totp_seed {
    const char *user;
    const char *secret;    /* 16 to 128 bytes in base32, both cases, white space, "-" and "=" do not count */
    const char *algorithm; /* as above */
    unsigned digits;
    unsigned period;
};
#define STRONGROOM_TOTP_BATCH 500

/* Imports up to STRONGROOM_TOTP_BATCH seeds; those of users that have one already are left out. The others,
 * of those that can be, come in together or not at all; FLAGS STRONGROOM_DRY_RUN: none does, and the report
 * is the same. *REPORT is a JSON array of {"user", "result", "reason"}, one for each seed: "imported",
 * "existing" or "bad", and why; to be freed with free(). */
enum strongroom_result strongroom_totp_import(strongroom *handle, const char *family,
                                              const struct strongroom_totp_seed *seeds, size_t count,
                                              unsigned flags, char **report, struct strongroom_error *error);

/* STRONGROOM_OK: the code is accepted, and will not be again. STRONGROOM_BAD: it is refused; the error says
 * whether it is no code at all, wrong, used already, or whether the user has to wait. Anything else: it could
 * not be decided. */
enum strongroom_result strongroom_totp_verify(strongroom *handle, const char *family, const char *user,
                                              const char *code, struct strongroom_error *error);

/* Two codes that follow one another say how far off the user's clock is. Results as above. */
enum strongroom_result strongroom_totp_resync(strongroom *handle, const char *family, const char *user,
                                              const char *first, const char *second,
                                              struct strongroom_error *error);

/* Users behind AFTER (NULL: from the first on), by name, up to LIMIT (at most STRONGROOM_TOTP_BATCH), as
 * JSON: an array, empty behind the last; strongroom-totp(1) describes the fields. */
enum strongroom_result strongroom_totp_list(strongroom *handle, const char *family, const char *after,
                                            size_t limit, char **json, struct strongroom_error *error);

enum strongroom_result strongroom_totp_remove(strongroom *handle, const char *family, const char *user,
                                              struct strongroom_error *error);

/* Wraps up to LIMIT seeds that are under older versions with the current one. *LEFT is how many remain. The
 * daemon does that by itself as well, little by little. */
enum strongroom_result strongroom_totp_rewrap(strongroom *handle, const char *family, size_t limit,
                                              size_t *moved, size_t *left, struct strongroom_error *error);

/* Data keys: values of at most 256 KiB, encrypted in the token (AES-256-GCM) and bound to their family, its
 * version and a CONTEXT of at most 64 KiB, which says what the value is ("users/4711/iban") and has to be
 * given again. Keys and values have two forms, text ("srk1...", "srd1...") and binary; either is read.
 * docs/data-format.md has both byte by byte. What is given back has a zero behind it, which LENGTH does not
 * count, and is to be freed with free(). */

enum { STRONGROOM_BINARY = 1 }; /* give keys and values in their binary form */

/* How; NULL for a family's own key, all versions, and text. */
struct strongroom_data_options {
    const void *key; /* a wrapped key from strongroom_data_new_key; NULL: the family's own */
    size_t key_length;
    unsigned long min_version; /* what is of an older version is STRONGROOM_BAD; 0: nothing is */
    unsigned flags;            /* STRONGROOM_BINARY */
};

/* A key of the caller's own, for one tenant or row, wrapped by the family's: to be kept beside what it
 * protects. The daemon does not keep it. */
enum strongroom_result strongroom_data_new_key(strongroom *handle, const char *family, unsigned flags,
                                               void **key, size_t *length, struct strongroom_error *error);

/* Without a key of the caller's own: under the family's current one. STRONGROOM_CONFLICT where the key has
 * protected 2^32 values. */
enum strongroom_result strongroom_data_encrypt(strongroom *handle, const char *family,
                                               const struct strongroom_data_options *options,
                                               const void *context, size_t context_length, const void *data,
                                               size_t length, void **value, size_t *value_length,
                                               struct strongroom_error *error);

/* STRONGROOM_BAD: the value is damaged, or was made for another context, or its version is refused;
 * STRONGROOM_WRONG_KEY: the key that was given is not the value's, or the value is another family's;
 * STRONGROOM_NOT_FOUND: its key is missing, or was destroyed. */
enum strongroom_result strongroom_data_decrypt(strongroom *handle, const char *family,
                                               const struct strongroom_data_options *options,
                                               const void *context, size_t context_length, const void *value,
                                               size_t value_length, void **data, size_t *length,
                                               struct strongroom_error *error);

/* Brings a key or a value (with its context) to the family's current version, in the form that it has. What
 * is of it already stays as it is. The plaintext does not leave the daemon. Options as for decrypting: a
 * value under a key of the caller's own goes over to the family's. */
enum strongroom_result strongroom_data_rewrap(strongroom *handle, const char *family,
                                              const struct strongroom_data_options *options,
                                              const void *context, size_t context_length, const void *old,
                                              size_t old_length, void **fresh, size_t *fresh_length,
                                              struct strongroom_error *error);

/* Many at once, in few messages. */
struct strongroom_data_item {
    const void *context;
    size_t context_length;
    const void *data;
    size_t length;
    enum strongroom_result result; /* from here on: set by the call */
    void *out; /* after STRONGROOM_OK what it became, else one line that says why; NULL where there is no
                  memory for it. To be freed with free(). */
    size_t out_length;
};

/* STRONGROOM_OK where every item has a result of its own, good or not. Else the first failure that was none
 * of an item alone (there is no daemon, no permission); the items that it kept from being done have it as
 * their result. OUT is to be freed in either case. */
enum strongroom_result strongroom_data_encrypt_many(strongroom *handle, const char *family,
                                                    const struct strongroom_data_options *options,
                                                    struct strongroom_data_item *items, size_t count,
                                                    struct strongroom_error *error);
enum strongroom_result strongroom_data_decrypt_many(strongroom *handle, const char *family,
                                                    const struct strongroom_data_options *options,
                                                    struct strongroom_data_item *items, size_t count,
                                                    struct strongroom_error *error);
enum strongroom_result strongroom_data_rewrap_many(strongroom *handle, const char *family,
                                                   const struct strongroom_data_options *options,
                                                   struct strongroom_data_item *items, size_t count,
                                                   struct strongroom_error *error);

/* The keys of a family that the daemon knows, as JSON; strongroom-data(1) describes the fields. */
enum strongroom_result strongroom_data_list(strongroom *handle, const char *family, char **json,
                                            struct strongroom_error *error);

/* Backups, which go from one descriptor to another in chunks; both may be pipes, and memory stays the same
 * however much there is. docs/backup-format.md describes the file. For the length of a function the handle
 * is its. Where one fails, what it has written is to be thrown away: whole chunks of what was good, and no
 * byte of one that was not. Results: STRONGROOM_BAD for a chunk that is damaged, missing or not in its place,
 * or no backup at all; STRONGROOM_WRONG_KEY for a header that is damaged or made with another token's key;
 * STRONGROOM_NOT_FOUND for a family or version that is not there any more, or was revoked. */

struct strongroom_backup_options { /* zeros: the defaults */
    size_t chunk_size;             /* of a new backup: a power of two, 4 KiB to 4 MiB; 0: 1 MiB */
    void (*progress)(void *argument, unsigned long long bytes); /* of the input, so far; may be NULL */
    void *argument;
};

/* Encrypts what IN has, to its end, under the family's current version. OPTIONS may be NULL, here and below.
 * After STRONGROOM_OK the daemon knows of the backup, so it should be on the disk by then: where it is a
 * file, it is fsynced. */
enum strongroom_result strongroom_backup_encrypt(strongroom *handle, const char *family, int in, int out,
                                                 const struct strongroom_backup_options *options,
                                                 struct strongroom_error *error);

enum strongroom_result strongroom_backup_decrypt(strongroom *handle, int in, int out,
                                                 const struct strongroom_backup_options *options,
                                                 struct strongroom_error *error);

/* The bytes FROM to TO, both included, from 0; what is behind the end is left out. IN is a regular file that
 * begins with the header; nothing but the chunks that are needed is read. STRONGROOM_INVALID where FROM is
 * behind the end. */
enum strongroom_result strongroom_backup_decrypt_range(strongroom *handle, int in, int out,
                                                       unsigned long long from, unsigned long long to,
                                                       const struct strongroom_backup_options *options,
                                                       struct strongroom_error *error);

/* Does the same as decrypt, and gives nothing out. */
enum strongroom_result strongroom_backup_verify(strongroom *handle, int in,
                                                const struct strongroom_backup_options *options,
                                                struct strongroom_error *error);

/* What the header says, as JSON; strongroom-backup(1) describes the fields. HANDLE may be NULL: then, and
 * where the daemon cannot, nobody has checked it. */
enum strongroom_result strongroom_backup_info(strongroom *handle, int in, char **json,
                                              struct strongroom_error *error);

/* Brings a file to its family's current version: only the header changes, in place. FD is a regular file,
 * open for reading and writing. It can be read whenever this is interrupted. *CHANGED (may be NULL): 0 where
 * it was there already. */
enum strongroom_result strongroom_backup_rewrap(strongroom *handle, int fd, int *changed,
                                                struct strongroom_error *error);

/* The backups that the daemon knows of, of one family or (NULL) of all, as JSON; and one that is no more, by
 * its file's id. */
enum strongroom_result strongroom_backup_list(strongroom *handle, const char *family, char **json,
                                              struct strongroom_error *error);
enum strongroom_result strongroom_backup_forget(strongroom *handle, const char *family, const char *file,
                                                struct strongroom_error *error);

#ifdef __cplusplus
}
#endif
#endif
