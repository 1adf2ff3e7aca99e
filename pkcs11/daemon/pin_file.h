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

/* Writes FILE.new, with the mode and owner of FILE, to the disk. The result is a descriptor of it, which is
 * locked (flock(2)) for as long as it, or a process's copy of it, is open; the caller closes it when the
 * token has answered, and before one of the following. -1, with WHY and with nothing changed, where that
 * cannot be done, or an earlier change was never finished. */
int sr_pin_file_prepare(const char *file, const struct sr_pin *pin, struct sr_why *why);

/* FILE.new becomes FILE. False, with WHY, where it stays what it is. */
bool sr_pin_file_commit(const char *file, struct sr_why *why);

/* Removes FILE.new, if it is there and nobody has it locked. */
void sr_pin_file_abandon(const char *file);

/* Waits until nobody has FILE.new locked any more, for WAIT_MS at most: strongroomd may have been killed, and
 * its officer's process still be at work. */
void sr_pin_file_wait(const char *file, long long wait_ms);

/* The PIN of FILE.new, freed by the caller; NULL where there is none. */
struct sr_pin *sr_pin_file_pending(const char *file);

#endif
