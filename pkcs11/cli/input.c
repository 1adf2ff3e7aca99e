/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *sr_read_most(const char *what, size_t most, size_t *length)
{
    /* One byte more than is allowed, to see whether there is one, and a zero. */
    char *text = malloc(most + 2);
    size_t used = 0;
    ssize_t n = 1;

    if (text == NULL) {
        sr_say("out of memory");
        return NULL;
    }
    while (n != 0 && used <= most) {
        n = read(STDIN_FILENO, text + used, most + 1 - used);
        if (n > 0)
            used += (size_t)n;
        if (n < 0 && errno != EINTR) {
            sr_say("%s cannot be read from standard input: %s", what, strerror(errno));
            free(text);
            return NULL;
        }
    }
    if (used > most) {
        sr_say("%s on standard input: there is more than the %zu KiB that can be taken at once", what,
               most / 1024);
        free(text);
        return NULL;
    }
    text[used] = '\0';
    *length = used;
    return text;
}

char *sr_read_input(const char *what, size_t *length)
{
    return sr_read_most(what, SR_INPUT_MAX, length);
}

char *sr_read_text(const char *what)
{
    size_t length;
    char *text = sr_read_input(what, &length);
    if (text == NULL)
        return NULL;
    if (strlen(text) != length) {
        sr_say("%s on standard input: a zero byte is in it", what);
        free(text);
        return NULL;
    }
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}
