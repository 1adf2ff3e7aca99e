/* SPDX-License-Identifier: Apache-2.0 */
/* Prints N TCP ports of the loopback address that nobody uses, on one line. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PORTS_MAX 32

int main(int argc, char **argv)
{
    long n = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (n < 1 || n > PORTS_MAX) {
        fputs("usage: free-ports N\n", stderr);
        return 2;
    }
    /* All stay bound until the end, so that they differ. */
    for (long i = 0; i < n; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(at);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) != 0 ||
            getsockname(fd, (struct sockaddr *)&at, &length) != 0) {
            perror("free-ports");
            return 1;
        }
        printf("%s%d", i == 0 ? "" : " ", ntohs(at.sin_port));
    }
    putchar('\n');
    return 0;
}
