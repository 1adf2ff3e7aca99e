/* SPDX-License-Identifier: Apache-2.0 */
/* A program closes all its descriptors behind the module's back, as daemons do, and opens files and sockets
 * in their places: nothing of the wire may land there, they must stay open, and the program must be able to
 * go on signing. */
#include "cryptoki/names.h"
#include "signer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS 20
#define FILES 16
#define PAIRS 8

struct places {
    int files[FILES];
    int pairs[PAIRS][2];
};

static int failures;

static void expect(int condition, const char *what, int round)
{
    if (!condition) {
        printf("FAILED in round %d: %s\n", round, what);
        failures++;
    }
}

static int close_all(void)
{
    return (int)syscall(SYS_close_range, 3U, ~0U, 0U);
}

static int occupy(struct places *p, const char *folder)
{
    for (int i = 0; i < FILES; i++) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/file-%d", folder, i);
        p->files[i] = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (p->files[i] < 0) {
            perror(path);
            return -1;
        }
    }
    for (int i = 0; i < PAIRS; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->pairs[i]) != 0)
            return -1;
    return 0;
}

static void untouched(const struct places *p, int round)
{
    for (int i = 0; i < FILES; i++) {
        struct stat st;
        expect(fstat(p->files[i], &st) == 0 && S_ISREG(st.st_mode), "a file of the program's was closed",
               round);
        expect(st.st_size == 0, "bytes were written to a file of the program's", round);
    }
    for (int i = 0; i < PAIRS; i++) {
        for (int end = 0; end < 2; end++) {
            char byte;
            ssize_t got = recv(p->pairs[i][end], &byte, 1, MSG_DONTWAIT);
            expect(got != 1, "bytes were sent into a socket of the program's", round);
            expect(got < 0 && (errno == EAGAIN), "a socket of the program's was closed", round);
        }
    }
}

int main(int argc, char **argv)
{
    struct signer s;
    struct places p;

    if (argc != 3) {
        fputs("usage: closed-descriptors LABEL FOLDER\n", stderr);
        return 2;
    }
    if (signer_open(&s, argv[1]) != CKR_OK || signer_sign(&s) != CKR_OK)
        return 1;
    for (int round = 0; round < ROUNDS; round++) {
        expect(close_all() == 0, "close_range", round);
        if (occupy(&p, argv[2]) != 0)
            return 1;
        CK_RV rv = signer_sign(&s);
        expect(rv == CKR_OK, sr_rv_name(rv), round);
        rv = signer_sign(&s);
        expect(rv == CKR_OK, sr_rv_name(rv), round);
        untouched(&p, round);
    }
    expect(close_all() == 0, "close_range", ROUNDS);
    if (occupy(&p, argv[2]) != 0)
        return 1;
    signer_close(&s); /* C_Finalize closes what is the module's, and nothing else */
    untouched(&p, ROUNDS);
    printf("%d rounds, %d failures\n", ROUNDS, failures);
    return failures == 0 ? 0 : 1;
}
