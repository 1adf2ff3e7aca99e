/* SPDX-License-Identifier: Apache-2.0 */
/* Signs with one key in several threads, through OpenSSL, for at least so many seconds and so many
 * signatures, and until a file is there. Says "ready PID" after the first signature, and at the end how many
 * were made. Any failure is the program's. */
#include "openssl_key.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64

static EVP_PKEY *key;
static time_t until;
static unsigned long wanted;
static const char *sign_of_end; /* NULL: none is waited for */
static atomic_ulong made;
static atomic_bool failed;

static bool over(void)
{
    return atomic_load(&made) >= wanted && time(NULL) >= until &&
           (sign_of_end == NULL || access(sign_of_end, F_OK) == 0);
}

static void *work(void *arg)
{
    (void)arg;
    while (!failed && !over()) {
        if (!key_sign(key)) {
            failed = true;
            break;
        }
        if (atomic_fetch_add(&made, 1) == 0) {
            printf("ready %d\n", (int)getpid());
            (void)fflush(stdout);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    long n = argc == 5 || argc == 6 ? strtol(argv[2], NULL, 10) : 0;

    if (n < 1 || n > THREADS_MAX) {
        fputs("usage: sign-load URI THREADS SECONDS SIGNATURES [FILE]\n", stderr);
        return 2;
    }
    wanted = strtoul(argv[4], NULL, 10);
    sign_of_end = argv[5];
    key = key_load(argv[1]);
    if (key == NULL)
        return 1;
    until = time(NULL) + strtol(argv[3], NULL, 10);
    for (long i = 0; i < n; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
            fputs("sign-load: no thread\n", stderr);
            return 1;
        }
    }
    for (long i = 0; i < n; i++)
        (void)pthread_join(threads[i], NULL);
    EVP_PKEY_free(key);
    printf("%lu signatures\n", atomic_load(&made));
    return failed ? 1 : 0;
}
