/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/objects.h"
#include "wire/flow.h"

#include <stdlib.h>
#include <string.h>

/* A request that kills the daemon each time must not do so for ever. */
#define ATTEMPTS 4

/* Each step of an attempt: how the connection fared, and what the daemon said. */
struct outcome {
    enum sr_channel_status status;
    CK_RV rv;
};

static bool is_good(struct outcome o)
{
    return o.status == SR_CHANNEL_OK && o.rv == CKR_OK;
}

static struct outcome call(struct sr_connection *c, enum sr_call what, const void *request, void *reply)
{
    struct outcome o;
    o.status = sr_link_call(c, what, request, reply, &o.rv);
    if (!is_good(o))
        sr_say("%s", c->channel.why);
    return o;
}

static struct outcome said(CK_RV rv)
{
    return (struct outcome){SR_CHANNEL_OK, rv};
}

/* Opens the session in the generation of C, where it is not open yet, as it was. */
static struct outcome place_session(struct sr_exchange *x, struct sr_connection *c)
{
    struct sr_app_session *s = x->session;
    if (s->generation != c->generation) {
        struct sr_open_session_request open = {.slot = s->slot, .flags = s->flags};
        struct sr_session opened = {0};
        struct outcome o = call(c, SR_CALL_OPEN_SESSION, &open, &opened);
        if (!is_good(o))
            return o;
        s->daemon = opened.session;
        s->generation = c->generation;
        if (atomic_load(&s->logged_out)) {
            /* Another session of the token may have done it already: what the daemon says does not matter. */
            o = call(c, SR_CALL_LOGOUT, &opened, NULL);
            if (o.status != SR_CHANNEL_OK)
                return o;
        }
    }
    *x->session_at = s->daemon;
    return said(CKR_OK);
}

/* Finds object I again in the generation of C, where it is not known yet. */
static struct outcome place_object(struct sr_exchange *x, size_t i, struct sr_connection *c)
{
    CK_SLOT_ID slot = x->session->slot;
    struct sr_place place;
    CK_RV rv = sr_objects_place(x->objects[i], slot, c->generation, &place);
    if (rv != CKR_OK)
        return said(rv);
    if (place.daemon == 0) {
        struct sr_restore_request restore = {.slot = slot, .card = {place.length, place.card}};
        struct sr_object found = {0};
        struct outcome o = call(c, SR_CALL_RESTORE, &restore, &found);
        free(place.card);
        if (!is_good(o))
            return o;
        place.daemon = found.object;
        sr_objects_restored(x->objects[i], found.object, c->generation);
    }
    *x->objects_at[i] = place.daemon;
    return said(CKR_OK);
}

/* Puts bulk data where the daemon sees them. */
static struct outcome place_bulk(struct sr_exchange *x, struct sr_connection *c)
{
    struct outcome o;
    o.status = sr_link_buffer(c, &o.rv);
    if (!is_good(o))
        sr_say("%s", c->channel.why);
    else if (x->meanwhile != NULL) {
        /* Where CPUs are short (strongroomd names none, pace.h), nobody is to wait for the rest of it. */
        size_t first = c->channel.pace.peer != 0 ? SR_FLOW_CHUNK : x->bulk.length;
        memcpy(c->channel.buffer, x->bulk.data, first);
        sr_flow_begin(sr_flow_in(c->channel.buffer, c->channel.half), first);
    } else if (x->bulk.length > 0)
        memcpy(c->channel.buffer, x->bulk.data, x->bulk.length);
    return o;
}

static struct outcome call_of(struct sr_exchange *x, struct sr_connection *c)
{
    struct outcome o;
    if (x->meanwhile == NULL)
        return call(c, x->call, x->request, x->reply);
    o.status = sr_link_send(c, x->call, x->request, &o.rv);
    if (is_good(o)) {
        x->meanwhile(x->arg, &c->channel);
        o.status = sr_link_receive(c, x->call, x->reply, &o.rv);
    }
    if (!is_good(o))
        sr_say("%s", c->channel.why);
    return o;
}

static struct outcome attempt(struct sr_exchange *x, struct sr_connection *c, bool *sent)
{
    struct outcome o = said(CKR_OK);
    if (x->pinned != 0 && x->pinned != c->generation) {
        sr_say("strongroomd was restarted in the middle of the operation: begin it again");
        return said(CKR_DEVICE_ERROR);
    }
    if (x->session != NULL) {
        o = place_session(x, c);
        for (size_t i = 0; is_good(o) && i < SR_EXCHANGE_OBJECTS; i++)
            if (x->objects_at[i] != NULL)
                o = place_object(x, i, c);
    }
    if (is_good(o) && x->bulk.data != NULL)
        o = place_bulk(x, c);
    if (is_good(o)) {
        *sent = true;
        o = call_of(x, c);
    }
    return o;
}

CK_RV sr_exchange(struct sr_exchange *x)
{
    bool repeatable = sr_call_row(x->call)->repeatable;

    x->connection = NULL;
    for (int n = 0; n < ATTEMPTS; n++) {
        struct sr_connection *c;
        bool sent = false;
        CK_RV rv = sr_link_take(&c, !x->hurry, !repeatable && x->pinned == 0);
        if (rv != CKR_OK)
            return rv;
        struct outcome o = attempt(x, c, &sent);
        if (is_good(o)) {
            x->connection = c;
            return CKR_OK;
        }
        if (o.status == SR_CHANNEL_OK) {
            sr_link_give(c);
            return o.rv;
        }
        sr_link_drop(c);
        if (o.status == SR_CHANNEL_LOST && sent && x->pinned != 0)
            sr_say("strongroomd went away in the middle of the operation: begin it again");
        if (o.status != SR_CHANNEL_LOST || (sent && !repeatable))
            break;
    }
    return CKR_DEVICE_ERROR;
}

void sr_exchange_end(struct sr_exchange *x)
{
    if (x->connection != NULL)
        sr_link_give(x->connection);
    x->connection = NULL;
}

CK_RV sr_exchange_only(struct sr_exchange *x)
{
    CK_RV rv = sr_exchange(x);
    sr_exchange_end(x);
    return rv;
}
