/* SPDX-License-Identifier: Apache-2.0 */
/* Forks several children at once, and each signs: with a key that it loads itself ("child"), or with the one
 * that the parent loaded and used before ("parent"), as nginx's workers do. Says how many children failed. */
#include "openssl_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN_MAX 64
#define SIGNATURES 30 /* enough for a connection to get its page */

static bool sign_all(EVP_PKEY *key)
{
    bool fine = true;
    for (int i = 0; fine && i < SIGNATURES; i++)
        fine = key_sign(key);
    return fine;
}

/* In a child. The pipe's end is closed once all children are there: they start together. */
static int work(int gate, const char *uri, EVP_PKEY *key)
{
    char byte;
    bool fine = read(gate, &byte, 1) == 0;
    EVP_PKEY *own = NULL;
    if (key == NULL)
        key = own = key_load(uri);
    fine = fine && key != NULL && sign_all(key);
    EVP_PKEY_free(own);
    return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
    pid_t children[CHILDREN_MAX];
    EVP_PKEY *key = NULL;
    int gate[2];
    int failed = 0;
    long n = argc == 4 ? strtol(argv[2], NULL, 10) : 0;

    if (n < 1 || n > CHILDREN_MAX || (strcmp(argv[3], "parent") != 0 && strcmp(argv[3], "child") != 0)) {
        fputs("usage: sign-forked URI CHILDREN parent|child\n", stderr);
        return 2;
    }
    if (strcmp(argv[3], "parent") == 0 && ((key = key_load(argv[1])) == NULL || !sign_all(key)))
        return 1;
    if (pipe(gate) != 0) {
        perror("sign-forked");
        return 1;
    }
    for (long i = 0; i < n; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            (void)close(gate[1]);
            exit(work(gate[0], argv[1], key)); /* not _exit: a clean exit is part of what is tested */
        }
    }
    (void)close(gate[1]);
    for (long i = 0; i < n; i++) {
        int status = -1;
        if (children[i] < 0 || waitpid(children[i], &status, 0) != children[i] || status != 0) {
            fprintf(stderr, "sign-forked: child %ld ended with status 0x%x\n", i, (unsigned)status);
            failed++;
        }
    }
    if (key != NULL && !sign_all(key)) {
        fputs("sign-forked: the parent cannot sign any more\n", stderr);
        failed++;
    }
    EVP_PKEY_free(key);
    printf("%d of %ld children failed\n", failed, n);
    return failed == 0 ? 0 : 1;
}
