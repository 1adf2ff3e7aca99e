/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PATH "/run/strongroom/socket"
#define CONNECT_MS 5000
#define CALL_MS 10000
#define SLOW_CALL_MS 180000 /* a smart card makes an RSA key */

enum strongroom_result sr_client_fail(struct strongroom_error *error, enum strongroom_result result,
                                      const char *format, ...)
{
    va_list args;
    if (error != NULL) {
        va_start(args, format);
        (void)vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
    }
    return result;
}

enum strongroom_result sr_client_result(CK_ULONG code)
{
    static const enum strongroom_result results[] = {
        [SR_CODE_INVALID] = STRONGROOM_INVALID, [SR_CODE_NOT_FOUND] = STRONGROOM_NOT_FOUND,
        [SR_CODE_EXISTS] = STRONGROOM_EXISTS,   [SR_CODE_REFUSED] = STRONGROOM_CONFLICT,
        [SR_CODE_BAD] = STRONGROOM_BAD,         [SR_CODE_TAMPERED] = STRONGROOM_TAMPERED,
        [SR_CODE_FAILED] = STRONGROOM_FAILED,   [SR_CODE_WRONG_KEY] = STRONGROOM_WRONG_KEY,
    };
    return code < sizeof(results) / sizeof(results[0]) ? results[code] : STRONGROOM_OK;
}

/* The channel's failure in our terms. */
static enum strongroom_result broken(const strongroom *h, enum sr_channel_status status,
                                     struct strongroom_error *error)
{
    switch (status) {
    case SR_CHANNEL_REFUSED:
        return sr_client_fail(error, STRONGROOM_REFUSED, "%s", h->channel.why);
    case SR_CHANNEL_TIMEOUT:
        return sr_client_fail(
            error, STRONGROOM_TIMEOUT,
            "strongroomd does not answer on %s: see whether it is stopped or its token hangs", h->path);
    default:
        return sr_client_fail(error, STRONGROOM_ABSENT, "%s", h->channel.why);
    }
}

enum strongroom_result sr_client_connect(strongroom *h, struct strongroom_error *error)
{
    bool joined; /* of no interest: nothing is kept in the daemon between two calls */

    if (sr_channel_ours(&h->channel))
        return STRONGROOM_OK;
    sr_channel_close(&h->channel);
    enum sr_channel_status status =
        sr_channel_open(&h->channel, h->path, h->client, &joined, sr_now_ms() + CONNECT_MS);
    if (status != SR_CHANNEL_OK)
        return broken(h, status, error);
    return STRONGROOM_OK;
}

/* A return value in our terms. */
static enum strongroom_result answered(const strongroom *h, const char *what, CK_RV rv,
                                       struct strongroom_error *error)
{
    const char *why = h->channel.why;

    switch (rv) {
    case CKR_OK:
        return STRONGROOM_OK;
    case CKR_FUNCTION_REJECTED:
    case CKR_ACTION_PROHIBITED:
        return sr_client_fail(error, STRONGROOM_REFUSED, "%s: %s", what,
                              *why != '\0' ? why
                                           : "strongroomd does not allow it; its log says which rule it was");
    case CKR_HOST_MEMORY:
        return sr_client_fail(error, STRONGROOM_NO_MEMORY, "%s: out of memory", what);
    default:
        if (rv > SR_CKR_JOB(0) && sr_client_result(rv - SR_CKR_JOB(0)) != STRONGROOM_OK)
            return sr_client_fail(error, sr_client_result(rv - SR_CKR_JOB(0)), "%s: %s", what, why);
        return sr_client_fail(error, STRONGROOM_FAILED, "%s: %s (0x%lx)", what,
                              *why != '\0' ? why : "the token refused; strongroomd's log may say more", rv);
    }
}

static long long deadline_of(enum sr_call call)
{
    return sr_now_ms() + (sr_call_row(call)->slow ? SLOW_CALL_MS : CALL_MS);
}

enum strongroom_result sr_client_send(strongroom *h, const char *what, enum sr_call call, const void *request,
                                      struct strongroom_error *error)
{
    CK_RV rv;
    enum sr_channel_status status = sr_channel_send(&h->channel, call, request, deadline_of(call), &rv);
    return status == SR_CHANNEL_OK ? answered(h, what, rv, error) : broken(h, status, error);
}

enum strongroom_result sr_client_receive(strongroom *h, const char *what, enum sr_call call, void *reply,
                                         struct strongroom_error *error)
{
    CK_RV rv;
    enum sr_channel_status status = sr_channel_receive(&h->channel, call, reply, deadline_of(call), &rv);
    return status == SR_CHANNEL_OK ? answered(h, what, rv, error) : broken(h, status, error);
}

enum strongroom_result sr_client_call(strongroom *h, const char *what, enum sr_call call, const void *request,
                                      void *reply, struct strongroom_error *error)
{
    enum strongroom_result result = sr_client_send(h, what, call, request, error);
    return result == STRONGROOM_OK ? sr_client_receive(h, what, call, reply, error) : result;
}

enum strongroom_result strongroom_open(const char *path, strongroom **handle, struct strongroom_error *error)
{
    *handle = NULL;
    if (error != NULL)
        error->text[0] = '\0';
    if (path == NULL)
        path = secure_getenv("STRONGROOM_SOCKET");
    if (path == NULL || *path == '\0')
        path = DEFAULT_PATH;

    strongroom *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return sr_client_fail(error, STRONGROOM_NO_MEMORY, "out of memory");
    h->channel = SR_CHANNEL_CLOSED;
    (void)pthread_mutex_init(&h->lock, NULL); /* cannot fail with default attributes */
    h->path = strdup(path);
    enum strongroom_result result = h->path != NULL
                                        ? sr_client_connect(h, error)
                                        : sr_client_fail(error, STRONGROOM_NO_MEMORY, "out of memory");
    if (result != STRONGROOM_OK) {
        strongroom_close(h);
        return result;
    }
    *handle = h;
    return STRONGROOM_OK;
}

void strongroom_close(strongroom *h)
{
    if (h == NULL)
        return;
    sr_channel_close(&h->channel);
    (void)pthread_mutex_destroy(&h->lock);
    free(h->path);
    free(h);
}
