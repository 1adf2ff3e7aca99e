/* Checkpoints: a line that has a signature over the chain value of a line before it. Signing may take as long
 * as the token makes an RSA key, so it is done by a thread of its own and without the lock; the checkpoint
 * names the line that was signed, and others may stand between the two.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit_state.h"
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_S 60 /* after a rotation that failed */

/* A line, as it is signed. */
struct point {
    size_t line;
    char chain[SR_AUDIT_HEX + 1];
    char time[SR_AUDIT_TIME + 1];
    char signature[2 * SR_AUDIT_SIGNATURE + 1]; /* "" where there is none */
};

static void take(const struct sr_audit *audit, struct point *point)
{
    point->line = audit->lines;
    memcpy(point->chain, audit->chain, sizeof(point->chain));
    memcpy(point->time, audit->time, sizeof(point->time));
    point->signature[0] = '\0';
}

/* Without the lock. Where there is no signature, WHY says why. */
static bool sign(const struct sr_audit *audit, struct point *point, struct sr_why *why)
{
    unsigned char signature[SR_AUDIT_SIGNATURE];
    unsigned char digest[SR_AUDIT_DIGEST];
    char text[128];

    if (audit->signer == NULL) {
        sr_why_set(why, "%s", audit->reason);
        return false;
    }
    int n = snprintf(text, sizeof(text), "strongroom-audit-1\n%zu\n%s\n", point->line, point->chain);
    if (EVP_Digest(text, (size_t)n, digest, NULL, audit->sha256, NULL) != 1) {
        sr_why_set(why, "out of memory");
        return false;
    }
    if (!audit->signer->sign(audit->signer->arg, digest, signature, why))
        return false;
    sr_audit_hex(signature, sizeof(signature), point->signature);
    return true;
}

/* With the lock. */
static void write_checkpoint(struct sr_audit *audit, const struct point *point, const char *why)
{
    bool made = point->signature[0] != '\0';
    const struct sr_audit_entry entry = {
        .uid = -1, .pid = getpid(), .operation = "audit.checkpoint", .result = made ? "ok" : "unsigned"};
    struct sr_audit_line line;

    sr_audit_line_begin(&line, &entry);
    sr_audit_line_number(&line, "line", point->line);
    sr_audit_line_text(&line, "value", point->chain);
    if (made) {
        sr_audit_line_text(&line, "public-key", audit->key);
        sr_audit_line_text(&line, "signature", point->signature);
    } else {
        sr_audit_line_text(&line, "why", why);
    }
    size_t behind = audit->lines - point->line;
    if ((atomic_load(&audit->broken) && !sr_audit_resume(audit)) || !sr_audit_append_line(audit, &line))
        audit->lost++;
    audit->since = behind;
}

static bool wants_rotation(const struct sr_audit *audit)
{
    return audit->options.rotate != 0 && !audit->rotation_fails && audit->end >= (off_t)audit->options.rotate;
}

static void set_aside(struct sr_audit *audit, const char *name)
{
    errno = ENOMEM;
    if (name != NULL && sr_audit_rotate(audit, name)) {
        sr_log(SR_LOG_INFO, "audit log %s: set aside as %s", audit->path, name);
        return;
    }
    struct sr_why why;
    sr_why_set(&why, "the audit log %s cannot be set aside, and goes on growing: %s", audit->path,
               strerror(errno));
    sr_audit_say(audit, why.text);
    audit->rotation_fails = true;
}

/* One checkpoint, and a rotation where it is time for one. Takes the lock off while it signs. */
static void keep(struct sr_audit *audit)
{
    struct sr_why why = {""};
    struct point point;
    char *name = NULL;

    take(audit, &point);
    bool rotates = wants_rotation(audit);
    (void)pthread_mutex_unlock(&audit->lock);
    if (!sign(audit, &point, &why) && audit->signer != NULL)
        sr_log(SR_LOG_WARNING, "audit log %s: a checkpoint without a signature: %s", audit->path, why.text);
    if (rotates) {
        name = sr_audit_next_name(audit);
        (void)fdatasync(audit->fd); /* most of it: what is left is done with the lock */
    }
    (void)pthread_mutex_lock(&audit->lock);
    /* The last one may still be on its way to the disk. */
    while (rotates && audit->retired >= 0)
        (void)pthread_cond_wait(&audit->due, &audit->lock);
    write_checkpoint(audit, &point, why.text);
    if (rotates)
        set_aside(audit, name);
    free(name);
}

/* Waits until there is something to be done, and at most until a rotation may be tried again. */
static void wait_until_due(struct sr_audit *audit)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_S;
    int waited = 0;
    while (!audit->stop && !sr_audit_is_due(audit) && waited == 0)
        waited = audit->rotation_fails ? pthread_cond_timedwait(&audit->due, &audit->lock, &until)
                                       : pthread_cond_wait(&audit->due, &audit->lock);
    if (waited != 0)
        audit->rotation_fails = false;
}

void *sr_audit_keep(void *arg)
{
    struct sr_audit *audit = arg;

    (void)pthread_mutex_lock(&audit->lock);
    for (;;) {
        wait_until_due(audit);
        if (audit->stop)
            break;
        if (sr_audit_is_due(audit))
            keep(audit);
    }
    if (audit->since > 0)
        keep(audit);
    audit->kept = true;
    (void)pthread_cond_broadcast(&audit->due);
    (void)pthread_mutex_unlock(&audit->lock);
    return NULL;
}

/* Members only: the first one's comma becomes the brace. */
static char *tip_text(const struct sr_audit *audit, const struct point *point)
{
    char public[2 * SR_AUDIT_POINT + 1];
    const char *slash = strrchr(audit->path, '/');
    bool made = point->signature[0] != '\0';
    struct sr_audit_line line;
    char *text = NULL;

    line.length = 0;
    line.bad = false;
    if (made)
        sr_audit_hex(audit->signer->point, SR_AUDIT_POINT, public);
    sr_audit_line_text(&line, "file", slash != NULL ? slash + 1 : audit->path);
    sr_audit_line_number(&line, "line", point->line);
    sr_audit_line_text(&line, "chain", point->chain);
    sr_audit_line_text(&line, "time", point->time);
    sr_audit_line_text(&line, "public", made ? public : NULL);
    sr_audit_line_text(&line, "signature", made ? point->signature : NULL);
    line.text[0] = '{';
    if (line.bad || asprintf(&text, "%.*s}\n", (int)line.length, line.text) < 0)
        return NULL;
    return text;
}

char *sr_audit_tip(struct sr_audit *audit, struct sr_why *why)
{
    struct point point;

    (void)pthread_mutex_lock(&audit->lock);
    sr_audit_clock_text(audit);
    take(audit, &point);
    (void)pthread_mutex_unlock(&audit->lock);
    if (!sign(audit, &point, why) && audit->signer != NULL)
        return NULL;
    char *text = tip_text(audit, &point);
    if (text == NULL)
        sr_why_set(why, "out of memory");
    return text;
}
