/* SPDX-License-Identifier: Apache-2.0 */
#include "qr.h"
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length > strlen(end) && strcasecmp(text + length - strlen(end), end) == 0;
}

static void say_exists(const char *path)
{
    sr_say("%s exists: choose another file, or replace it with --force", path);
}

bool sr_qr_open(struct sr_qr_file *f, const char *where, bool replace)
{
    struct stat st;

    *f = (struct sr_qr_file){.replace = replace, .png = ends_with(where, ".png")};
    if (strcmp(where, "terminal") == 0)
        return true;
    if (!f->png && !ends_with(where, ".svg")) {
        sr_say("--qr: \"%s\" is neither \"terminal\" nor a file that ends with .png or .svg", where);
        return false;
    }
    f->path = where;
    if (lstat(where, &st) == 0 && !replace) {
        say_exists(where);
        return false;
    }
    if (asprintf(&f->temporary, "%s.XXXXXX", where) < 0) {
        f->temporary = NULL;
        sr_say("out of memory");
        return false;
    }
    int fd = mkstemp(f->temporary); /* of mode 0600 */
    f->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f->file != NULL)
        return true;
    sr_say("%s cannot be written: %s", where, strerror(errno));
    if (fd >= 0) {
        (void)close(fd);
        (void)unlink(f->temporary);
    }
    free(f->temporary);
    f->temporary = NULL;
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

/* Without --force, link refuses what came into being meanwhile. */
static bool put_in_place(const struct sr_qr_file *f)
{
    return (f->replace ? rename(f->temporary, f->path) : link(f->temporary, f->path)) == 0;
}

static bool write_file(struct sr_qr_file *f, const QRcode *code)
{
    bool ok = f->png ? sr_qr_png(f->file, code) : write_svg(f->file, code);
    ok = fclose(f->file) == 0 && ok;
    f->file = NULL;
    ok = ok && put_in_place(f);
    if (!ok && errno == EEXIST)
        say_exists(f->path);
    else if (!ok)
        sr_say("%s cannot be written: %s", f->path, strerror(errno));
    return ok;
}

bool sr_qr_write(struct sr_qr_file *f, const char *text)
{
    bool ok = true;
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    if (code == NULL) {
        sr_say("no QR code can be made of the URI: %s", strerror(errno));
        return false;
    }
    if (f->path != NULL)
        ok = write_file(f, code);
    else
        draw(code);
    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return ok;
}

void sr_qr_close(struct sr_qr_file *f)
{
    if (f->file != NULL)
        (void)fclose(f->file);
    if (f->temporary != NULL)
        (void)unlink(f->temporary); /* after rename there is nothing left to remove */
    free(f->temporary);
    *f = (struct sr_qr_file){0};
}
