/* A failure in words: what went wrong with which thing, and what to do about it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_WHY_H
#define STRONGROOM_CRYPTOKI_WHY_H

struct sr_why {
    char text[512]; /* one line, no line feed; "" where nothing was said */
};

/* Sets the text; longer ones are cut. WHY may be NULL. Never put a PIN, key or attribute value in it. */
void sr_why_set(struct sr_why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
