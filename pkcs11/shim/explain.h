/* What the last failure on this thread was, in words: the vendor interface hands it to callers that ask.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_SHIM_EXPLAIN_H
#define STRONGROOM_SHIM_EXPLAIN_H

/* Sets this thread's text, one line; a longer one is cut. No PIN, key or attribute value in it. */
void sr_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Forgets it. Every entry point starts with this. */
void sr_say_nothing(void);

/* The text, "" where nothing was said. Valid until this thread's next call into the module. */
const char *sr_explanation(void);

#endif
