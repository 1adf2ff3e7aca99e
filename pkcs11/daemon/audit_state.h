/* What the files of the audit log share: one log that is being written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AUDIT_STATE_H
#define STRONGROOM_DAEMON_AUDIT_STATE_H

#include "daemon/audit_line.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct sr_audit {
    char *path;
    struct sr_audit_options options;
    const struct sr_audit_signer *signer; /* NULL: none */
    char key[SR_AUDIT_HEX + 1];           /* SHA-256 of the signer's public key; "" */
    char *reason;                         /* why there is no signer, or NULL */
    EVP_MD *sha256;
    pthread_t syncer;
    pthread_t keeper;   /* makes checkpoints, rotates */
    bool keeps;         /* it runs */
    atomic_bool broken; /* something may stand behind the last whole line, or lines were lost */

    pthread_mutex_t lock;   /* for all that follows, and for the file's end */
    pthread_cond_t changed; /* for the syncer */
    pthread_cond_t due;     /* for the keeper, and for who waits for it */
    int fd;
    int retired; /* the file that was set aside, to be brought to the disk and closed; -1: none */
    EVP_MD_CTX *md;
    time_t second;                /* that TIME has */
    char time[SR_AUDIT_TIME + 1]; /* of the last line */
    char chain[SR_AUDIT_HEX + 1]; /* the last whole line's */
    off_t end;                    /* of the last whole line */
    size_t lines;                 /* up to there */
    size_t since;                 /* lines behind the last checkpoint */
    size_t lost;                  /* lines that could not be written */
    bool dirty;                   /* something is not on the disk yet */
    bool stop;                    /* the keeper */
    bool kept;                    /* it has ended */
    bool closes;                  /* the syncer ends when all is on the disk */
    bool rotation_fails;
    long long said; /* when the last failure was logged */
};

/* Milliseconds on the monotonic clock. */
long long sr_audit_now_ms(void);

/* In the log of strongroomd, at most once a minute. */
void sr_audit_say(struct sr_audit *audit, const char *text);

/* The following with the lock held. */

/* Brings AUDIT->time to now. */
void sr_audit_clock_text(struct sr_audit *audit);

/* Ends LINE and appends it. */
bool sr_audit_append_line(struct sr_audit *audit, struct sr_audit_line *line);

/* Mends what was not written to its end, and says how many lines were lost. */
bool sr_audit_resume(struct sr_audit *audit);

/* Is there a checkpoint or a rotation to be made? */
bool sr_audit_is_due(const struct sr_audit *audit);

/* The line that begins a file, or (not FIRST) says that strongroomd was started. AFTER: the name of the file
 * before, or NULL. */
void sr_audit_header(struct sr_audit *audit, struct sr_audit_line *line, bool first, const char *after);

/* Locks a file against other processes; waits a little for one that is being killed. */
bool sr_audit_lock_file(int fd);

/* audit_rotate.c: the name of the next file that is set aside, to be freed; NULL on failure. Without the
 * lock. */
char *sr_audit_next_name(struct sr_audit *audit);

/* Sets the file aside under NAME and begins a new one. On failure all is as it was, errno says why. */
bool sr_audit_rotate(struct sr_audit *audit, const char *name);

/* Brings the new names to the disk. Without the lock. */
void sr_audit_sync_folder(struct sr_audit *audit);

/* Where strongroomd was killed while it rotated: puts the file that had been begun in its place. */
bool sr_audit_finish_rotation(const char *path);

/* audit_checkpoint.c: the keeper's thread. ARG is the log. */
void *sr_audit_keep(void *arg);

#endif
