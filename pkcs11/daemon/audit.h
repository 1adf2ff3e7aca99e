/* The audit log: a file with one JSON line for each job and each operation with a key, done or refused, each
 * chained to the one before; with signed checkpoints, and rotated. docs/audit.md has the form byte by byte.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AUDIT_H
#define STRONGROOM_DAEMON_AUDIT_H

#include "cryptoki/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sr_audit;

/* One line, but for its time and chain. A text that is NULL is null, or where it says so not there. */
struct sr_audit_entry {
    long long uid; /* -1: strongroomd, by itself */
    pid_t pid;
    const char *client; /* NULL: not there */
    const char *operation;
    bool uses_key;         /* has KEY and MECHANISM; else FAMILY and VERSION */
    const char *key;       /* a pkcs11: URI */
    const char *mechanism; /* its name, or its number */
    const char *family;
    unsigned long version; /* 0 where it is not known */
    const char *result;
    long long us;         /* how long it took */
    size_t items;         /* how many things a call for many was about; 0: it was for one, and not there */
    size_t failed;        /* how many of them had no result */
    const char *object;   /* what was made or wrapped; NULL: not there */
    const char *rule;     /* by which it was refused; NULL: not there */
    const char *template; /* what was strengthened in it; NULL: not there */
};

struct sr_audit_options {
    size_t checkpoint;      /* lines from one checkpoint to the next */
    size_t rotate;          /* bytes from which on the file is set aside; 0: never */
    bool goes_on_when_full; /* count the lines that cannot be written, instead of withholding answers */
};

#define SR_AUDIT_DIGEST 32
#define SR_AUDIT_SIGNATURE 64 /* P-256: r and s */
#define SR_AUDIT_POINT 65     /* uncompressed */

/* Who signs checkpoints. SIGN is called without any lock of the log's, by one thread at a time for
 * checkpoints and by any for tips. */
struct sr_audit_signer {
    bool (*sign)(void *arg, const unsigned char digest[SR_AUDIT_DIGEST],
                 unsigned char signature[SR_AUDIT_SIGNATURE], struct sr_why *why);
    void *arg;
    unsigned char point[SR_AUDIT_POINT]; /* the public key */
};

/* Opens the log at PATH, makes it where it is missing, and goes on where its last line ends. NULL, and WHY
 * says so, where it is no regular file of this process's user that nobody else may write, where it is not an
 * audit log, or where another process writes it. A thread brings it to the disk from then on. */
struct sr_audit *sr_audit_open(const char *path, const struct sr_audit_options *options, struct sr_why *why);

/* Says in the log that strongroomd starts and whose signatures follow, and lets a thread make checkpoints and
 * rotate. SIGNER (NULL: there is none, and REASON says why) outlives the log. */
bool sr_audit_begin(struct sr_audit *audit, const struct sr_audit_signer *signer, const char *reason,
                    struct sr_why *why);

/* Makes the last checkpoint and ends the thread that makes them. False where it hangs in the token for longer
 * than WAIT_MS: nothing that it uses may be freed. AUDIT may be NULL. */
bool sr_audit_stop(struct sr_audit *audit, long long wait_ms);

/* Brings it to the disk and closes it. AUDIT may be NULL. */
void sr_audit_close(struct sr_audit *audit);

/* Can a line be written, as far as is known? Where the last one could not, mends the log first. False, with
 * WHY, where what is asked for must not be done. Thread-safe, as all below. */
bool sr_audit_ready(struct sr_audit *audit, struct sr_why *why);

/* Writes ENTRY's line. After true it stays when this process is killed (a power failure may cost the lines of
 * the last 100 ms), or is counted as lost, where that is what the options want. */
bool sr_audit_write(struct sr_audit *audit, const struct sr_audit_entry *entry, struct sr_why *why);

/* The last line, signed where there is a signer, as one JSON object: to be freed with free(). NULL, with WHY,
 * where it cannot be made. */
char *sr_audit_tip(struct sr_audit *audit, struct sr_why *why);

#endif
