/* bench_handshakes: full TLS handshakes per second with a server on a loopback port, one connection per
 * thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char usage[] = "usage: bench_handshakes --port N --tls 1.2|1.3 [--threads N]\n"
                            "Then on standard input: go THREADS MILLISECONDS\n";

struct target {
    SSL_CTX *ctx;
    struct sockaddr_in address;
};

static bool fail(const char *what)
{
    perror(what);
    ERR_print_errors_fp(stderr);
    return false;
}

static int dial(const struct sockaddr_in *address)
{
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* After the handshake the server is told that there is nothing more, and closes: then it has done all its
 * work, and the port in TIME_WAIT is the server's, so that a long run does not use up the client's. */
static bool shake_hands(SSL *ssl, int fd)
{
    char rest[256];
    if (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
        return fail("handshake");
    if (SSL_session_reused(ssl))
        return fail("the server resumed a session");
    if (SSL_shutdown(ssl) < 0)
        return fail("SSL_shutdown");
    while (recv(fd, rest, sizeof(rest), 0) > 0)
        continue;
    return true;
}

static bool once(void *state)
{
    const struct target *target = state;
    int fd = dial(&target->address);
    if (fd < 0)
        return fail("connect");
    SSL *ssl = SSL_new(target->ctx);
    bool ok = ssl != NULL ? shake_hands(ssl, fd) : fail("SSL_new");

    SSL_free(ssl);
    (void)close(fd);
    return ok;
}

static void *start(void *shared)
{
    return shared;
}

static void end(void *state)
{
    (void)state;
}

/* No tickets, no cache: every handshake is a full one. The server's certificate is self-signed and not
 * checked, but its signature in the handshake is. */
static SSL_CTX *make_context(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL)
        return NULL;
    if (SSL_CTX_set_min_proto_version(ctx, version) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, version) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    return ctx;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {{"port", required_argument, NULL, 'p'},
                                                 {"tls", required_argument, NULL, 'v'},
                                                 {"threads", required_argument, NULL, 't'},
                                                 {NULL, 0, NULL, 0}};
    unsigned long port = 0;
    unsigned long threads = 1;
    int version = 0;
    int c;

    while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (c == 'p')
            port = strtoul(optarg, NULL, 10);
        else if (c == 'v')
            version = strcmp(optarg, "1.2") == 0   ? TLS1_2_VERSION
                      : strcmp(optarg, "1.3") == 0 ? TLS1_3_VERSION
                                                   : 0;
        else if (c == 't')
            threads = strtoul(optarg, NULL, 10);
        else
            version = -1;
    }
    if (port == 0 || port > UINT16_MAX || version <= 0 || threads == 0 || threads > BENCH_THREADS_MAX ||
        optind != argc) {
        (void)fputs(usage, stderr);
        return 2;
    }
    struct target target = {.ctx = make_context(version),
                            .address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    if (target.ctx == NULL) {
        (void)fail("SSL_CTX_new");
        return 1;
    }
    struct bench_job job = {.shared = &target, .start = start, .once = once, .end = end};
    int status = bench_serve(&job, (unsigned)threads, OpenSSL_version(OPENSSL_VERSION));
    SSL_CTX_free(target.ctx);
    return status;
}
