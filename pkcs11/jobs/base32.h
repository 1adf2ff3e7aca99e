/* Base32 (RFC 4648 §6), as the seeds of second factors are written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_BASE32_H
#define STRONGROOM_JOBS_BASE32_H

#include "cryptoki/why.h"

#include <stdbool.h>
#include <stddef.h>

/* How many characters LENGTH bytes become. */
#define SR_BASE32_LENGTH(length) (((length)*8 + 4) / 5)

/* Writes SR_BASE32_LENGTH(LENGTH) characters, without padding, and a final zero. */
void sr_base32_encode(const void *data, size_t length, char *text);

/* Reads what people and applications write: both cases; white space, dashes and padding at the end do not
 * count. *SIZE is the room in DATA, then what was written. False where it is not base32 or has no room; WHY
 * names the character, and nothing else of the text. */
bool sr_base32_decode(const char *text, size_t length, void *data, size_t *size, struct sr_why *why);

#endif
