/* SPDX-License-Identifier: Apache-2.0 */
#include "qr.h"
#include "cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length > strlen(end) && strcasecmp(text + length - strlen(end), end) == 0;
}

bool sr_qr_open(struct sr_qr_file *f, const char *where, bool replace)
{
    *f = (struct sr_qr_file){.png = ends_with(where, ".png"), .out = SR_OUT_FILE_NONE};
    if (strcmp(where, "terminal") == 0)
        return true;
    if (f->png || ends_with(where, ".svg"))
        return sr_out_file_open(&f->out, where, replace);
    sr_say("--qr: \"%s\" is neither \"terminal\" nor a file that ends with .png or .svg", where);
    return false;
}

bool sr_qr_black(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return false;
    return (code->data[(size_t)y * (size_t)code->width + (size_t)x] & 1) != 0;
}

/* Two rows of modules in one of characters. What is white is drawn, in white on black where it is a terminal:
 * else its own colours may be the other way round. */
static void draw(const QRcode *code)
{
    static const char *const blocks[] = {"\xe2\x96\x88", "\xe2\x96\x80", "\xe2\x96\x84", " "};
    bool colours = isatty(STDOUT_FILENO) == 1;
    for (int y = -SR_QR_MARGIN; y < code->width + SR_QR_MARGIN; y += 2) {
        if (colours)
            (void)fputs("\033[40;97m", stdout);
        for (int x = -SR_QR_MARGIN; x < code->width + SR_QR_MARGIN; x++)
            (void)fputs(blocks[(sr_qr_black(code, x, y) ? 2 : 0) + (sr_qr_black(code, x, y + 1) ? 1 : 0)],
                        stdout);
        (void)fputs(colours ? "\033[0m\n" : "\n", stdout);
    }
}

static bool write_svg(FILE *file, const QRcode *code)
{
    int side = code->width + 2 * SR_QR_MARGIN;
    (void)fprintf(
        file,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
        "shape-rendering=\"crispEdges\">\n"
        "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path d=\"",
        side * 8, side * 8, side, side, side, side);
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++)
            if (sr_qr_black(code, x, y))
                (void)fprintf(file, "M%d %dh1v1h-1z", x + SR_QR_MARGIN, y + SR_QR_MARGIN);
    return fprintf(file, "\"/>\n</svg>\n") > 0 && ferror(file) == 0;
}

static bool write_file(struct sr_qr_file *f, const QRcode *code)
{
    int fd = dup(f->out.fd);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = file != NULL && (f->png ? sr_qr_png(file, code) : write_svg(file, code));

    if (file != NULL)
        ok = fclose(file) == 0 && ok;
    else if (fd >= 0)
        (void)close(fd);
    if (ok)
        return sr_out_file_done(&f->out);
    sr_say("%s cannot be written: %s", f->out.path, strerror(errno));
    return false;
}

bool sr_qr_write(struct sr_qr_file *f, const char *text)
{
    bool ok = true;
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    if (code == NULL) {
        sr_say("no QR code can be made of the URI: %s", strerror(errno));
        return false;
    }
    if (f->out.path != NULL)
        ok = write_file(f, code);
    else
        draw(code);
    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return ok;
}

void sr_qr_close(struct sr_qr_file *f)
{
    sr_out_file_close(&f->out);
}
