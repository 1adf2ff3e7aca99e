/* SPDX-License-Identifier: Apache-2.0 */
#include "qr.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS 8 /* a module's side */

bool sr_qr_png(FILE *file, const QRcode *code)
{
    size_t side = (size_t)(code->width + 2 * SR_QR_MARGIN) * PIXELS;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)side,
                       .height = (png_uint_32)side,
                       .format = PNG_FORMAT_GRAY};
    unsigned char *pixels = malloc(side * side);

    if (pixels == NULL)
        return false;
    for (size_t y = 0; y < side; y++)
        for (size_t x = 0; x < side; x++)
            pixels[y * side + x] =
                sr_qr_black(code, (int)(x / PIXELS) - SR_QR_MARGIN, (int)(y / PIXELS) - SR_QR_MARGIN) ? 0
                                                                                                      : 255;
    bool ok = png_image_write_to_stdio(&image, file, 0, pixels, 0, NULL) != 0;
    explicit_bzero(pixels, side * side);
    free(pixels);
    return ok;
}
