/* bench_sign: signatures per second with one key, by Cryptoki or by OpenSSL.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sign.h"

#include "rounds.h"

#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: bench_sign --uri URI [--threads N]                  the provider of OPENSSL_CONF\n"
    "       bench_sign --uri URI --module PATH [--threads N]    Cryptoki calls\n"
    "                  [--pin-file FILE] [--copy]               log in; use a session copy of the key\n"
    "       bench_sign --about                                  what it was built with\n"
    "Then on standard input: go THREADS MILLISECONDS\n";

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"uri", required_argument, NULL, 'u'},      {"module", required_argument, NULL, 'm'},
        {"pin-file", required_argument, NULL, 'p'}, {"copy", no_argument, NULL, 'c'},
        {"threads", required_argument, NULL, 't'},  {"about", no_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct sign_options options = {.threads = 1};
    int c;

    while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (c) {
        case 'u':
            options.uri = optarg;
            break;
        case 'm':
            options.module = optarg;
            break;
        case 'p':
            options.pin_file = optarg;
            break;
        case 'c':
            options.copy = true;
            break;
        case 't':
            options.threads = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'a':
            (void)printf("{\"openssl\": \"%s\", \"build_type\": \"%s\", \"sanitizers\": \"%s\"}\n",
                         OpenSSL_version(OPENSSL_VERSION), BENCH_BUILD_TYPE, BENCH_SANITIZERS);
            return 0;
        case 'h':
            (void)fputs(usage, stdout);
            return 0;
        default:
            (void)fputs(usage, stderr);
            return 2;
        }
    }
    if (options.uri == NULL || optind != argc || options.threads == 0 ||
        options.threads > BENCH_THREADS_MAX) {
        (void)fputs(usage, stderr);
        return 2;
    }
    return options.module != NULL ? sign_with_module(&options) : sign_with_provider(&options);
}
