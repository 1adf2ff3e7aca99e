/* What every load program is: a few threads that repeat one operation for as long as they are told to.
 *
 * tests/bench keeps the programs of all cases open and lets them take turns, so that each round compares what
 * ran within the same few seconds, without start-up costs. It writes lines "go THREADS MILLISECONDS" to
 * standard input and reads one line of JSON for each. The end of the input ends the program.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_BENCH_ROUNDS_H
#define STRONGROOM_BENCH_ROUNDS_H

#include <stdbool.h>

#define BENCH_THREADS_MAX 16

struct bench_job {
    void *shared;                 /* handed to start */
    void *(*start)(void *shared); /* a thread's own state; NULL on failure, said on standard error */
    bool (*once)(void *state);    /* the operation; false on failure, said on standard error */
    void (*end)(void *state);
};

/* Starts THREADS (at most BENCH_THREADS_MAX) threads, each of which does the operation once to warm up, then
 * serves standard input as above:
 *   {"ready": true, "about": "ABOUT"}
 *   {"operations": N, "seconds": S, "cpu": S}      for each "go"; cpu is this process's, user and system
 * ABOUT is plain text without quotes and backslashes. Returns the program's exit status: 1 once an operation
 * failed. */
int bench_serve(const struct bench_job *job, unsigned threads, const char *about);

#endif
