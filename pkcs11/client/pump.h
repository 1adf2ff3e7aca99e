/* Chunks from one descriptor through the buffer and the daemon to another.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLIENT_PUMP_H
#define STRONGROOM_CLIENT_PUMP_H

#include "client/handle.h"

#include <stdint.h>

struct sr_pump {
    strongroom *h; /* its lock is held, and a stream is under way */
    const char *what;
    int in;
    int out;                 /* -1: nothing is written */
    size_t unit;             /* bytes of a whole chunk in the input */
    uint64_t first;          /* the chunk that the input is at */
    uint64_t stop;           /* ends after this one, if not with the last */
    unsigned long long skip; /* bytes of the first chunk's output that are not written */
    unsigned long long most; /* bytes that are */
    const struct strongroom_backup_options *options; /* may be NULL */
    unsigned char *buffer;                           /* of two halves */
    size_t half;
};

/* Gets the connection's buffer, for PUMP; to be given back with sr_pump_unmap. */
enum strongroom_result sr_pump_map(struct sr_pump *pump, struct strongroom_error *error);
void sr_pump_unmap(struct sr_pump *pump);

enum strongroom_result sr_pump_run(struct sr_pump *pump, struct strongroom_error *error);

/* Reads SIZE bytes, or fewer at the end: *GOT. */
enum strongroom_result sr_pump_read(const struct sr_pump *pump, void *data, size_t size, size_t *got,
                                    struct strongroom_error *error);
enum strongroom_result sr_pump_write(const struct sr_pump *pump, const void *data, size_t size,
                                     struct strongroom_error *error);

#endif
