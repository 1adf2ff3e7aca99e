/* Data keys: a call brings one value or many, and its answer has a result for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handle_job.h"

#include "jobs/data.h"

#include <stdlib.h>
#include <string.h>

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

/* Looks through the items: are they what they should be, and what room do their results need? */
static enum sr_job_result measure(struct sr_job_call *call, const struct sr_data_request *r, size_t *room)
{
    struct sr_buf items = sr_buf_over(r->items.data, r->items.length);

    *room = 0;
    if (r->count >= 1 && r->count <= SR_ITEMS_MAX) {
        for (CK_ULONG i = 0; i < r->count; i++) {
            (void)sr_buf_get_bytes(&items);
            *room += result_room(sr_buf_get_bytes(&items).length);
        }
        if (sr_buf_finished(&items))
            return SR_JOB_OK;
    }
    sr_why_set(&call->why, "a call has 1 to %lu items, each a context and a value", SR_ITEMS_MAX);
    return SR_JOB_INVALID;
}

/* Is the whole call over with this? What the token or the disk cannot do it cannot do for the next item
 * either; and a session in which a call failed may be left in the middle of an operation. */
static bool ends_call(enum sr_job_result result, const struct sr_data_request *r)
{
    return result != SR_JOB_OK && (r->count == 1 || result == SR_JOB_FAILED || result == SR_JOB_NO_MEMORY);
}

static void put_u64(unsigned char *to, uint64_t value)
{
    for (size_t i = 0; i < sizeof(value); i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

/* An item that has no result gets the reason. */
static void say_why(struct sr_work *work, enum sr_job_result result, const struct sr_why *why,
                    struct sr_data_result *out)
{
    out->size = strnlen(why->text, SR_ITEM_WHY_MAX);
    memcpy(out->bytes, why->text, out->size);
    work->used.failed++;
    if (result == SR_JOB_TAMPERED)
        sr_log(SR_LOG_ERROR, "uid %u, pid %d, socket %s, call %s: %s", (unsigned)work->peer.uid,
               (int)work->peer.pid, work->socket->path, work->call, why->text);
}

/* Works on each item. The results are written where they lie, in scratch memory, as buffer.h has it. */
static enum sr_job_result each(struct sr_work *work, struct sr_job_call *call,
                               const struct sr_data_request *r, const struct sr_data_ask *ask,
                               operation work_on, struct sr_bytes *results)
{
    struct sr_buf items = sr_buf_over(r->items.data, r->items.length);
    size_t room;

    enum sr_job_result result = measure(call, r, &room);
    if (result != SR_JOB_OK)
        return result;
    results->data = sr_scratch_get(&work->scratch, room);
    if (results->data == NULL)
        return SR_JOB_NO_MEMORY;
    for (CK_ULONG i = 0; i < r->count; i++) {
        unsigned char *at = results->data + results->length;
        struct sr_data_result out = {.bytes = at + 2 * sizeof(uint64_t)};
        struct sr_bytes context = sr_buf_get_bytes(&items);
        struct sr_bytes value = sr_buf_get_bytes(&items);
        const struct sr_data_item item = {context.data, context.length,
                                          value.data != NULL ? value.data : (unsigned char *)"",
                                          value.length};
        call->why.text[0] = '\0';
        result = work_on(call->jobs, &call->bench, ask, &item, &out, &call->why);
        if (ends_call(result, r))
            return result;
        if (result == SR_JOB_OK)
            work->used.version = out.version;
        else
            say_why(work, result, &call->why, &out);
        put_u64(at, result == SR_JOB_OK ? 0 : sr_job_code(result));
        put_u64(at + sizeof(uint64_t), out.size);
        for (results->length += 2 * sizeof(uint64_t) + out.size; results->length % sizeof(uint64_t) != 0;)
            results->data[results->length++] = 0;
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
