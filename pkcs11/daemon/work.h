/* One call at work: who asks, with which right, and memory for the answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_WORK_H
#define STRONGROOM_DAEMON_WORK_H

#include "daemon/ahead.h"
#include "daemon/client.h"
#include "daemon/current.h"
#include "daemon/policy.h"
#include "daemon/stream.h"
#include "jobs/jobs.h"
#include "wire/page.h"

#include <stdatomic.h>

/* What all connections share; unchanged while they run, but for the configuration in force, the counter and
 * the flag. */
struct sr_daemon {
    const char *file;            /* that the configuration is read from */
    struct sr_config *config;    /* as it was at the start: the tokens, sockets and files that are open */
    struct sr_current current;   /* as it is now: who may do what */
    struct sr_token *tokens;     /* as many as config->token_count */
    struct sr_jobs *jobs;        /* NULL where the configuration names no registry */
    struct sr_token *jobs_token; /* whose sessions they work in */
    struct sr_audit *audit;      /* NULL where the configuration names no audit log */
    atomic_size_t connections;
    atomic_bool stopping;
};

/* Memory that a reply points into; all of it goes, cleansed, when the reply is sent. */
struct sr_scratch_block;
struct sr_scratch {
    struct sr_scratch_block *more;
    size_t used;
    _Alignas(16) unsigned char first[3840]; /* a connection, which has it, takes two pages */
};

/* SIZE bytes, aligned to 16; NULL when out of memory. */
void *sr_scratch_get(struct sr_scratch *scratch, size_t size);
void sr_scratch_reset(struct sr_scratch *scratch);

/* What a call was about, for the audit log. */
struct sr_used {
    enum sr_operation operation;    /* SR_OPERATION_NONE: a job's call, or none that uses a key */
    CK_MECHANISM_TYPE mechanism;    /* CK_UNAVAILABLE_INFORMATION: none */
    struct sr_token_object *object; /* with a reference, or NULL */
    struct sr_token_object *before; /* the object as it was, of a call that changes one; the audit log's */
    char rule[80];                  /* by which it was refused; "" */
    char strengthened[160];         /* what was strengthened in its template; "" */
    char family[SR_FAMILY_MAX];     /* where the request does not say it; else "" */
    unsigned long version;          /* 0: none, or not known */
    size_t items;                   /* of a call for many things at once; else 0 */
    size_t failed;                  /* how many of them had no result */
};

/* Decisions of the policy that were made for the connection, by what they depend on. */
#define SR_DECISIONS 64
struct sr_decisions {
    unsigned long generation; /* of the configuration that they were made by */
    struct {
        unsigned long long object; /* its serial number; 0: none, or a session object of the client's own */
        CK_MECHANISM_TYPE mechanism;
        uint32_t operations; /* and the bit of SR_OPERATION_NONE, where the place is taken */
    } at[SR_DECISIONS];
};

struct sr_work {
    struct sr_daemon *daemon;
    struct sr_config *config; /* in force for this call; a reference */
    size_t place;             /* of the socket in it */
    const struct sr_socket_config *socket;
    struct sr_peer peer;
    enum sr_right right;      /* by the socket's lists; rules may allow more */
    enum sr_right door;       /* what calls it may make at all: a rule lets its clients in, like "use" */
    struct sr_client *client; /* NULL until the hello */
    struct sr_ahead ahead;
    struct sr_stream stream;
    const char *call; /* the name of the call at work */
    bool changes;     /* it is one that may not be repeated */
    struct sr_used used;
    struct sr_decisions decisions;
    struct sr_scratch scratch;
    struct sr_page *page; /* for answers, from the one after PAGE's on; NULL: on the socket */
    int descriptor;       /* goes with the reply; -1: none */
    char why[512];        /* sent with a return value other than CKR_OK */
};

/* Does one call. REQUEST and REPLY are the structures that the call's row names; what REPLY points to comes
 * from the scratch memory or outlives the client. */
typedef CK_RV (*sr_handler)(struct sr_work *work, const void *request, void *reply);

/* The handler of CALL, or NULL. */
sr_handler sr_handler_of(enum sr_call call);

/* A refusal: RV, logged with who (uid, pid), what (the call) and which rule; the client gets the same words.
 * FORMAT says what was refused and by which rule. */
CK_RV sr_refuse(struct sr_work *work, CK_RV rv, const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A failure that is nobody's fault: RV, with words for the client, not logged. */
CK_RV sr_explain(struct sr_work *work, CK_RV rv, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The handlers, by file. */
CK_RV sr_handle_hello(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_status(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_page(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_policy_test(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_slots(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_slot_info(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_token_info(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_mechanisms(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_slot_event(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_open_session(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_close_session(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_session_info(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_login(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_logout(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_find(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_find_more(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_restore(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_read_attributes(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_destroy(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_generate_key_pair(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_generate_key(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_create(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_copy(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_change(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_size(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_wrap(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_unwrap(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_derive(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_operate(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_operate_init(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_operate_update(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_operate_final(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_message_init(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_message(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_message_final(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_init_token(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_init_pin(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_set_pin(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_digest_key(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_get_state(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_set_state(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_seed(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_audit_tip(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_random(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_family_create(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_family_rotate(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_family_revoke(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_family_destroy(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_family_list(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_family_show(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_family_history(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_session_sign(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_session_verify(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_jwt_sign(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_jwt_verify(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_registry_backup(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_registry_read(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_registry_put(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_registry_restore(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_registry_rebuild(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_token_check(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_totp_enrol(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_totp_import(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_totp_verify(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_totp_resync(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_totp_list(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_totp_remove(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_totp_rewrap(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_data_new_key(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_data_encrypt(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_data_decrypt(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_data_rewrap(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_data_list(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_buffer(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_encrypt(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_decrypt(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_verify(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_chunk(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_end(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_info(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_rewrap(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_record(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_list(struct sr_work *work, const void *request, void *reply);
CK_RV sr_handle_backup_forget(struct sr_work *work, const void *request, void *reply);

/* Shared by handlers: the token of a client session, with a view of the session. */
CK_RV sr_work_session(struct sr_work *work, CK_SESSION_HANDLE handle, struct sr_session_view *view,
                      struct sr_token **token);

/* Shared by handlers: cards of OBJECTS (whose references are taken over) into a reply. */
CK_RV sr_work_cards(struct sr_work *work, struct sr_token_object **objects, size_t count,
                    struct sr_find_reply *reply);

/* Notes the object that the call is about, for the audit log; takes a reference of its own. */
void sr_work_used(struct sr_work *work, struct sr_token_object *object);

/* Copies into scratch memory for a reply. */
CK_RV sr_work_bytes(struct sr_work *work, const void *data, size_t length, struct sr_bytes *bytes);

#endif
