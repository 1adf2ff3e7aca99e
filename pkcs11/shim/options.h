/* What the application or its configuration may tell the module: C_Initialize's pReserved.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_OPTIONS_H
#define STRONGROOM_SHIM_OPTIONS_H

#include <stdbool.h>

#define SR_SOCKET_DEFAULT "/run/strongroom/socket"
#define SR_SOCKET_MAX 256 /* bytes: more than a Unix socket's path may have */

struct sr_options {
    char socket[SR_SOCKET_MAX];
    long timeout_ms;   /* for one call */
    long reconnect_ms; /* for strongroomd to come back */
};

#define SR_OPTIONS_DEFAULT                                                                                   \
    {                                                                                                        \
        .socket = SR_SOCKET_DEFAULT, .timeout_ms = 5000, .reconnect_ms = 5000                                \
    }

/* Sets the options that TEXT names, words between spaces or commas: "socket=/path", "timeout=SECONDS",
 * "reconnect-timeout=SECONDS" (whole seconds, 1 to 3600). On failure false with the explanation set, and *O
 * unchanged. */
bool sr_options_parse(struct sr_options *o, const char *text);

/* Sets the socket's path. One that is too long is cut, but remains too long for a socket: it is refused, by
 * name, when a connection is tried. */
void sr_options_socket(struct sr_options *o, const char *path);

#endif
