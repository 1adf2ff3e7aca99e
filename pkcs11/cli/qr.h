/* QR codes, for the terminal or a file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_QR_H
#define STRONGROOM_CLI_QR_H

#include "out_file.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>

#define SR_QR_MARGIN 4 /* modules of white around it (ISO/IEC 18004) */

struct sr_qr_file {
    struct sr_out_file out; /* without a path: the terminal */
    bool png;               /* else SVG */
};

#define SR_QR_NONE ((struct sr_qr_file){.out = SR_OUT_FILE_NONE})

/* Makes sure that WHERE ("terminal", a file .png or .svg) can be written, before there is something to show.
 * A file that exists is an error unless REPLACE. False after a message. */
bool sr_qr_open(struct sr_qr_file *f, const char *where, bool replace);

/* Writes the QR code of TEXT. False after a message. */
bool sr_qr_write(struct sr_qr_file *f, const char *text);

/* Removes what was not put in its place. Safe on SR_QR_NONE. */
void sr_qr_close(struct sr_qr_file *f);

/* Whether the module at column X and row Y, which may lie in the margin, is black. */
bool sr_qr_black(const QRcode *code, int x, int y);

/* As a PNG of gray; false where memory or disk are full. */
bool sr_qr_png(FILE *file, const QRcode *code);

#endif
