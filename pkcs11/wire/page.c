/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/page.h"
#include "wire/shared.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LOOKS 32 /* a microsecond */

struct sr_page {
    _Atomic uint32_t answered; /* the number of the request that was answered last; a futex */
    _Atomic uint32_t asleep;   /* 1 while the client may be asleep on it */
    _Atomic uint32_t length;   /* of the answer */
    _Alignas(64) unsigned char answer[SR_PAGE_ROOM];
};

_Static_assert(sizeof(struct sr_page) % 4096 == 0, "whole pages");

struct sr_page *sr_page_make(int *fd)
{
    return sr_shared_make("strongroom-answers", sizeof(struct sr_page), fd);
}

static void futex(struct sr_page *page, int operation, uint32_t value, const struct timespec *timeout)
{
    (void)syscall(SYS_futex, &page->answered, operation, value, timeout, NULL, 0);
}

void sr_page_answer(struct sr_page *page, uint32_t number, const unsigned char *data, size_t length)
{
    if (length > 0)
        memcpy(page->answer, data, length);
    atomic_store(&page->length, (uint32_t)length);
    /* Either we see that the client goes to sleep, or it sees the number before it does. */
    atomic_store(&page->answered, number);
    if (atomic_load(&page->asleep) != 0)
        futex(page, FUTEX_WAKE, 1, NULL);
}

struct sr_page *sr_page_map(int fd)
{
    struct sr_page *page = sr_shared_map(fd, sizeof(*page));
    if (page != NULL && madvise(page, sizeof(*page), MADV_DONTFORK) != 0) {
        sr_page_unmap(page);
        page = NULL;
    }
    return page;
}

bool sr_page_answered(struct sr_page *page, uint32_t number)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load_explicit(&page->answered, memory_order_acquire) == number)
            return true;
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    return false;
}

void sr_page_sleep(struct sr_page *page, uint32_t number, long long most_ms)
{
    struct timespec most = {.tv_sec = (time_t)(most_ms / 1000), .tv_nsec = (long)(most_ms % 1000) * 1000000};

    atomic_store(&page->asleep, 1);
    uint32_t seen = atomic_load(&page->answered);
    if (seen != number)
        futex(page, FUTEX_WAIT, seen, &most);
    atomic_store(&page->asleep, 0);
}

bool sr_page_take(struct sr_page *page, struct sr_buf *b)
{
    size_t length = atomic_load(&page->length);
    if (length > SR_PAGE_ROOM || !sr_buf_reserve(b, length))
        return false;
    if (length == 0)
        return true;
    memcpy(b->data + b->length, page->answer, length);
    b->length += length;
    explicit_bzero(page->answer, length);
    return true;
}

void sr_page_unmap(struct sr_page *page)
{
    if (page != NULL)
        (void)munmap(page, sizeof(*page));
}
