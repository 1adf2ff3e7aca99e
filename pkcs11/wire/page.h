/* Answers through shared memory: a page of a busy connection, which the daemon writes and the client reads.
 *
 * A reply on the socket costs both ends three system calls; one in the page costs the daemon at most one, to
 * wake the client, and the client one, to sleep. Requests stay on the socket: the kernel says there who sent
 * them.
 *
 * The page is a memfd whose size the daemon seals. The daemon never reads from it what it would act upon, but
 * for whether somebody wants to be woken. The client copies an answer before it looks at it, and cleanses the
 * page. A forked child does not have the page: it could otherwise forge its parent's answers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_WIRE_PAGE_H
#define STRONGROOM_WIRE_PAGE_H

#include "wire/buffer.h"

#include <stdint.h>
#include <sys/types.h>

struct sr_page;

/* The longest answer that fits, header and body; a longer one goes over the socket. */
#define SR_PAGE_ROOM ((size_t)16384 - 64)

/* The daemon's: a new page, and in *FD a descriptor for the client, which the caller closes. NULL where there
 * is no memory for it (errno). */
struct sr_page *sr_page_make(int *fd);

/* The daemon's: the answer to the request NUMBER is these LENGTH bytes, at most SR_PAGE_ROOM; 0: it follows
 * on the socket. */
void sr_page_answer(struct sr_page *page, uint32_t number, const unsigned char *data, size_t length);

/* The client's: maps the page behind FD, which the caller closes. NULL where it cannot be, or is none. */
struct sr_page *sr_page_map(int fd);

/* The client's: is there an answer to the request NUMBER? Looks for a microsecond. */
bool sr_page_answered(struct sr_page *page, uint32_t number);

/* The client's: sleeps until there is, or a signal comes, or MOST_MS milliseconds are over. */
void sr_page_sleep(struct sr_page *page, uint32_t number, long long most_ms);

/* The client's, once it was answered: appends the answer to B and cleanses it here. Nothing is appended where
 * it follows on the socket. False where it is none, or out of memory. */
bool sr_page_take(struct sr_page *page, struct sr_buf *b);

/* Either end's. A process that has forked must not call it in the child: the page is not there, and something
 * else may be. PAGE may be NULL. */
void sr_page_unmap(struct sr_page *page);

#endif
