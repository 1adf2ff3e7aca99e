/* Data keys: a call brings one value or many, and its answer has a result for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"

#include "jobs/data.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MANY 64 /* items of a call that are worth a second thread */
#define STACK_SIZE ((size_t)256 << 10)

typedef enum sr_job_result (*operation)(struct sr_jobs *jobs, const struct sr_bench *bench,
                                        const struct sr_data_ask *ask, const struct sr_data_item *item,
                                        struct sr_data_result *out, struct sr_why *why);

/* What all items of a call have in common. KEY gets the caller's own one. */
static enum sr_job_result read_ask(struct sr_job_call *call, const struct sr_data_request *r,
                                   struct sr_data_key *key, struct sr_data_ask *ask)
{
    *ask = (struct sr_data_ask){
        .family = call->family, .min_version = r->min_version, .binary = (r->flags & SR_DATA_BINARY) != 0};
    enum sr_job_result result = SR_JOB_OK;
    if (r->key.length > 0) {
        result = sr_data_key_read(r->key.data, r->key.length, key, &call->why);
        ask->key = key;
    }
    return result == SR_JOB_OK ? sr_data_check(ask, &call->why) : result;
}

/* What an item's result takes: its code, its length, its bytes or why there are none, and zeros. */
static size_t result_room(size_t length)
{
    size_t room = SR_DATA_ROOM(length) > SR_ITEM_WHY_MAX ? SR_DATA_ROOM(length) : SR_ITEM_WHY_MAX;
    return 2 * sizeof(uint64_t) + room + sizeof(uint64_t);
}

/* Some of a call's items, for one thread, with a session of the token. */
struct share {
    struct sr_work *work; /* read only */
    struct sr_jobs *jobs;
    const struct sr_data_ask *ask;
    operation work_on;
    bool alone; /* the call has one item: it fails with it */
    struct sr_bench bench;
    struct sr_buf items; /* at the first of them */
    CK_ULONG count;
    size_t room;               /* that the results need at most */
    struct sr_bytes results;   /* as buffer.h has it */
    unsigned long version;     /* that was used last */
    size_t failed;             /* items that have no result */
    enum sr_job_result result; /* not SR_JOB_OK: the call's */
    struct sr_why why;
};

/* Divides the items among N shares, and looks through them: are they what they should be, and what room do
 * their results need? */
static enum sr_job_result divide(const struct sr_data_request *r, struct share *shares, size_t n,
                                 struct sr_why *why)
{
    struct sr_buf items = sr_buf_over(r->items.data, r->items.length);

    if (r->count >= 1 && r->count <= SR_ITEMS_MAX) {
        for (size_t i = 0; i < n; i++) {
            struct share *s = &shares[i];
            s->items = items;
            s->count = r->count * (i + 1) / n - r->count * i / n;
            for (CK_ULONG item = 0; item < s->count; item++) {
                (void)sr_buf_get_bytes(&items);
                s->room += result_room(sr_buf_get_bytes(&items).length);
            }
        }
        if (sr_buf_finished(&items))
            return SR_JOB_OK;
    }
    sr_why_set(why, "a call has 1 to %lu items, each a context and a value", SR_ITEMS_MAX);
    return SR_JOB_INVALID;
}

/* Is the whole call over with this? What the token or the disk cannot do it cannot do for the next item
 * either; and a session in which a call failed may be left in the middle of an operation. */
static bool ends_call(const struct share *s)
{
    return s->result != SR_JOB_OK &&
           (s->alone || s->result == SR_JOB_FAILED || s->result == SR_JOB_NO_MEMORY);
}

static void put_u64(unsigned char *to, uint64_t value)
{
    for (size_t i = 0; i < sizeof(value); i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

/* An item that has no result gets the reason. */
static void say_why(struct share *s, struct sr_data_result *out)
{
    const struct sr_work *work = s->work;
    out->size = strnlen(s->why.text, SR_ITEM_WHY_MAX);
    memcpy(out->bytes, s->why.text, out->size);
    s->failed++;
    if (s->result == SR_JOB_TAMPERED)
        sr_log(SR_LOG_ERROR, "uid %u, pid %d, socket %s, call %s: %s", (unsigned)work->peer.uid,
               (int)work->peer.pid, work->socket->path, work->call, s->why.text);
}

/* Works on each item of a share; a thread's function. */
static void *work_through(void *arg)
{
    struct share *s = arg;

    for (CK_ULONG i = 0; i < s->count; i++) {
        unsigned char *at = s->results.data + s->results.length;
        struct sr_data_result out = {.bytes = at + 2 * sizeof(uint64_t)};
        struct sr_bytes context = sr_buf_get_bytes(&s->items);
        struct sr_bytes value = sr_buf_get_bytes(&s->items);
        const struct sr_data_item item = {context.data, context.length,
                                          value.data != NULL ? value.data : (unsigned char *)"",
                                          value.length};
        s->why.text[0] = '\0';
        s->result = s->work_on(s->jobs, &s->bench, s->ask, &item, &out, &s->why);
        if (ends_call(s))
            return NULL;
        if (s->result == SR_JOB_OK)
            s->version = out.version;
        else
            say_why(s, &out);
        put_u64(at, s->result == SR_JOB_OK ? 0 : sr_job_code(s->result));
        put_u64(at + sizeof(uint64_t), out.size);
        for (s->results.length += 2 * sizeof(uint64_t) + out.size; s->results.length % sizeof(uint64_t) != 0;)
            s->results.data[s->results.length++] = 0;
    }
    s->result = SR_JOB_OK;
    return NULL;
}

/* The second share in a thread of its own, where the token has a session for it; else after the first. */
static void work_through_both(struct share shares[2])
{
    struct sr_token *token = shares[0].work->daemon->jobs_token;
    pthread_attr_t attributes;
    pthread_t thread;
    bool started = false;

    bool borrowed = sr_token_borrow_spare(token, &shares[1].bench.session) == CKR_OK;
    if (borrowed && pthread_attr_init(&attributes) == 0) {
        (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
        started = pthread_create(&thread, &attributes, work_through, &shares[1]) == 0;
        (void)pthread_attr_destroy(&attributes);
    }
    (void)work_through(&shares[0]);
    if (started)
        (void)pthread_join(thread, NULL);
    if (borrowed)
        sr_token_return(token, shares[1].bench.session,
                        shares[1].result == SR_JOB_FAILED ? CKR_FUNCTION_FAILED : CKR_OK);
    if (!started && shares[0].result == SR_JOB_OK) {
        shares[1].bench = shares[0].bench;
        (void)work_through(&shares[1]);
    }
}

/* Works on each item, in two threads where they are many. The results lie in scratch memory. */
static enum sr_job_result each(struct sr_work *work, struct sr_job_call *call,
                               const struct sr_data_request *r, const struct sr_data_ask *ask,
                               operation work_on, struct sr_bytes *results)
{
    struct share shares[2];
    size_t n = r->count >= MANY ? 2 : 1;

    for (size_t i = 0; i < n; i++)
        shares[i] = (struct share){.work = work,
                                   .jobs = call->jobs,
                                   .ask = ask,
                                   .work_on = work_on,
                                   .alone = r->count == 1,
                                   .bench = call->bench};
    enum sr_job_result result = divide(r, shares, n, &call->why);
    if (result != SR_JOB_OK)
        return result;
    results->data = sr_scratch_get(&work->scratch, shares[0].room + (n > 1 ? shares[1].room : 0));
    if (results->data == NULL)
        return SR_JOB_NO_MEMORY;
    shares[0].results.data = results->data;
    if (n > 1) {
        shares[1].results.data = results->data + shares[0].room;
        work_through_both(shares);
    } else {
        (void)work_through(&shares[0]);
    }
    for (size_t i = 0; i < n; i++) {
        const struct share *s = &shares[i];
        if (s->result != SR_JOB_OK) {
            call->why = s->why;
            return s->result;
        }
        memmove(results->data + results->length, s->results.data, s->results.length);
        results->length += s->results.length;
        work->used.version = s->version != 0 ? s->version : work->used.version;
        work->used.failed += s->failed;
    }
    work->used.items = r->count > 1 ? r->count : 0;
    if (results->length <= SR_TEXT_MAX)
        return SR_JOB_OK;
    sr_why_set(&call->why,
               "the answer has more than the %zu bytes that cross the socket: ask for fewer at once",
               SR_TEXT_MAX);
    return SR_JOB_INVALID;
}

static CK_RV serve(struct sr_work *work, const struct sr_data_request *r, struct sr_bytes_reply *reply,
                   operation work_on)
{
    struct sr_data_key key;
    struct sr_data_ask ask;
    struct sr_job_call call;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = read_ask(&call, r, &key, &ask);
    if (result == SR_JOB_OK)
        result = each(work, &call, r, &ask, work_on, &reply->data);
    return sr_job_end(work, &call, result);
}

CK_RV sr_handle_data_encrypt(struct sr_work *work, const void *request, void *reply)
{
    return serve(work, request, reply, sr_data_encrypt);
}

CK_RV sr_handle_data_decrypt(struct sr_work *work, const void *request, void *reply)
{
    return serve(work, request, reply, sr_data_decrypt);
}

CK_RV sr_handle_data_rewrap(struct sr_work *work, const void *request, void *reply)
{
    return serve(work, request, reply, sr_data_rewrap);
}

CK_RV sr_handle_data_new_key(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_data_request *r = request;
    struct sr_bytes_reply *answer = reply;
    unsigned char room[SR_DATA_KEY_ROOM];
    struct sr_data_result out = {.bytes = room};
    struct sr_data_key key;
    struct sr_data_ask ask;
    struct sr_job_call call;

    CK_RV rv = sr_job_begin(work, &call, &r->family, true);
    if (rv != CKR_OK)
        return rv;
    enum sr_job_result result = read_ask(&call, r, &key, &ask);
    if (result == SR_JOB_OK)
        result = sr_data_new_key(call.jobs, &call.bench, &ask, &out, &call.why);
    rv = sr_job_end(work, &call, result);
    if (rv != CKR_OK)
        return rv;
    work->used.version = out.version;
    return sr_work_bytes(work, room, out.size, &answer->data);
}

CK_RV sr_handle_data_list(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_family_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_job_call call;
    char *json = NULL;

    CK_RV rv = sr_job_begin(work, &call, &r->family, false);
    if (rv != CKR_OK)
        return rv;
    rv = sr_job_end(work, &call, sr_data_list(call.jobs, &call.family, &json, &call.why));
    return rv == CKR_OK ? sr_job_text(work, json, &answer->data) : rv;
}
