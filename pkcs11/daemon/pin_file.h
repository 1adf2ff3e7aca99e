/* Changing the PIN in a PIN file, in step with the token.
 *
 * The two cannot change at once. So the new PIN lies beside the file, as FILE.new, before the token is asked,
 * and takes the file's place once the token has changed. Whoever finds both files asks the token which of the
 * two PINs it is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_PIN_FILE_H
#define STRONGROOM_DAEMON_PIN_FILE_H

#include "cryptoki/pin.h"

#include <stdbool.h>

/* Can PIN be the first line of a file? */
bool sr_pin_file_holds(const struct sr_pin *pin);

/* Writes FILE.new, with the mode and owner of FILE, to the disk. False, with WHY and with nothing changed,
 * where that cannot be done, or an earlier change was never finished. */
bool sr_pin_file_prepare(const char *file, const struct sr_pin *pin, struct sr_why *why);

/* FILE.new becomes FILE. False, with WHY, where it stays what it is. */
bool sr_pin_file_commit(const char *file, struct sr_why *why);

/* Removes FILE.new, if it is there. */
void sr_pin_file_abandon(const char *file);

/* The PIN of FILE.new, freed by the caller; NULL where there is none. */
struct sr_pin *sr_pin_file_pending(const char *file);

#endif
