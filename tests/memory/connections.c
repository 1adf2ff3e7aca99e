/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that are there: each of a number of processes opens a session by the module STRONGROOM_MODULE,
 * signs once with the private key LABEL, and waits for the end of standard input. usage: connections LABEL
 * NUMBER */
#include "cryptoki/names.h"
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Writes a byte to READY once it has its session; END is closed when it may go. */
static int client(const char *label, bool signs, int ready, int end)
{
    struct signer s;
    char byte = 0;
    CK_RV rv = signer_open(&s, label);
    if (rv == CKR_OK && signs)
        rv = signer_sign(&s);
    if (rv != CKR_OK)
        fprintf(stderr, "a client: %s\n", sr_rv_name(rv));
    else if (write(ready, "r", 1) == 1)
        while (read(end, &byte, 1) > 0)
            ;
    signer_close(&s);
    return rv == CKR_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    long number = argc == 3 || argc == 4 ? strtol(argv[2], NULL, 10) : 0;
    int ready[2], end[2];
    char byte;
    int bad = 0;
    int status;

    if (number < 1 || pipe(ready) != 0 || pipe(end) != 0) {
        fputs("usage: connections LABEL NUMBER [sign]\n", stderr);
        return 2;
    }
    for (long i = 0; i < number; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            (void)close(ready[0]);
            (void)close(end[1]);
            exit(client(argv[1], argc == 4, ready[1], end[0]));
        }
        bad += pid < 0 ? 1 : 0;
    }
    (void)close(ready[1]);
    long there = 0;
    while (there < number && read(ready[0], &byte, 1) == 1)
        there++;
    printf("clients: %ld\n", there);
    (void)fflush(stdout);
    while (read(0, &byte, 1) > 0)
        ;
    (void)close(end[1]);
    while (wait(&status) != -1)
        bad += status != 0 ? 1 : 0;
    return bad == 0 && there == number ? 0 : 1;
}
