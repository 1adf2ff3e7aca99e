/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/objects.h"
#include "shim/explain.h"
#include "shim/link.h"
#include "shim/table.h"

#include <stdlib.h>
#include <string.h>

/* A card and the bytes that it points into, as the daemon sent them. Never changed, only replaced. */
struct held_card {
    struct sr_card card;
    size_t length;
    _Alignas(uint64_t) unsigned char bytes[];
};

struct object {
    struct sr_entry entry;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE owner;  /* 0: not known */
    unsigned long generation; /* that daemon is good for */
    CK_OBJECT_HANDLE daemon;
    struct held_card *held;
};

/* The table's lock guards the objects' contents too. It is held for moments, never during a call. */
static struct sr_table objects = SR_TABLE_OF(struct object);
static size_t last_found;         /* index: searches mostly give the objects in the order of the last time */
static unsigned long swept_until; /* generation */

static struct object *at(size_t i)
{
    return sr_table_entry(&objects, i);
}

static bool in_use(const struct object *o)
{
    return !sr_entry_is(o, 0);
}

static bool is_token_object(const struct object *o)
{
    return (o->held->card.flags & SR_CARD_TOKEN) != 0;
}

static struct held_card *hold(const unsigned char *bytes, size_t length)
{
    struct held_card *held = malloc(sizeof(*held) + length);
    if (held == NULL)
        return NULL;
    held->length = length;
    memcpy(held->bytes, bytes, length);
    struct sr_buf b = sr_buf_over(held->bytes, length);
    if (!sr_decode(&b, sr_card_fields, &held->card)) {
        free(held);
        return NULL;
    }
    return held;
}

static void replace_card(struct object *o, struct held_card *held)
{
    struct held_card *old = o->held;
    o->held = held;
    free(old);
}

static void discard(struct object *o)
{
    struct held_card *old = o->held;
    sr_table_remove(&objects, o);
    o->held = NULL;
    free(old);
}

/* Session objects of a generation that is over are nobody's: no function accepts their handles any more. */
static void sweep(unsigned long generation)
{
    struct object *o;
    if (swept_until == generation)
        return;
    swept_until = generation;
    for (size_t i = 0; (o = at(i)) != NULL; i++) {
        if (in_use(o) && o->generation < generation && !is_token_object(o))
            discard(o);
    }
}

/* Can both cards be one object's, which may have been given another label meanwhile? */
static bool same_material(const struct sr_card *a, const struct sr_card *b)
{
    return a->class == b->class && a->type == b->type && a->digest.length == b->digest.length &&
           (a->digest.length == 0 || memcmp(a->digest.data, b->digest.data, a->digest.length) == 0);
}

/* The object that the daemon calls CARD->handle in GENERATION, or the one that must be meant: a token object
 * of an earlier generation that is the same in everything, by a digest of its key material, and the only one
 * of that kind. */
static struct object *known(const struct sr_card *card, CK_SLOT_ID slot, unsigned long generation)
{
    size_t made = atomic_load(&objects.made);
    struct object *same = NULL;
    size_t n_same = 0;

    for (size_t n = 0; n < made; n++) {
        size_t i = (last_found + 1 + n) % made;
        struct object *o = at(i);
        if (!in_use(o) || o->slot != slot)
            continue;
        if (o->generation == generation) {
            if (o->daemon != card->handle)
                continue;
            if (same_material(&o->held->card, card)) {
                last_found = i;
                return o;
            }
            discard(o); /* the daemon has given the number of a destroyed object to another one */
            continue;
        }
        if (card->digest.length > 0 && is_token_object(o) && sr_card_same(&o->held->card, card)) {
            same = o;
            n_same++;
        }
    }
    return n_same == 1 ? same : NULL;
}

static CK_RV note(const unsigned char *bytes, size_t length, const struct sr_card *card, CK_SLOT_ID slot,
                  unsigned long generation, CK_SESSION_HANDLE owner, CK_OBJECT_HANDLE *handle)
{
    struct held_card *held = hold(bytes, length);
    if (held == NULL)
        return CKR_HOST_MEMORY;
    struct object *o = known(card, slot, generation);
    if (o != NULL) {
        replace_card(o, held);
        o->daemon = card->handle;
        o->generation = generation;
        *handle = atomic_load(&o->entry.handle);
        return CKR_OK;
    }
    sweep(generation);
    o = sr_table_add(&objects);
    if (o == NULL) {
        free(held);
        return CKR_HOST_MEMORY;
    }
    o->slot = slot;
    o->owner = owner;
    o->generation = generation;
    o->daemon = card->handle;
    o->held = held;
    *handle = sr_table_publish(&objects, o);
    return CKR_OK;
}

CK_RV sr_objects_note(struct sr_bytes cards, CK_ULONG n, CK_SLOT_ID slot, unsigned long generation,
                      CK_SESSION_HANDLE owner, CK_OBJECT_HANDLE *handles)
{
    struct sr_buf b = sr_buf_over(cards.data, cards.length);
    struct sr_card card;
    CK_RV rv = CKR_OK;

    (void)pthread_mutex_lock(&objects.lock);
    for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
        size_t from = b.at;
        if (!sr_decode(&b, sr_card_fields, &card)) {
            sr_say("strongroomd's list of objects cannot be read: is it of another version?");
            rv = CKR_DEVICE_ERROR;
        } else {
            rv = note(cards.data + from, b.at - from, &card, slot, generation, owner, &handles[i]);
        }
    }
    (void)pthread_mutex_unlock(&objects.lock);
    if (rv == CKR_HOST_MEMORY)
        sr_say("out of memory for another object handle");
    return rv;
}

/* The object, if HANDLE is one of SLOT's and not lost. The caller holds the lock. */
static struct object *look_up(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot, unsigned long generation)
{
    struct object *o = sr_table_at(&objects, handle);
    if (o == NULL || o->slot != slot) {
        sr_say("there is no object %lu in slot %lu", handle, slot);
        return NULL;
    }
    if (o->generation != generation && !is_token_object(o)) {
        sr_say("session object %lu is gone: it belonged to a strongroomd that was restarted, or to the "
               "process that this one was forked from",
               handle);
        return NULL;
    }
    return o;
}

CK_RV sr_objects_place(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot, unsigned long generation,
                       struct sr_place *place)
{
    CK_RV rv = CKR_OK;

    memset(place, 0, sizeof(*place));
    (void)pthread_mutex_lock(&objects.lock);
    struct object *o = look_up(handle, slot, generation);
    if (o == NULL) {
        rv = CKR_OBJECT_HANDLE_INVALID;
    } else if (o->generation == generation) {
        place->daemon = o->daemon;
    } else {
        place->length = o->held->length;
        place->card = malloc(place->length);
        if (place->card != NULL)
            memcpy(place->card, o->held->bytes, place->length);
        else
            rv = CKR_HOST_MEMORY;
    }
    (void)pthread_mutex_unlock(&objects.lock);
    return rv;
}

void sr_objects_restored(CK_OBJECT_HANDLE handle, CK_OBJECT_HANDLE daemon, unsigned long generation)
{
    (void)pthread_mutex_lock(&objects.lock);
    struct object *o = sr_table_at(&objects, handle);
    if (o != NULL && o->generation < generation) {
        o->daemon = daemon;
        o->generation = generation;
    }
    (void)pthread_mutex_unlock(&objects.lock);
}

CK_RV sr_objects_renew(CK_OBJECT_HANDLE handle, struct sr_bytes card, unsigned long generation)
{
    struct held_card *held = hold(card.data, card.length);
    if (held == NULL) {
        sr_say("strongroomd's description of an object cannot be kept: no memory, or another version?");
        return CKR_DEVICE_ERROR;
    }
    (void)pthread_mutex_lock(&objects.lock);
    struct object *o = sr_table_at(&objects, handle);
    if (o != NULL) {
        o->daemon = held->card.handle;
        o->generation = generation;
        replace_card(o, held);
    }
    (void)pthread_mutex_unlock(&objects.lock);
    if (o == NULL)
        free(held);
    return CKR_OK;
}

/* An empty list allows every mechanism: a token without CKA_ALLOWED_MECHANISMS has none to tell. */
static bool allows(const struct sr_card *card, CK_MECHANISM_TYPE mechanism)
{
    size_t n = card->mechanisms.length / sizeof(mechanism);
    bool found = n == 0;
    for (size_t i = 0; !found && i < n; i++)
        found = memcmp(card->mechanisms.data + i * sizeof(mechanism), &mechanism, sizeof(mechanism)) == 0;
    return found;
}

CK_RV sr_objects_key(CK_OBJECT_HANDLE handle, CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism,
                     struct sr_key *key)
{
    (void)pthread_mutex_lock(&objects.lock);
    struct object *o = look_up(handle, slot, sr_link_generation());
    if (o != NULL) {
        const struct sr_card *card = &o->held->card;
        *key = (struct sr_key){.flags = card->flags,
                               .class = card->class,
                               .type = card->type,
                               .signature_max = card->signature_max,
                               .allowed = allows(card, mechanism)};
    }
    (void)pthread_mutex_unlock(&objects.lock);
    return o != NULL ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

void sr_objects_forget(CK_OBJECT_HANDLE handle)
{
    (void)pthread_mutex_lock(&objects.lock);
    struct object *o = sr_table_at(&objects, handle);
    if (o != NULL)
        discard(o);
    (void)pthread_mutex_unlock(&objects.lock);
}

void sr_objects_forget_of(CK_SESSION_HANDLE owner)
{
    struct object *o;
    (void)pthread_mutex_lock(&objects.lock);
    for (size_t i = 0; (o = at(i)) != NULL; i++) {
        if (in_use(o) && o->owner == owner && !is_token_object(o))
            discard(o);
    }
    (void)pthread_mutex_unlock(&objects.lock);
}

void sr_objects_forget_all(void)
{
    struct object *o;
    (void)pthread_mutex_lock(&objects.lock);
    for (size_t i = 0; (o = at(i)) != NULL; i++) {
        if (in_use(o))
            discard(o);
    }
    (void)pthread_mutex_unlock(&objects.lock);
}

void sr_objects_after_fork(void)
{
    sr_table_after_fork(&objects);
}
