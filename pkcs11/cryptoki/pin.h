/* PINs from files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_PIN_H
#define STRONGROOM_CRYPTOKI_PIN_H

#include "cryptoki/why.h"

#include <stddef.h>

#define SR_PIN_MAX 255

/* A PIN in locked memory (as far as RLIMIT_MEMLOCK allows), outside core dumps. */
struct sr_pin {
    size_t length;
    char value[SR_PIN_MAX + 1];
};

/* Reads the PIN, the file's first line, from PATH. The file must be a regular one that only its owner may
 * read or write (mode 0600 or 0400) and that belongs to this process's user or to root. NULL on failure, with
 * WHY naming the file and what to do. Freed with sr_pin_free. */
struct sr_pin *sr_pin_read(const char *path, struct sr_why *why);

/* The PIN from LENGTH bytes of VALUE; NULL when it is longer than SR_PIN_MAX, or out of memory. */
struct sr_pin *sr_pin_new(const char *value, size_t length);

/* Cleanses and frees. PIN may be NULL. */
void sr_pin_free(struct sr_pin *pin);

#endif
