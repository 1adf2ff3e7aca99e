/* The audit log: a file with one JSON line for each job that was asked for, each chained to the one before.
 * docs/audit.md has the form byte by byte.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_AUDIT_H
#define STRONGROOM_DAEMON_AUDIT_H

#include "cryptoki/why.h"

#include <stdbool.h>
#include <sys/types.h>

struct sr_audit;

/* One line, but for its time and chain. No text has a character in it that JSON would escape. */
struct sr_audit_entry {
    long long uid; /* -1: strongroomd, by itself */
    pid_t pid;
    const char *operation;
    const char *family;    /* NULL where there is none */
    unsigned long version; /* 0 where it is not known */
    size_t items;          /* how many things a call for many was about; 0: it was for one */
    size_t failed;         /* how many of them had no result */
    const char *result;
    long long us; /* how long it took */
};

/* Opens the log at PATH, makes it where it is missing, and goes on where its last line ends. NULL, and WHY
 * says so, where it is no regular file of this process's user that nobody else may write, where it is not an
 * audit log, or where another process writes it. A thread brings it to the disk from then on. */
struct sr_audit *sr_audit_open(const char *path, struct sr_why *why);

/* Brings it to the disk and closes it. AUDIT may be NULL. */
void sr_audit_close(struct sr_audit *audit);

/* Writes ENTRY's line. After true it stays when this process is killed; a power failure may cost the lines of
 * the last 100 ms. Thread-safe. */
bool sr_audit_write(struct sr_audit *audit, const struct sr_audit_entry *entry, struct sr_why *why);

#endif
