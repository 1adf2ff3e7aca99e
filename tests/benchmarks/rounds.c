/* SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct crew {
    const struct bench_job *job;
    atomic_bool stop; /* of the round that runs */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* All below: under the lock. */
    unsigned round;
    unsigned active; /* threads with a lower index take part in the round */
    unsigned busy;   /* threads that have not finished the round, or their start */
    unsigned long operations;
    bool failed;
    bool quit;
};

struct member {
    struct crew *crew;
    unsigned index;
    pthread_t thread;
};

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) * 1e-9;
}

static unsigned long repeat(struct crew *crew, void *state, bool *fine)
{
    unsigned long n = 0;
    while (*fine && !atomic_load_explicit(&crew->stop, memory_order_relaxed)) {
        *fine = crew->job->once(state);
        n += *fine ? 1 : 0;
    }
    return n;
}

/* Called with the lock held. */
static void report(struct crew *crew, unsigned long operations, bool fine)
{
    crew->operations += operations;
    crew->failed = crew->failed || !fine;
    crew->busy--;
    (void)pthread_cond_broadcast(&crew->changed);
}

/* The threads live as long as the program: libraries keep things per thread, such as a connection. */
static void *member_main(void *arg)
{
    struct member *self = arg;
    struct crew *crew = self->crew;
    void *state = crew->job->start(crew->job->shared);
    bool fine = state != NULL && crew->job->once(state);

    (void)pthread_mutex_lock(&crew->lock);
    report(crew, 0, fine);
    for (unsigned seen = 0;;) {
        while (!crew->quit && crew->round == seen)
            (void)pthread_cond_wait(&crew->changed, &crew->lock);
        if (crew->quit)
            break;
        seen = crew->round;
        if (self->index >= crew->active)
            continue;
        (void)pthread_mutex_unlock(&crew->lock);
        unsigned long n = repeat(crew, state, &fine);
        (void)pthread_mutex_lock(&crew->lock);
        report(crew, n, fine);
    }
    (void)pthread_mutex_unlock(&crew->lock);
    if (state != NULL)
        crew->job->end(state);
    return NULL;
}

static double cpu_seconds(void)
{
    struct timespec now = {0};
    struct rusage children = {0}; /* which have ended */
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    (void)getrusage(RUSAGE_CHILDREN, &children);
    return (double)(now.tv_sec + children.ru_utime.tv_sec + children.ru_stime.tv_sec) +
           (double)now.tv_nsec * 1e-9 +
           (double)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1e-6;
}

static bool wait_until_idle(struct crew *crew)
{
    while (crew->busy > 0)
        (void)pthread_cond_wait(&crew->changed, &crew->lock);
    return !crew->failed;
}

static bool run_round(struct crew *crew, unsigned threads, long milliseconds)
{
    struct timespec length = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    struct timespec begin;
    struct timespec finish;
    double cpu = cpu_seconds();

    atomic_store(&crew->stop, false);
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    (void)pthread_mutex_lock(&crew->lock);
    crew->operations = 0;
    crew->active = crew->busy = threads;
    crew->round++;
    (void)pthread_cond_broadcast(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &length, &length) == EINTR)
        continue;
    atomic_store(&crew->stop, true);
    (void)pthread_mutex_lock(&crew->lock);
    bool fine = wait_until_idle(crew);
    (void)clock_gettime(CLOCK_MONOTONIC, &finish);
    cpu = cpu_seconds() - cpu;
    (void)printf("{\"operations\": %lu, \"seconds\": %.6f, \"cpu\": %.6f}\n", crew->operations,
                 seconds_between(&begin, &finish), cpu);
    (void)pthread_mutex_unlock(&crew->lock);
    return fine && fflush(stdout) == 0;
}

/* "go THREADS MILLISECONDS" */
static bool parse(char *line, unsigned started, unsigned long *threads, unsigned long *milliseconds)
{
    char *rest = line;
    if (strncmp(line, "go ", 3) != 0)
        return false;
    *threads = strtoul(line + 3, &rest, 10);
    *milliseconds = strtoul(rest, &rest, 10);
    return *rest == '\n' && *threads > 0 && *threads <= started && *milliseconds > 0 &&
           *milliseconds <= 3600000;
}

static bool serve(struct crew *crew, unsigned started, const char *about)
{
    char line[64];
    (void)printf("{\"ready\": true, \"about\": \"%s\"}\n", about);
    if (fflush(stdout) != 0)
        return false;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        unsigned long threads;
        unsigned long milliseconds;
        if (!parse(line, started, &threads, &milliseconds)) {
            (void)fprintf(stderr, "expected \"go THREADS MILLISECONDS\" with 1 to %u threads\n", started);
            return false;
        }
        if (!run_round(crew, (unsigned)threads, (long)milliseconds))
            return false;
    }
    return true;
}

int bench_serve(const struct bench_job *job, unsigned threads, const char *about)
{
    struct crew crew = {.job = job, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct member members[BENCH_THREADS_MAX];
    unsigned started = 0;

    while (started < threads && started < BENCH_THREADS_MAX) {
        members[started] = (struct member){.crew = &crew, .index = started};
        (void)pthread_mutex_lock(&crew.lock);
        crew.busy++;
        (void)pthread_mutex_unlock(&crew.lock);
        if (pthread_create(&members[started].thread, NULL, member_main, &members[started]) != 0) {
            (void)fprintf(stderr, "cannot start a thread\n");
            (void)pthread_mutex_lock(&crew.lock);
            report(&crew, 0, false);
            (void)pthread_mutex_unlock(&crew.lock);
            break;
        }
        started++;
    }
    (void)pthread_mutex_lock(&crew.lock);
    bool fine = wait_until_idle(&crew);
    (void)pthread_mutex_unlock(&crew.lock);
    fine = fine && serve(&crew, started, about);

    (void)pthread_mutex_lock(&crew.lock);
    crew.quit = true;
    (void)pthread_cond_broadcast(&crew.changed);
    (void)pthread_mutex_unlock(&crew.lock);
    while (started > 0)
        (void)pthread_join(members[--started].thread, NULL);
    return fine ? 0 : 1;
}
