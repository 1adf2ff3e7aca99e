/* The registry: which families there are, which of their versions is current, what happened to them. The keys
 * themselves are in the token.
 *
 * This is the interface; registry_sqlite.c has the rows in a SQLite file. Every row is authenticated by an
 * HMAC over everything that matters in it, its name included: a row that was changed, or moved under another
 * name, is SR_JOB_TAMPERED when it is read.
 *
 * Thread-safe: a transaction locks the registry for the other threads from sr_registry_begin to its end;
 * every function but open, close and begin is called within one, by the thread that began it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_REGISTRY_H
#define STRONGROOM_JOBS_REGISTRY_H

#include "jobs/job.h"

#define SR_SEAL_SIZE 32

/* Computes the rows' authentication: HMAC-SHA256 with a key that only strongroomd may use. */
struct sr_seal {
    CK_RV (*mac)(void *key, const void *data, size_t length, unsigned char mac[SR_SEAL_SIZE]);
    void *key;
};

enum sr_version_state {
    SR_VERSION_MAKING = 1, /* its keys may be in the token, or some of them; nothing was done with them yet */
    SR_VERSION_CURRENT,    /* new things are made with it */
    SR_VERSION_OLD,        /* still good for what was made with it, until RETIRES */
    SR_VERSION_REVOKED,    /* compromised: refused from that moment */
    SR_VERSION_ENDING,     /* its keys are being destroyed: refused */
    SR_VERSION_DESTROYED,  /* and gone */
};

struct sr_family {
    struct sr_family_name name;
    long long created;
    long long rotate_s; /* seconds that a version is current for; 0: for ever */
    long long grace_s;  /* seconds that it is good for after that */
};

struct sr_version {
    unsigned long number; /* from 1 */
    enum sr_version_state state;
    long long created;
    long long retires;  /* when an old version's grace ends; 0 while it is current */
    char mechanism[40]; /* how its keys are used, as its job wrote it down */
};

/* A key that lives outside the token, wrapped by CKM_AES_KEY_WRAP_PAD (RFC 5649): that takes 8 bytes more
 * than the key, rounded up to 8. */
#define SR_WRAPPED_MAX 264 /* a key of 256 bytes */
struct sr_wrapped {
    size_t size;
    unsigned char bytes[SR_WRAPPED_MAX];
};

struct sr_event {
    unsigned long id; /* set by the registry, ascending */
    long long time;
    struct sr_family_name family;
    char operation[16];     /* create, rotate, revoke, destroy, expire */
    unsigned long version;  /* 0: none */
    long long operator_uid; /* -1: strongroomd itself */
    bool dry_run;
    bool success;
};

struct sr_registry;

/* Opens the SQLite file at PATH, made with mode 0600 where it is not there, and brings its tables up to date,
 * each step in one transaction (numbered migrations, PRAGMA user_version). A file that others may read or
 * write, or of a newer version, is refused. SEAL is copied; its key must outlive the registry. */
enum sr_job_result sr_registry_open(const char *path, const struct sr_seal *seal,
                                    struct sr_registry **registry, struct sr_why *why);
void sr_registry_close(struct sr_registry *registry); /* may be NULL */

/* A transaction, which sees and makes a state of its own: all that is put within is there after the commit,
 * also after the machine's loss of power, or nothing is. WRITES: it will put something. */
enum sr_job_result sr_registry_begin(struct sr_registry *registry, bool writes, struct sr_why *why);
/* Commits where RESULT is SR_JOB_OK and returns how that went; else rolls back and returns RESULT. */
enum sr_job_result sr_registry_end(struct sr_registry *registry, enum sr_job_result result,
                                   struct sr_why *why);

/* SR_JOB_NOT_FOUND where there is no such family; WHY names it. */
enum sr_job_result sr_registry_family(struct sr_registry *registry, const struct sr_family_name *name,
                                      struct sr_family *family, struct sr_why *why);
/* Adds the family, or changes its row. */
enum sr_job_result sr_registry_put_family(struct sr_registry *registry, const struct sr_family *family,
                                          struct sr_why *why);

/* All families, by role and name. *FAMILIES is to be freed with free(); NULL where there are none. */
enum sr_job_result sr_registry_families(struct sr_registry *registry, struct sr_family **families,
                                        size_t *count, struct sr_why *why);

/* All versions of a family, by number; to be freed as above. A family without versions is no error. */
enum sr_job_result sr_registry_versions(struct sr_registry *registry, const struct sr_family_name *name,
                                        struct sr_version **versions, size_t *count, struct sr_why *why);
/* Adds the version, or changes its row. */
enum sr_job_result sr_registry_put_version(struct sr_registry *registry, const struct sr_family_name *name,
                                           const struct sr_version *version, struct sr_why *why);

/* The time when strongroomd last looked after the families, as it wrote it down; 0: it never did. */
enum sr_job_result sr_registry_clock(struct sr_registry *registry, long long *seen, struct sr_why *why);
enum sr_job_result sr_registry_put_clock(struct sr_registry *registry, long long seen, struct sr_why *why);

/* Adds to the history; EVENT->id is not read. */
enum sr_job_result sr_registry_add_event(struct sr_registry *registry, const struct sr_event *event,
                                         struct sr_why *why);
/* The history of one family, or (NAME NULL) of all, oldest first; to be freed as above. */
enum sr_job_result sr_registry_events(struct sr_registry *registry, const struct sr_family_name *name,
                                      struct sr_event **events, size_t *count, struct sr_why *why);

#endif
