/* Data keys: a call carries one value or many.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

#include <stdlib.h>
#include <string.h>

/* What the items of one message, and the answer to them, may take of its SR_FRAME_MAX bytes. */
#define ROOM ((size_t)900 << 10)
/* What an item takes besides its bytes: two lengths and what they are filled up with; in an answer also what
 * a value has around the data. */
#define AROUND 32
#define OVERHEAD 72

static enum strongroom_result too_long(struct strongroom_error *error, const char *what, const char *thing,
                                       size_t most)
{
    return sr_client_fail(error, STRONGROOM_INVALID, "%s: the %s is longer than %zu bytes", what, thing,
                          most);
}

/* The longest value in text: base64 of the longest data. */
static size_t longest(enum sr_call call)
{
    return call == SR_CALL_DATA_ENCRYPT ? SR_DATA_MAX : (SR_DATA_MAX + OVERHEAD + 8) / 3 * 4;
}

static enum strongroom_result check(const struct strongroom_data_item *item, enum sr_call call,
                                    const char *what, struct strongroom_error *error)
{
    if (item->context_length > SR_CONTEXT_MAX)
        return too_long(error, what, "context", SR_CONTEXT_MAX);
    if (item->length > longest(call))
        return too_long(error, what, call == SR_CALL_DATA_ENCRYPT ? "data" : "value", longest(call));
    return STRONGROOM_OK;
}

static size_t asked(const struct strongroom_data_item *item)
{
    return item->context_length + item->length + AROUND;
}

/* The most that an answer takes for the item: its bytes in base64, or why there are none. */
static size_t answered(const struct strongroom_data_item *item)
{
    size_t size = (item->length + OVERHEAD) / 3 * 4 + AROUND;
    return size > SR_ITEM_WHY_MAX + AROUND ? size : SR_ITEM_WHY_MAX + AROUND;
}

/* How many of COUNT items go into one message; at least one. */
static size_t fitting(const struct strongroom_data_item *items, size_t count)
{
    size_t request = 0;
    size_t reply = 0;
    size_t n = 0;
    while (n < count && n < SR_ITEMS_MAX && request + asked(&items[n]) <= ROOM &&
           reply + answered(&items[n]) <= ROOM) {
        request += asked(&items[n]);
        reply += answered(&items[n]);
        n++;
    }
    return n > 0 ? n : 1;
}

static enum strongroom_result make_request(const char *family, const struct strongroom_data_options *options,
                                           const char *what, struct sr_data_request *request,
                                           struct strongroom_error *error)
{
    *request = (struct sr_data_request){.family = sr_client_string(family)};
    if (options == NULL)
        return STRONGROOM_OK;
    if (options->flags & ~(unsigned)STRONGROOM_BINARY)
        return sr_client_fail(error, STRONGROOM_INVALID, "%s: unknown flags 0x%x", what, options->flags);
    if (options->key_length > SR_CONTEXT_MAX)
        return sr_client_fail(error, STRONGROOM_BAD, "%s: the data key is longer than any", what);
    if (options->key != NULL)
        request->key = sr_client_bytes(options->key, options->key_length);
    if (options->key != NULL && options->key_length == 0)
        return sr_client_fail(error, STRONGROOM_BAD, "%s: the data key is empty", what);
    request->min_version = options->min_version;
    request->flags = options->flags & STRONGROOM_BINARY ? SR_DATA_BINARY : 0;
    return STRONGROOM_OK;
}

/* A copy with a zero behind it; NULL when out of memory. */
static void *copied(struct sr_bytes bytes)
{
    unsigned char *copy = malloc(bytes.length + 1);
    if (copy == NULL)
        return NULL;
    if (bytes.length > 0)
        memcpy(copy, bytes.data, bytes.length);
    copy[bytes.length] = '\0';
    return copy;
}

/* The results, out of the answer. */
static enum strongroom_result take(unsigned char *answer, size_t size, const char *what,
                                   struct strongroom_data_item *items, size_t n,
                                   struct strongroom_error *error)
{
    struct sr_buf b = sr_buf_over(answer, size);

    for (size_t i = 0; i < n; i++) {
        CK_ULONG code = sr_buf_get_u64(&b);
        struct sr_bytes bytes = sr_buf_get_bytes(&b);
        enum strongroom_result result = sr_client_result(code);
        if (!sr_buf_ok(&b) || (code != 0 && result == STRONGROOM_OK))
            return sr_client_fail(error, STRONGROOM_FAILED,
                                  "%s: strongroomd's answer cannot be read: is it of another version?", what);
        items[i].out = copied(bytes);
        items[i].out_length = items[i].out != NULL ? bytes.length : 0;
        items[i].result = items[i].out != NULL ? result : STRONGROOM_NO_MEMORY;
    }
    return STRONGROOM_OK;
}

static size_t padded(size_t length)
{
    return (length + 7) & ~(size_t)7;
}

/* The items as they cross; to be freed with sr_buf_free. Its memory is taken at once: they fit into a
 * message. */
static struct sr_buf pack(const struct strongroom_data_item *items, size_t n)
{
    struct sr_buf packed = SR_BUF_EMPTY;
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += 2 * sizeof(uint64_t) + padded(items[i].context_length) + padded(items[i].length);
    packed.data = malloc(size);
    packed.capacity = packed.data != NULL ? size : 0;
    for (size_t i = 0; i < n; i++) {
        sr_buf_put_bytes(&packed, items[i].context, items[i].context_length);
        sr_buf_put_bytes(&packed, items[i].data, items[i].length);
    }
    return packed;
}

/* One message. */
static enum strongroom_result ask(strongroom *h, const char *what, enum sr_call call,
                                  struct sr_data_request *request, struct strongroom_data_item *items,
                                  size_t n, struct strongroom_error *error)
{
    struct sr_buf packed = pack(items, n);
    unsigned char *answer = NULL;
    size_t size = 0;
    enum strongroom_result result;

    if (sr_buf_ok(&packed)) {
        request->count = n;
        request->items = sr_client_bytes(packed.data, packed.length);
        result = sr_client_ask_bytes(h, what, call, request, &answer, &size, error);
    } else {
        result = sr_client_fail(error, STRONGROOM_NO_MEMORY, "%s: out of memory", what);
    }
    sr_buf_free(&packed);
    if (result == STRONGROOM_OK)
        result = take(answer, size, what, items, n, error);
    if (answer != NULL)
        explicit_bzero(answer, size);
    free(answer);
    return result;
}

/* Failures of the whole, as opposed to one of the only item that was asked for. */
static bool of_item(enum strongroom_result result)
{
    return result == STRONGROOM_BAD || result == STRONGROOM_WRONG_KEY || result == STRONGROOM_NOT_FOUND ||
           result == STRONGROOM_INVALID || result == STRONGROOM_CONFLICT || result == STRONGROOM_TAMPERED;
}

static void set_all(struct strongroom_data_item *items, size_t n, enum strongroom_result result,
                    const struct strongroom_error *error)
{
    for (size_t i = 0; i < n; i++) {
        free(items[i].out);
        items[i].result = result;
        items[i].out = strdup(error->text);
        items[i].out_length = items[i].out != NULL ? strlen(items[i].out) : 0;
    }
}

/* How many items from the first on can be sent; those that cannot get their result. */
static size_t sendable(struct strongroom_data_item *items, size_t count, enum sr_call call, const char *what)
{
    struct strongroom_error error;
    size_t n = 0;
    while (n < count && check(&items[n], call, what, &error) == STRONGROOM_OK)
        n++;
    if (n == 0)
        set_all(items, 1, STRONGROOM_INVALID, &error);
    return n;
}

static enum strongroom_result many(strongroom *h, const char *what, enum sr_call call, const char *family,
                                   const struct strongroom_data_options *options,
                                   struct strongroom_data_item *items, size_t count,
                                   struct strongroom_error *error)
{
    struct strongroom_error own;
    struct strongroom_error *why = error != NULL ? error : &own;
    struct sr_data_request request;

    for (size_t i = 0; i < count; i++)
        items[i].out = NULL;
    enum strongroom_result result = make_request(family, options, what, &request, why);
    size_t at = 0;
    while (at < count && result == STRONGROOM_OK) {
        size_t n = sendable(items + at, count - at, call, what);
        if (n == 0) {
            at++;
            continue;
        }
        n = fitting(items + at, n);
        result = ask(h, what, call, &request, items + at, n, why);
        if (n == 1 && of_item(result)) {
            set_all(items + at, 1, result, why);
            result = STRONGROOM_OK;
        }
        if (result == STRONGROOM_OK)
            at += n;
    }
    set_all(items + at, count - at, result, why);
    if (result == STRONGROOM_OK)
        why->text[0] = '\0';
    return result;
}

static enum strongroom_result one(strongroom *h, const char *what, enum sr_call call, const char *family,
                                  const struct strongroom_data_options *options,
                                  struct strongroom_data_item *item, void **out, size_t *length,
                                  struct strongroom_error *error)
{
    struct sr_data_request request;

    *out = NULL;
    *length = 0;
    enum strongroom_result result = make_request(family, options, what, &request, error);
    if (result == STRONGROOM_OK)
        result = check(item, call, what, error);
    if (result == STRONGROOM_OK)
        result = ask(h, what, call, &request, item, 1, error);
    if (result == STRONGROOM_OK && item->out == NULL)
        result = sr_client_fail(error, STRONGROOM_NO_MEMORY, "%s: out of memory", what);
    if (result != STRONGROOM_OK)
        return result;
    *out = item->out;
    *length = item->out_length;
    return STRONGROOM_OK;
}

enum strongroom_result strongroom_data_new_key(strongroom *h, const char *family, unsigned flags, void **key,
                                               size_t *length, struct strongroom_error *error)
{
    static const char what[] = "making the data key";
    const struct strongroom_data_options options = {.flags = flags};
    struct sr_data_request request;
    unsigned char *bytes = NULL;

    *length = 0;
    enum strongroom_result result = make_request(family, &options, what, &request, error);
    if (result == STRONGROOM_OK)
        result = sr_client_ask_bytes(h, what, SR_CALL_DATA_NEW_KEY, &request, &bytes, length, error);
    *key = bytes;
    return result;
}

enum strongroom_result strongroom_data_encrypt(strongroom *h, const char *family,
                                               const struct strongroom_data_options *options,
                                               const void *context, size_t context_length, const void *data,
                                               size_t length, void **value, size_t *value_length,
                                               struct strongroom_error *error)
{
    struct strongroom_data_item item = {context, context_length, data, length, STRONGROOM_OK, NULL, 0};
    return one(h, "encrypting", SR_CALL_DATA_ENCRYPT, family, options, &item, value, value_length, error);
}

enum strongroom_result strongroom_data_decrypt(strongroom *h, const char *family,
                                               const struct strongroom_data_options *options,
                                               const void *context, size_t context_length, const void *value,
                                               size_t value_length, void **data, size_t *length,
                                               struct strongroom_error *error)
{
    struct strongroom_data_item item = {context, context_length, value, value_length, STRONGROOM_OK, NULL, 0};
    return one(h, "decrypting", SR_CALL_DATA_DECRYPT, family, options, &item, data, length, error);
}

enum strongroom_result strongroom_data_rewrap(strongroom *h, const char *family,
                                              const struct strongroom_data_options *options,
                                              const void *context, size_t context_length, const void *old,
                                              size_t old_length, void **fresh, size_t *fresh_length,
                                              struct strongroom_error *error)
{
    struct strongroom_data_item item = {context, context_length, old, old_length, STRONGROOM_OK, NULL, 0};
    return one(h, "rewrapping", SR_CALL_DATA_REWRAP, family, options, &item, fresh, fresh_length, error);
}

enum strongroom_result strongroom_data_encrypt_many(strongroom *h, const char *family,
                                                    const struct strongroom_data_options *options,
                                                    struct strongroom_data_item *items, size_t count,
                                                    struct strongroom_error *error)
{
    return many(h, "encrypting", SR_CALL_DATA_ENCRYPT, family, options, items, count, error);
}

enum strongroom_result strongroom_data_decrypt_many(strongroom *h, const char *family,
                                                    const struct strongroom_data_options *options,
                                                    struct strongroom_data_item *items, size_t count,
                                                    struct strongroom_error *error)
{
    return many(h, "decrypting", SR_CALL_DATA_DECRYPT, family, options, items, count, error);
}

enum strongroom_result strongroom_data_rewrap_many(strongroom *h, const char *family,
                                                   const struct strongroom_data_options *options,
                                                   struct strongroom_data_item *items, size_t count,
                                                   struct strongroom_error *error)
{
    return many(h, "rewrapping", SR_CALL_DATA_REWRAP, family, options, items, count, error);
}

enum strongroom_result strongroom_data_list(strongroom *h, const char *family, char **json,
                                            struct strongroom_error *error)
{
    const struct sr_family_request request = {sr_client_string(family)};
    return sr_client_ask_text(h, "listing the data keys", SR_CALL_DATA_LIST, &request, json, error);
}
