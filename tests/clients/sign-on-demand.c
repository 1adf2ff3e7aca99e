/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 client that lives on: for each line that it reads it makes one signature and prints what came of
 * it and how many milliseconds that took. */
#include "cryptoki/names.h"
#include "signer.h"

#include <stdio.h>
#include <time.h>

static long long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    struct signer s;
    char line[64];

    if (argc != 2) {
        fputs("usage: sign-on-demand LABEL\n", stderr);
        return 2;
    }
    CK_RV rv = signer_open(&s, argv[1]);
    while (rv == CKR_OK && fgets(line, sizeof(line), stdin) != NULL) {
        long long since = now_ms();
        CK_RV result = signer_sign(&s);
        printf("%s %lld\n", sr_rv_name(result), now_ms() - since);
        (void)fflush(stdout);
    }
    signer_close(&s);
    return rv == CKR_OK ? 0 : 1;
}
