/* base64url without padding (RFC 4648 §5, RFC 7515 §2).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_BASE64URL_H
#define STRONGROOM_JOBS_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

/* How many characters LENGTH bytes become, and the most bytes that LENGTH characters stand for. */
#define SR_BASE64URL_LENGTH(length) ((length) / 3 * 4 + ((length) % 3 * 4 + 2) / 3)
#define SR_BASE64URL_BYTES(length) ((length) / 4 * 3 + (length) % 4 * 3 / 4)

/* Writes SR_BASE64URL_LENGTH(LENGTH) characters and a final zero. */
void sr_base64url_encode(const void *data, size_t length, char *text);

/* *SIZE is the room in DATA, then what was written. False where the bytes have no room, or TEXT is not
 * exactly what the encoding of some bytes is: another character, padding, a length that is none, bits at the
 * end that are not zero. So no two texts stand for the same bytes. */
bool sr_base64url_decode(const char *text, size_t length, void *data, size_t *size);

#endif
