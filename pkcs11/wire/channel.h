/* The client's end of one connection: connecting, the hello, one call at a time, each with a deadline.
 *
 * Used by one thread at a time. A channel that failed is closed; its user opens another.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_CHANNEL_H
#define STRONGROOM_WIRE_CHANNEL_H

#include "wire/calls.h"
#include "wire/pace.h"
#include "wire/page.h"

#include <sys/types.h>
#include <time.h>

#define SR_WHY_MAX 400

enum sr_channel_status {
    SR_CHANNEL_OK,
    SR_CHANNEL_ABSENT,  /* nobody listens at the path */
    SR_CHANNEL_REFUSED, /* the daemon, or the socket's mode, does not admit us; trying again will not help */
    SR_CHANNEL_LOST,    /* the connection broke before the answer came */
    SR_CHANNEL_TIMEOUT, /* no answer in time */
};

struct sr_channel {
    int fd;       /* -1: closed */
    dev_t device; /* what the descriptor was when it was ours: programs close and reuse descriptors */
    ino_t inode;
    pid_t owner;      /* who opened it: a forked child has a connection of its own */
    CK_ULONG version; /* of the wire */
    uint32_t number;  /* of the last request */
    long timeout_ms;  /* that the socket is set to */
    struct sr_pace pace;
    struct sr_page *page;  /* where answers come; NULL: on the socket */
    unsigned char *buffer; /* for bulk data: two halves; NULL: not asked for */
    size_t half;
    int passed;           /* a descriptor that came with a reply, for whoever takes it; else -1 */
    struct sr_buf out;    /* the request */
    struct sr_buf in;     /* the reply, which decoded byte strings point into until the next call */
    char why[SR_WHY_MAX]; /* the last failure in words */
};

#define SR_CHANNEL_CLOSED ((struct sr_channel){.fd = -1, .passed = -1})

/* Milliseconds on the monotonic clock. */
long long sr_now_ms(void);

/* Connects to the Unix socket at PATH and says hello. CLIENT (SR_CLIENT_ID bytes) is the client to join, all
 * zeros for a new one; on success it holds the one that was given, and *JOINED whether it is the one asked
 * for. On failure the channel is closed and why is set. DEADLINE as from sr_now_ms. */
enum sr_channel_status sr_channel_open(struct sr_channel *ch, const char *path,
                                       unsigned char client[SR_CLIENT_ID], bool *joined, long long deadline);

/* One call: sends REQUEST (laid out as CALL's row says, may be NULL where it has no fields), waits for the
 * answer, sets *RV to the daemon's return value and, after CKR_OK, fills REPLY (may be NULL). Where *RV is
 * not CKR_OK, why holds the daemon's explanation. On a status other than SR_CHANNEL_OK the channel is closed,
 * and *RV is CKR_DEVICE_ERROR. */
enum sr_channel_status sr_channel_call(struct sr_channel *ch, enum sr_call call, const void *request,
                                       void *reply, long long deadline, CK_RV *rv);

/* The same in two steps, for a client that has work to do in between: after SR_CHANNEL_OK and *RV CKR_OK the
 * request is on its way, and nothing else is called before its answer was received. */
enum sr_channel_status sr_channel_send(struct sr_channel *ch, enum sr_call call, const void *request,
                                       long long deadline, CK_RV *rv);
enum sr_channel_status sr_channel_receive(struct sr_channel *ch, enum sr_call call, void *reply,
                                          long long deadline, CK_RV *rv);

/* Sees to it that the channel has a buffer for bulk data, with halves of SR_BULK_MAX bytes at least. A forked
 * child does not have it. On a status other than SR_CHANNEL_OK the channel is closed; where *RV is not
 * CKR_OK, there is no buffer. */
enum sr_channel_status sr_channel_buffer(struct sr_channel *ch, long long deadline, CK_RV *rv);

/* Is the descriptor still the socket that this process opened? */
bool sr_channel_ours(const struct sr_channel *ch);

/* The same, and the daemon has not closed it. Between two calls only: a daemon never sends what was not asked
 * for. */
bool sr_channel_alive(const struct sr_channel *ch);

/* Closes the descriptor if it is still the socket, cleanses and frees the buffers. Safe on a closed channel;
 * why stays. */
void sr_channel_close(struct sr_channel *ch);

/* In a forked child, of a channel that another thread of the parent may have been using: closes the
 * descriptor. The buffers, whose state is unknown, are left alone. */
void sr_channel_abandon(struct sr_channel *ch);

#endif
