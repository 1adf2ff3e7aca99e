/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "wire/page.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 20000
#define SIZE (SR_PAGE_ROOM + 64)

struct ends {
    struct sr_page *daemon;
    struct sr_page *client;
};

static struct ends both(void)
{
    int fd = -1;
    struct ends e = {.daemon = sr_page_make(&fd)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(e.daemon);
    CU_ASSERT_NOT_EQUAL(ftruncate(fd, 0), 0); /* sealed */
    e.client = sr_page_map(fd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e.client);
    (void)close(fd);
    return e;
}

static void end(struct ends *e)
{
    sr_page_unmap(e->daemon);
    sr_page_unmap(e->client);
}

static void an_answer_is_there_once(void)
{
    struct ends e = both();
    struct sr_buf b = SR_BUF_EMPTY;

    CU_ASSERT_FALSE(sr_page_answered(e.client, 7));
    sr_page_answer(e.daemon, 7, (const unsigned char *)"the answer", 10);
    CU_ASSERT_TRUE(sr_page_answered(e.client, 7));
    CU_ASSERT_FALSE(sr_page_answered(e.client, 8));
    CU_ASSERT_TRUE(sr_page_take(e.client, &b));
    CU_ASSERT_EQUAL_FATAL(b.length, 10);
    CU_ASSERT_EQUAL(memcmp(b.data, "the answer", 10), 0);
    /* What was taken is cleansed, in the memory that both have. */
    CU_ASSERT_PTR_NULL(memmem(e.daemon, SIZE, "the answer", 10));
    sr_buf_free(&b);
    end(&e);
}

static void one_that_does_not_fit_follows_on_the_socket(void)
{
    static unsigned char large[SR_PAGE_ROOM];
    struct ends e = both();
    struct sr_buf b = SR_BUF_EMPTY;

    sr_page_answer(e.daemon, 1, NULL, 0);
    CU_ASSERT_TRUE(sr_page_answered(e.client, 1));
    CU_ASSERT_TRUE(sr_page_take(e.client, &b));
    CU_ASSERT_EQUAL(b.length, 0);
    memset(large, 0x5a, sizeof(large));
    sr_page_answer(e.daemon, 2, large, sizeof(large));
    CU_ASSERT_TRUE(sr_page_take(e.client, &b));
    CU_ASSERT_EQUAL_FATAL(b.length, sizeof(large));
    CU_ASSERT_EQUAL(memcmp(b.data, large, sizeof(large)), 0);
    sr_buf_free(&b);
    end(&e);
}

struct answering {
    struct sr_page *page;
    _Atomic uint32_t asked;
};

static void *answer_all(void *arg)
{
    struct answering *a = arg;
    for (uint32_t number = 1; number <= ROUNDS; number++) {
        while (atomic_load(&a->asked) < number)
            ;
        sr_page_answer(a->page, number, (const unsigned char *)&number, sizeof(number));
    }
    return NULL;
}

/* Whoever goes to sleep just as the answer comes is woken: each sleep may take ten seconds. */
static void no_answer_is_slept_through(void)
{
    struct ends e = both();
    struct answering a = {.page = e.daemon};
    struct sr_buf b = SR_BUF_EMPTY;
    pthread_t thread;
    unsigned right = 0;

    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, answer_all, &a), 0);
    for (uint32_t number = 1; number <= ROUNDS; number++) {
        atomic_store(&a.asked, number);
        while (!sr_page_answered(e.client, number))
            sr_page_sleep(e.client, number, 10000);
        sr_buf_reset(&b);
        right += sr_page_take(e.client, &b) && b.length == sizeof(number) &&
                 memcmp(b.data, &number, sizeof(number)) == 0;
    }
    (void)pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(right, ROUNDS);
    sr_buf_free(&b);
    end(&e);
}

static void a_sleep_ends_without_an_answer(void)
{
    struct ends e = both();
    sr_page_sleep(e.client, 1, 1);
    CU_ASSERT_FALSE(sr_page_answered(e.client, 1));
    end(&e);
}

/* Is there memory at that address? */
static bool mapped(void *address)
{
    return msync(address, SIZE, MS_ASYNC) == 0;
}

static void a_forked_child_does_not_have_it(void)
{
    struct ends e = both();
    int status = -1;
    pid_t child;

    CU_ASSERT_TRUE(mapped(e.client));
    child = fork();
    if (child == 0)
        _exit(mapped(e.daemon) && !mapped(e.client) ? 0 : 1);
    CU_ASSERT_TRUE(child > 0 && waitpid(child, &status, 0) == child);
    CU_ASSERT_EQUAL(status, 0);
    end(&e);
}

/* The client trusts the daemon's memory as little as the daemon trusts the client. */
static void memory_that_is_no_page_is_refused(void)
{
    int fd = memfd_create("small", MFD_ALLOW_SEALING);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_PTR_NULL(sr_page_map(fd));
    CU_ASSERT_EQUAL(ftruncate(fd, SIZE), 0);
    CU_ASSERT_PTR_NULL(sr_page_map(fd)); /* it could be made smaller under us */
    (void)close(fd);
    CU_ASSERT_PTR_NULL(sr_page_map(-1));
}

/* A length beyond the page is no answer. The length is the third word. */
static void a_length_beyond_the_page_is_refused(void)
{
    static const uint32_t lengths[] = {SR_PAGE_ROOM + 1, 0x7fffffff, 0xffffffff};
    struct ends e = both();
    struct sr_buf b = SR_BUF_EMPTY;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        sr_page_answer(e.daemon, 1, (const unsigned char *)"x", 1);
        memcpy((unsigned char *)e.daemon + 8, &lengths[i], sizeof(lengths[i]));
        CU_ASSERT_FALSE(sr_page_take(e.client, &b));
    }
    sr_buf_free(&b);
    end(&e);
}

CU_TestInfo page_tests[] = {
    {"an answer is there once, and cleansed", an_answer_is_there_once},
    {"an answer that does not fit follows on the socket", one_that_does_not_fit_follows_on_the_socket},
    {"no answer is slept through", no_answer_is_slept_through},
    {"a sleep ends without an answer", a_sleep_ends_without_an_answer},
    {"a forked child does not have the page", a_forked_child_does_not_have_it},
    {"memory that is no page is refused", memory_that_is_no_page_is_refused},
    {"a length beyond the page is refused", a_length_beyond_the_page_is_refused},
    CU_TEST_INFO_NULL,
};
