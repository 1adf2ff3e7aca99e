/* bench_totp: verdicts on codes of second factors, by libstrongroom.
 *
 * All users have the same seed, SHA-1, 6 digits and 30 seconds; users take turns in a mixed order, so that of
 * many none is asked for twice while it is remembered. A code is accepted once: with few users most of them
 * are found to be used already, which takes the same HMACs and writes nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include <openssl/hmac.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strongroom/strongroom.h>
#include <time.h>

#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define SEED "12345678901234567890"
#define STRIDE 611953UL /* a prime: with it all users have their turn */
#define NAME_SIZE 48

static const char usage[] = "usage: bench_totp import FAMILY USERS   makes them\n"
                            "       bench_totp verify FAMILY USERS   so many of them take turns\n"
                            "Then on standard input: go THREADS MILLISECONDS\n";

struct shared {
    const char *family;
    unsigned long users;
    atomic_ulong turn;
};

struct state {
    struct shared *shared;
    strongroom *daemon;
};

static bool said(enum strongroom_result result, const struct strongroom_error *error)
{
    if (result != STRONGROOM_OK)
        (void)fprintf(stderr, "%s\n", error->text);
    return result == STRONGROOM_OK;
}

static void name_user(unsigned long number, char name[NAME_SIZE])
{
    (void)snprintf(name, NAME_SIZE, "user-%07lu@example.org", number);
}

static int import(const char *family, unsigned long users)
{
    static char names[STRONGROOM_TOTP_BATCH][NAME_SIZE];
    static struct strongroom_totp_seed seeds[STRONGROOM_TOTP_BATCH];
    strongroom *daemon;
    struct strongroom_error error;
    bool fine = said(strongroom_open(NULL, &daemon, &error), &error);

    for (unsigned long first = 0; fine && first < users; first += STRONGROOM_TOTP_BATCH) {
        size_t count = 0;
        char *report = NULL;
        for (; count < STRONGROOM_TOTP_BATCH && first + count < users; count++) {
            name_user(first + count, names[count]);
            seeds[count] = (struct strongroom_totp_seed){.user = names[count], .secret = SECRET};
        }
        fine = said(strongroom_totp_import(daemon, family, seeds, count, 0, &report, &error), &error);
        free(report);
    }
    strongroom_close(daemon);
    return fine ? 0 : 1;
}

/* The code that the users' applications show. */
static bool code_of_now(char code[8])
{
    unsigned long long step = (unsigned long long)time(NULL) / 30;
    unsigned char counter[8];
    unsigned char mac[20];
    unsigned length = sizeof(mac);

    for (size_t i = 0; i < sizeof(counter); i++)
        counter[i] = (unsigned char)(step >> (56 - 8 * i));
    if (HMAC(EVP_sha1(), SEED, (int)strlen(SEED), counter, sizeof(counter), mac, &length) == NULL)
        return false;
    const unsigned char *at = mac + (mac[19] & 15);
    (void)snprintf(code, 8, "%06u",
                   ((at[0] & 127U) << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3]) % 1000000U);
    return true;
}

static void *start(void *arg)
{
    struct state *state = calloc(1, sizeof(*state));
    struct strongroom_error error;
    if (state == NULL)
        return NULL;
    state->shared = arg;
    if (!said(strongroom_open(NULL, &state->daemon, &error), &error)) {
        free(state);
        return NULL;
    }
    return state;
}

static bool once(void *arg)
{
    const struct state *state = arg;
    struct shared *shared = state->shared;
    struct strongroom_error error;
    char name[NAME_SIZE];
    char code[8];

    name_user(atomic_fetch_add(&shared->turn, 1) * STRIDE % shared->users, name);
    if (!code_of_now(code))
        return false;
    enum strongroom_result result = strongroom_totp_verify(state->daemon, shared->family, name, code, &error);
    /* Anything but a verdict, and but one of these two, would be another measurement. */
    if (result == STRONGROOM_BAD && strstr(error.text, "used already") != NULL)
        return true;
    return said(result, &error);
}

static void end(void *arg)
{
    struct state *state = arg;
    strongroom_close(state->daemon);
    free(state);
}

int main(int argc, char **argv)
{
    struct shared shared = {.family = argc == 4 ? argv[2] : "",
                            .users = argc == 4 ? strtoul(argv[3], NULL, 10) : 0};
    struct bench_job job = {.shared = &shared, .start = start, .once = once, .end = end};

    if (shared.users > 0 && strcmp(argv[1], "import") == 0)
        return import(shared.family, shared.users);
    if (shared.users == 0 || strcmp(argv[1], "verify") != 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    return bench_serve(&job, 4, argv[3]);
}
