/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/object.h"
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/uri.h"
#include "daemon/custody.h"
#include "daemon/object_again.h"
#include "daemon/recover.h"
#include "wire/channel.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* How long an original that was destroyed from outside may still be used through its copy. */
#define CHECK_MS 1000

static struct sr_token_object **bucket_of(struct sr_token *token, CK_OBJECT_HANDLE real)
{
    return &token->objects[real % SR_OBJECT_BUCKETS];
}

struct sr_token_object *sr_object_known(struct sr_token *token, CK_OBJECT_HANDLE real)
{
    for (struct sr_token_object *o = *bucket_of(token, real); o != NULL; o = o->next)
        if (o->real == real)
            return o;
    return NULL;
}

/* What stands for the token's object that OBJECT stands or stood for, wherever the token has it; NULL where
 * it is gone. Under the token's lock. */
static struct sr_token_object *latest(struct sr_token_object *object)
{
    while (object->successor != NULL)
        object = object->successor;
    return object->gone ? NULL : object;
}

/* The same where its handle is known. */
static struct sr_token_object *current(struct sr_token_object *object)
{
    struct sr_token_object *now = latest(object);
    return now != NULL && now->real != CK_INVALID_HANDLE ? now : NULL;
}

/* The table's reference is the caller's then. */
void sr_object_unlink(struct sr_token_object *object)
{
    struct sr_token_object **at = bucket_of(object->token, object->real);
    while (*at != NULL && *at != object)
        at = &(*at)->next;
    if (*at == object)
        *at = object->next;
}

void sr_object_link(struct sr_token_object *object)
{
    struct sr_token_object **at = bucket_of(object->token, object->real);
    object->next = *at;
    *at = object;
}

static bool keep(struct sr_bytes *to, const CK_ATTRIBUTE *a)
{
    if (a->ulValueLen == 0)
        return true;
    to->data = malloc(a->ulValueLen);
    if (to->data == NULL)
        return false;
    memcpy(to->data, a->pValue, a->ulValueLen);
    to->length = a->ulValueLen;
    return true;
}

void sr_object_release(struct sr_token_object *object)
{
    while (object != NULL && atomic_fetch_sub(&object->refs, 1) == 1) {
        struct sr_token_object *successor = object->successor;
        free(object->card.id.data);
        free(object->card.label.data);
        free(object->card.digest.data);
        free(object->card.mechanisms.data);
        free(object->uri);
        free(object);
        object = successor;
    }
}

/* The attributes that allow an operation. */
static const struct {
    CK_ATTRIBUTE_TYPE type;
    enum sr_operation operation;
} usages[] = {
    {CKA_ENCRYPT, SR_OPERATION_ENCRYPT}, {CKA_DECRYPT, SR_OPERATION_DECRYPT},
    {CKA_SIGN, SR_OPERATION_SIGN},       {CKA_SIGN_RECOVER, SR_OPERATION_SIGN_RECOVER},
    {CKA_VERIFY, SR_OPERATION_VERIFY},   {CKA_VERIFY_RECOVER, SR_OPERATION_VERIFY_RECOVER},
    {CKA_WRAP, SR_OPERATION_WRAP},       {CKA_UNWRAP, SR_OPERATION_UNWRAP},
    {CKA_DERIVE, SR_OPERATION_DERIVE},
};
#define SR_USAGES (sizeof(usages) / sizeof(usages[0]))

/* The order in which describe() reads them. */
enum {
    A_CLASS,
    A_KEY_TYPE,
    A_TOKEN,
    A_PRIVATE,
    A_ID,
    A_LABEL,
    A_ALLOWED,
    A_MODULUS,
    A_EC_PARAMS,
    A_EC_POINT,
    A_CHECK_VALUE,
    A_USAGES,
    A_COUNT = A_USAGES + SR_USAGES
};

/* An EC private key does not hold its public point in SoftHSM: the public key with the same CKA_ID does. */
static CK_RV read_point(struct sr_token *token, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *id,
                        CK_ATTRIBUTE *point)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)}, *id};
    CK_OBJECT_HANDLE *found;
    size_t count;

    if (id->ulValueLen == 0)
        return CKR_OK;
    CK_RV rv = sr_find(token->module.f, session, template, 2, &found, &count);
    if (rv == CKR_OK && count == 1)
        rv = sr_attributes_read(token->module.f, session, found[0], point, 1);
    free(found);
    return rv;
}

static bool make_digest(struct sr_bytes *to, const CK_ATTRIBUTE *const *parts, size_t n)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += parts[i]->ulValueLen;
    if (total == 0)
        return true;
    unsigned char *all = malloc(total);
    if (all == NULL)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (parts[i]->ulValueLen > 0)
            memcpy(all + at, parts[i]->pValue, parts[i]->ulValueLen);
        at += parts[i]->ulValueLen;
    }
    bool ok = SHA256(all, total, digest) != NULL;
    free(all);
    CK_ATTRIBUTE value = {.pValue = digest, .ulValueLen = sizeof(digest)};
    return ok && keep(to, &value);
}

/* The longest signature or RSA block, from the size of the modulus or the curve; 0 where the curve is not
 * known. */
static CK_ULONG signature_max(CK_KEY_TYPE type, const CK_ATTRIBUTE *modulus, const CK_ATTRIBUTE *params)
{
    static const struct {
        unsigned char
            params[14]; /* CKA_EC_PARAMS: an OID, or for Edwards curves a name (PKCS#11 v3.0 §6.3.7) */
        size_t length;
        CK_ULONG signature;
    } curves[] = {
        {{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 10, 64}, /* P-256 */
        {{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22}, 7, 96},                    /* P-384 */
        {{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23}, 7, 132},                   /* P-521 */
        {{0x06, 0x03, 0x2b, 0x65, 0x70}, 5, 64},                                /* Ed25519 */
        {"\x13\x0c"
         "edwards25519",
         14, 64},
    };
    if (type == CKK_RSA)
        return modulus->ulValueLen;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (params->ulValueLen == curves[i].length &&
            memcmp(params->pValue, curves[i].params, curves[i].length) == 0)
            return curves[i].signature;
    return 0;
}

/* Room for the values of most objects, for one call to the token instead of two. */
#define VALUE_ROOM 64
#define MODULUS_ROOM 512
struct room {
    unsigned char modulus[MODULUS_ROOM];
    unsigned char others[A_COUNT][VALUE_ROOM];
};

/* Reads into ROOM; false where that is too small, or the token does not like to be asked so. */
static bool read_into(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE real, CK_ATTRIBUTE *a,
                      struct room *room)
{
    for (size_t i = 0; i < A_COUNT; i++) {
        a[i].pValue = i == A_MODULUS ? room->modulus : room->others[i];
        a[i].ulValueLen = i == A_MODULUS ? sizeof(room->modulus) : VALUE_ROOM;
    }
    CK_RV rv = f->C_GetAttributeValue(session, real, a, A_COUNT);
    bool good = rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID;
    for (size_t i = 0; i < A_COUNT; i++)
        if (a[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
            a[i].ulValueLen = 0;
    return good;
}

/* Reads what the card says. */
static CK_RV describe(struct sr_token_object *object, CK_SESSION_HANDLE session)
{
    static const CK_ATTRIBUTE_TYPE types[A_USAGES] = {
        [A_CLASS] = CKA_CLASS,
        [A_KEY_TYPE] = CKA_KEY_TYPE,
        [A_TOKEN] = CKA_TOKEN,
        [A_PRIVATE] = CKA_PRIVATE,
        [A_ID] = CKA_ID,
        [A_LABEL] = CKA_LABEL,
        [A_ALLOWED] = CKA_ALLOWED_MECHANISMS,
        [A_MODULUS] = CKA_MODULUS,
        [A_EC_PARAMS] = CKA_EC_PARAMS,
        [A_EC_POINT] = CKA_EC_POINT,
        [A_CHECK_VALUE] = CKA_CHECK_VALUE,
    };
    struct sr_token *token = object->token;
    struct sr_card *card = &object->card;
    CK_ATTRIBUTE a[A_COUNT] = {0};
    CK_ATTRIBUTE point = {.type = CKA_EC_POINT};
    struct room room;
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < A_USAGES; i++)
        a[i].type = types[i];
    for (size_t i = 0; i < SR_USAGES; i++)
        a[A_USAGES + i].type = usages[i].type;
    bool in_room = read_into(token->module.f, session, object->real, a, &room);
    if (!in_room)
        rv = sr_attributes_read(token->module.f, session, object->real, a, A_COUNT);
    if (rv != CKR_OK)
        goto out;
    card->class = sr_attribute_ulong(&a[A_CLASS], CK_UNAVAILABLE_INFORMATION);
    card->type = sr_attribute_ulong(&a[A_KEY_TYPE], CK_UNAVAILABLE_INFORMATION);
    if (card->class == CKO_PRIVATE_KEY && a[A_EC_PARAMS].ulValueLen > 0 && a[A_EC_POINT].ulValueLen == 0) {
        rv = read_point(token, session, &a[A_ID], &point);
        if (rv != CKR_OK)
            goto out;
    }
    object->reserved = sr_custody_reserved(a[A_LABEL].pValue, a[A_LABEL].ulValueLen);
    /* Programs that take a token's first key pair, or list all (ssh-keygen -D), would take this one. */
    object->hidden = sr_custody_own(a[A_LABEL].pValue, a[A_LABEL].ulValueLen);
    if (sr_attribute_bool(&a[A_TOKEN], false))
        card->flags |= SR_CARD_TOKEN;
    if (sr_attribute_bool(&a[A_PRIVATE], true))
        card->flags |= SR_CARD_PRIVATE;
    for (size_t i = 0; i < SR_USAGES && !object->reserved; i++)
        if (sr_attribute_bool(&a[A_USAGES + i], false))
            card->flags |= SR_CARD_MAY(usages[i].operation);
    card->signature_max = signature_max(card->type, &a[A_MODULUS], &a[A_EC_PARAMS]);
    const CK_ATTRIBUTE *const identity[] = {
        &a[A_MODULUS], &a[A_EC_PARAMS], point.ulValueLen > 0 ? &point : &a[A_EC_POINT], &a[A_CHECK_VALUE]};
    object->uri = sr_uri_of_object(token->config->label, a, A_COUNT);
    if (object->uri == NULL || !keep(&card->id, &a[A_ID]) || !keep(&card->label, &a[A_LABEL]) ||
        !keep(&card->mechanisms, &a[A_ALLOWED]) ||
        !make_digest(&card->digest, identity, sizeof(identity) / sizeof(identity[0])))
        rv = CKR_HOST_MEMORY;
out:
    sr_attributes_free(&point, 1);
    if (!in_room)
        sr_attributes_free(a, A_COUNT);
    return rv;
}

static unsigned long long next_serial(void)
{
    static atomic_ullong last;
    return atomic_fetch_add(&last, 1) + 1;
}

static struct sr_token_object *new_object(struct sr_token *token, CK_OBJECT_HANDLE real)
{
    static atomic_ulong lines;
    struct sr_token_object *object = calloc(1, sizeof(*object));
    if (object != NULL) {
        object->token = token;
        object->real = real;
        object->serial = next_serial();
        object->checked_ms = sr_now_ms();
        object->line = atomic_fetch_add(&lines, 1) + 1;
        atomic_init(&object->refs, 1);
    }
    return object;
}

CK_RV sr_object_describe(struct sr_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE real,
                         struct sr_token_object **object)
{
    struct sr_token_object *made = new_object(token, real);
    CK_RV rv = made != NULL ? describe(made, session) : CKR_HOST_MEMORY;
    if (rv != CKR_OK) {
        sr_object_release(made);
        made = NULL;
    }
    *object = made;
    return rv;
}

CK_RV sr_object_get(struct sr_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE real,
                    struct sr_token_object **object)
{
    CK_RV rv = CKR_OK;

    (void)pthread_mutex_lock(&token->lock);
    struct sr_token_object *o = sr_object_known(token, real);
    if (o == NULL) {
        /* Read without the lock: a token may take its time. Two threads may do so at once; the second one's
         * is dropped. */
        (void)pthread_mutex_unlock(&token->lock);
        struct sr_token_object *made;
        rv = sr_object_describe(token, session, real, &made);
        if (rv == CKR_OK)
            sr_object_meet(made, session);
        (void)pthread_mutex_lock(&token->lock);
        o = sr_object_known(token, real);
        if (o == NULL && rv == CKR_OK) {
            sr_object_link(made);
            o = made;
        } else {
            sr_object_release(made);
        }
    }
    if (o != NULL && o->hidden)
        rv = CKR_OBJECT_HANDLE_INVALID;
    else if (o != NULL)
        rv = CKR_OK;
    if (rv == CKR_OK) {
        atomic_fetch_add(&o->refs, 1);
        *object = o;
    }
    (void)pthread_mutex_unlock(&token->lock);
    return rv;
}

void sr_object_own(struct sr_token_object *object, const void *owner, CK_SESSION_HANDLE session)
{
    object->session = session;
    atomic_store(&object->owner, owner);
}

/* Makes the session copy, by the thread that set copy_tried, without the lock: others use the original
 * meanwhile. PKCS#11 v3.0 §5.7.2: where the key's attributes forbid a copy the original is used. The copy has
 * the original's attributes but for CKA_TOKEN; nobody changes these while they are copied. */
static void make_copy(struct sr_token_object *object)
{
    struct sr_token *token = object->token;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE session_object = {CKA_TOKEN, &no, sizeof(no)};
    struct sr_token_object *copy = NULL;
    CK_OBJECT_HANDLE real;

    (void)pthread_mutex_lock(&token->changes);
    CK_RV rv = object->gone
                   ? CKR_OBJECT_HANDLE_INVALID
                   : token->module.f->C_CopyObject(token->keeper, object->real, &session_object, 1, &real);
    (void)pthread_mutex_unlock(&token->changes);
    if (rv != CKR_OK)
        return;
    copy = new_object(token, real);
    (void)pthread_mutex_lock(&token->lock);
    bool wanted = copy != NULL && !object->gone;
    struct sr_token_object *seen = sr_object_known(token, real);
    if (seen != NULL) { /* a search was quicker, and took it for somebody's */
        seen->gone = true;
        sr_object_unlink(seen);
        sr_object_release(seen);
    }
    if (wanted) {
        copy->hidden = true;
        sr_object_link(copy);
        object->copy = real;
    }
    (void)pthread_mutex_unlock(&token->lock);
    if (wanted)
        return;
    (void)token->module.f->C_DestroyObject(token->keeper, real);
    sr_object_release(copy);
}

/* Takes the copy from the object, under the token's lock. It stays hidden until destroy_copy. */
static struct sr_token_object *take_copy(struct sr_token_object *object)
{
    struct sr_token_object *copy =
        object->copy != CK_INVALID_HANDLE ? sr_object_known(object->token, object->copy) : NULL;
    object->copy = CK_INVALID_HANDLE;
    return copy;
}

/* Destroys what take_copy gave, without the lock. COPY may be NULL. */
static void destroy_copy(struct sr_token_object *copy)
{
    if (copy == NULL)
        return;
    struct sr_token *token = copy->token;
    (void)token->module.f->C_DestroyObject(token->keeper, copy->real);
    (void)pthread_mutex_lock(&token->lock);
    sr_object_unlink(copy);
    (void)pthread_mutex_unlock(&token->lock);
    sr_object_release(copy);
}

/* Takes a dead object, whose handle is known, out of the table, under the token's lock, and its copy from it.
 */
static struct sr_token_object *bury(struct sr_token_object *object)
{
    struct sr_token_object *copy = take_copy(object);
    object->gone = true;
    sr_object_unlink(object);
    sr_object_release(object);
    return copy;
}

/* Is the original still there, and still the same? CKR_KEY_HANDLE_INVALID where it is not; another failure
 * where the token does not say. */
static CK_RV still_there(struct sr_token_object *object, CK_SESSION_HANDLE session)
{
    CK_ATTRIBUTE a[] = {{.type = CKA_CLASS}, {.type = CKA_ID}, {.type = CKA_LABEL}};
    const struct sr_card *card = &object->card;

    CK_RV rv = sr_attributes_read(object->token->module.f, session, object->real, a, 3);
    if (rv == CKR_OBJECT_HANDLE_INVALID) {
        sr_recover_check(object->token, rv); /* or was the whole token lost? */
        rv = sr_recover_met() ? rv : CKR_KEY_HANDLE_INVALID;
    }
    bool same = rv == CKR_OK && sr_attribute_ulong(&a[0], CK_UNAVAILABLE_INFORMATION) == card->class &&
                a[1].ulValueLen == card->id.length && a[2].ulValueLen == card->label.length &&
                (card->id.length == 0 || memcmp(a[1].pValue, card->id.data, card->id.length) == 0) &&
                (card->label.length == 0 || memcmp(a[2].pValue, card->label.data, card->label.length) == 0);
    sr_attributes_free(a, 3);
    return rv == CKR_OK && !same ? CKR_KEY_HANDLE_INVALID : rv;
}

/* Takes the token's lock; what stands for ASKED then, while nobody changes it. */
static struct sr_token_object *settled(struct sr_token_object *asked)
{
    struct sr_token *token = asked->token;
    for (;;) {
        (void)pthread_mutex_lock(&token->lock);
        struct sr_token_object *object = current(asked);
        if (object == NULL || !object->changing)
            return object;
        (void)pthread_mutex_unlock(&token->lock);
        (void)pthread_mutex_lock(&token->changes);
        (void)pthread_mutex_unlock(&token->changes);
    }
}

/* Both are called with the token's lock, which they leave meanwhile, and OBJECT, which settled(ASKED) gave.
 * They give what stands for ASKED afterwards. */

/* Looks whether the original is there; *RV as with still_there. */
static struct sr_token_object *check(struct sr_token_object *asked, struct sr_token_object *object,
                                     CK_SESSION_HANDLE session, CK_RV *rv)
{
    struct sr_token *token = object->token;
    struct sr_token_object *copy = NULL;

    object->checked_ms = sr_now_ms();
    atomic_fetch_add(&object->refs, 1);
    (void)pthread_mutex_unlock(&token->lock);
    *rv = still_there(object, session);
    struct sr_token_object *after = settled(asked);
    if (*rv == CKR_KEY_HANDLE_INVALID && after == object) {
        copy = bury(object);
        after = NULL;
    } else if (*rv == CKR_KEY_HANDLE_INVALID) {
        *rv = CKR_OK; /* it was changed: what is there now is as it should be */
    }
    sr_object_release(object);
    if (copy == NULL)
        return after;
    (void)pthread_mutex_unlock(&token->lock);
    destroy_copy(copy);
    return settled(asked);
}

static struct sr_token_object *with_copy(struct sr_token_object *asked, struct sr_token_object *object)
{
    object->copy_tried = true;
    if (!(object->card.flags & SR_CARD_TOKEN))
        return object;
    atomic_fetch_add(&object->refs, 1);
    (void)pthread_mutex_unlock(&object->token->lock);
    make_copy(object);
    sr_object_release(object);
    return settled(asked);
}

CK_RV sr_object_key(struct sr_token_object *asked, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *handle)
{
    struct sr_token_object *object = settled(asked);
    CK_RV rv = CKR_OK;

    if (object != NULL && object->copy != CK_INVALID_HANDLE && sr_now_ms() - object->checked_ms >= CHECK_MS)
        object = check(asked, object, session, &rv);
    if (object != NULL && rv == CKR_OK && !object->copy_tried)
        object = with_copy(asked, object);
    if (rv == CKR_OK && object == NULL)
        rv = CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK)
        *handle = object->copy != CK_INVALID_HANDLE ? object->copy : object->real;
    (void)pthread_mutex_unlock(&asked->token->lock);
    return rv;
}

void sr_object_drop_copy(struct sr_token_object *object)
{
    struct sr_token_object *copy = NULL;
    if (settled(object) == object) /* else it went when the object was changed, and there is another one */
        copy = take_copy(object);
    (void)pthread_mutex_unlock(&object->token->lock);
    destroy_copy(copy);
}

void sr_object_changing(struct sr_token_object *object, bool changing)
{
    (void)pthread_mutex_lock(&object->token->lock);
    struct sr_token_object *now = current(object);
    if (now != NULL)
        now->changing = changing;
    (void)pthread_mutex_unlock(&object->token->lock);
}

CK_RV sr_object_destroy(struct sr_token_object *object, CK_SESSION_HANDLE session)
{
    struct sr_token *token = object->token;
    struct sr_token_object *copy = NULL;
    CK_OBJECT_HANDLE real = object->real;

    if (real == CK_INVALID_HANDLE) /* of an earlier life: it is to be found again first */
        return CKR_OBJECT_HANDLE_INVALID;
    CK_RV rv = token->module.f->C_DestroyObject(session, real);
    if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID) {
        (void)pthread_mutex_lock(&token->lock);
        struct sr_token_object *now = current(object);
        if (now != NULL)
            copy = bury(now); /* it may have been renewed meanwhile */
        (void)pthread_mutex_unlock(&token->lock);
        destroy_copy(copy);
    }
    return rv;
}

/* Puts MADE in the place of OBJECT, under the token's lock; the copy is as with bury. */
static struct sr_token_object *succeed(struct sr_token_object *object, struct sr_token_object *made)
{
    made->line = object->line;
    made->session = object->session;
    atomic_store(&made->owner, atomic_load(&object->owner));
    atomic_fetch_add(&made->refs, 1);
    object->successor = made;
    atomic_store(&object->renewed, true); /* before it is gone: who sees that without the lock looks again */
    struct sr_token_object *copy = bury(object);
    sr_object_link(made);
    return copy;
}

CK_RV sr_object_renew(struct sr_token_object *object, CK_SESSION_HANDLE session,
                      struct sr_token_object **renewed)
{
    struct sr_token *token = object->token;
    struct sr_token_object *copy = NULL;
    struct sr_token_object *made;
    CK_RV rv = sr_object_describe(token, session, object->real, &made);

    (void)pthread_mutex_lock(&token->lock);
    struct sr_token_object *now = current(object);
    if (now != NULL && rv == CKR_OK) {
        copy = succeed(now, made);
        atomic_fetch_add(&made->refs, 1);
        *renewed = made;
    } else {
        /* What is known of it is not true any more: it is to be read anew. */
        if (now != NULL)
            copy = bury(now);
        rv = rv != CKR_OK ? rv : CKR_OBJECT_HANDLE_INVALID;
        sr_object_release(made);
    }
    (void)pthread_mutex_unlock(&token->lock);
    destroy_copy(copy);
    return rv;
}

struct sr_token_object *sr_object_current(struct sr_token_object *object)
{
    struct sr_token *token = object->token;
    (void)pthread_mutex_lock(&token->lock);
    struct sr_token_object *now = latest(object);
    if (now != NULL)
        atomic_fetch_add(&now->refs, 1);
    (void)pthread_mutex_unlock(&token->lock);
    return now;
}

void sr_objects_forget(struct sr_token *token)
{
    for (size_t i = 0; i < SR_OBJECT_BUCKETS; i++) {
        while (token->objects[i] != NULL) {
            struct sr_token_object *o = token->objects[i];
            token->objects[i] = o->next;
            atomic_store(&o->gone, true);
            sr_object_release(o);
        }
    }
    while (token->stale != NULL) {
        struct sr_token_object *o = token->stale;
        token->stale = o->next;
        atomic_store(&o->gone, true);
        sr_object_release(o);
    }
}
