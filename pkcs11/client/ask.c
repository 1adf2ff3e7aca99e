/* One question, one answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

#include <stdlib.h>
#include <string.h>

struct sr_bytes sr_client_bytes(const void *data, size_t length)
{
    return (struct sr_bytes){.length = length, .data = (unsigned char *)data};
}

struct sr_bytes sr_client_string(const char *string)
{
    return sr_client_bytes(string, strlen(string));
}

enum strongroom_result sr_client_ask_held(strongroom *h, const char *what, enum sr_call call,
                                          const void *request, void *reply, struct strongroom_error *error)
{
    /* strongroomd may have been restarted since, which shows when the connection is used. */
    bool again = sr_channel_ours(&h->channel) && sr_call_row(call)->repeatable;
    enum strongroom_result result = sr_client_connect(h, error);

    if (result == STRONGROOM_OK)
        result = sr_client_call(h, what, call, request, reply, error);
    if (result != STRONGROOM_ABSENT || !again)
        return result;
    result = sr_client_connect(h, error);
    return result == STRONGROOM_OK ? sr_client_call(h, what, call, request, reply, error) : result;
}

static void forget(struct strongroom_error *error)
{
    if (error != NULL)
        error->text[0] = '\0';
}

enum strongroom_result sr_client_ask(strongroom *h, const char *what, enum sr_call call, const void *request,
                                     void *reply, struct strongroom_error *error)
{
    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result = sr_client_ask_held(h, what, call, request, reply, error);
    (void)pthread_mutex_unlock(&h->lock);
    if (result == STRONGROOM_OK)
        forget(error);
    return result;
}

enum strongroom_result sr_client_ask_bytes(strongroom *h, const char *what, enum sr_call call,
                                           const void *request, unsigned char **bytes, size_t *size,
                                           struct strongroom_error *error)
{
    struct sr_bytes_reply reply = {0};

    *bytes = NULL;
    *size = 0;
    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result = sr_client_ask_held(h, what, call, request, &reply, error);
    unsigned char *copy = result == STRONGROOM_OK ? malloc(reply.data.length + 1) : NULL;
    if (copy != NULL) {
        if (reply.data.length > 0)
            memcpy(copy, reply.data.data, reply.data.length);
        copy[reply.data.length] = '\0';
        *bytes = copy;
        *size = reply.data.length;
        sr_buf_reset(&h->channel.in); /* it may be a secret: it is left in the caller's copy alone */
    } else if (result == STRONGROOM_OK) {
        result = sr_client_fail(error, STRONGROOM_NO_MEMORY, "%s: out of memory", what);
    }
    sr_buf_reset(&h->channel.in);
    (void)pthread_mutex_unlock(&h->lock);
    if (result == STRONGROOM_OK)
        forget(error);
    return result;
}

enum strongroom_result sr_client_ask_text(strongroom *h, const char *what, enum sr_call call,
                                          const void *request, char **text, struct strongroom_error *error)
{
    unsigned char *bytes;
    size_t size;
    enum strongroom_result result = sr_client_ask_bytes(h, what, call, request, &bytes, &size, error);
    *text = (char *)bytes;
    return result;
}
