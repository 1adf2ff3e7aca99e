/* A handle of the public API: one channel, one call at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLIENT_HANDLE_H
#define STRONGROOM_CLIENT_HANDLE_H

#include "strongroom/strongroom.h"
#include "wire/channel.h"

#include <pthread.h>
#include <stdbool.h>

struct strongroom {
    pthread_mutex_t lock; /* held for the length of a public function */
    char *path;
    struct sr_channel channel;
    unsigned char client[SR_CLIENT_ID];
};

/* Sets ERROR (may be NULL), cutting what is too long, and returns RESULT. */
enum strongroom_result sr_client_fail(struct strongroom_error *error, enum strongroom_result result,
                                      const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Connects where the channel is closed. The lock is held, or nobody else knows H yet. */
enum strongroom_result sr_client_connect(strongroom *h, struct strongroom_error *error);

/* One call on a connected handle, whose lock is held. WHAT says what was asked, for the message. REPLY (may
 * be NULL) points into the channel until the next call. */
enum strongroom_result sr_client_call(strongroom *h, const char *what, enum sr_call call, const void *request,
                                      void *reply, struct strongroom_error *error);

/* The same in two steps, for work in between. */
enum strongroom_result sr_client_send(strongroom *h, const char *what, enum sr_call call, const void *request,
                                      struct strongroom_error *error);
enum strongroom_result sr_client_receive(strongroom *h, const char *what, enum sr_call call, void *reply,
                                         struct strongroom_error *error);

/* One call by itself, with the lock held: connects and calls. What may be repeated is, once, where the
 * connection had broken since the last call. REPLY as above. */
enum strongroom_result sr_client_ask_held(strongroom *h, const char *what, enum sr_call call,
                                          const void *request, void *reply, struct strongroom_error *error);

/* One call by itself: takes the lock and does the above. REPLY (may be NULL) has no byte strings. */
enum strongroom_result sr_client_ask(strongroom *h, const char *what, enum sr_call call, const void *request,
                                     void *reply, struct strongroom_error *error);

/* The same for a call whose reply is a text (struct sr_bytes_reply). *TEXT is to be freed with free(); NULL
 * on failure. */
enum strongroom_result sr_client_ask_text(strongroom *h, const char *what, enum sr_call call,
                                          const void *request, char **text, struct strongroom_error *error);

/* The same for a call whose reply is bytes: *SIZE of them, and a zero behind them. To be cleansed, for they
 * may be secret, and freed with free(); NULL on failure. */
enum strongroom_result sr_client_ask_bytes(strongroom *h, const char *what, enum sr_call call,
                                           const void *request, unsigned char **bytes, size_t *size,
                                           struct strongroom_error *error);

/* What a job's code (enum sr_job_code) is for the caller; STRONGROOM_OK for 0 and for what is no code. */
enum strongroom_result sr_client_result(CK_ULONG code);

/* A caller's memory as the wire takes it. */
struct sr_bytes sr_client_bytes(const void *data, size_t length);
struct sr_bytes sr_client_string(const char *string);

#endif
