/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/turn_away.h"

#include "daemon/flood.h"
#include "wire/frame.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Who is turned away says hello all the same and reads the answer that lies there, for which its connection
 * has to be open: the last so many are. */
#define LAST 64

static int last[LAST]; /* descriptors; 0: none */
static size_t next;

static void keep_for_a_while(int fd)
{
    if (last[next] > 0)
        (void)close(last[next]);
    last[next] = fd;
    next = (next + 1) % LAST;
}

void sr_turn_away(int fd, const struct sr_socket_config *socket, uid_t uid, const struct sr_why *why)
{
    static struct sr_flood flood;
    struct sr_frame hello = {.number = 1, .call = SR_CALL_HELLO};
    struct sr_buf answer = SR_BUF_EMPTY;
    char text[sizeof(why->text) + 64];

    sr_flood_log(&flood, "refused: uid %u, socket %s, a connection: %s", (unsigned)uid, socket->path,
                 why->text);
    (void)snprintf(text, sizeof(text), "strongroomd refuses a connection: %s", why->text);
    sr_frame_begin(&answer);
    sr_buf_put_u64(&answer, CKR_DEVICE_ERROR);
    sr_buf_put_bytes(&answer, text, strlen(text));
    sr_frame_end(&answer, &hello);
    if (sr_buf_ok(&answer))
        (void)send(fd, answer.data, answer.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    sr_buf_free(&answer);
    keep_for_a_while(fd);
}
