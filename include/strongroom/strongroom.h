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

#ifdef __cplusplus
extern "C" {
#endif

enum strongroom_result {
    STRONGROOM_OK,
    STRONGROOM_INVALID,   /* an argument that can never be right */
    STRONGROOM_ABSENT,    /* no daemon listens at the socket, or the connection broke: it may come back */
    STRONGROOM_TIMEOUT,   /* the daemon does not answer in time */
    STRONGROOM_REFUSED,   /* not admitted, or not allowed to do this */
    STRONGROOM_NOT_FOUND, /* no such token */
    STRONGROOM_EXISTS,    /* a key of that label is there already */
    STRONGROOM_FAILED,    /* the token could not do it */
    STRONGROOM_NO_MEMORY,
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

#ifdef __cplusplus
}
#endif
#endif
