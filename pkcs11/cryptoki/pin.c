/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A page of its own, so that locking and excluding it from dumps touches nothing else. */
static struct sr_pin *pin_alloc(void)
{
    struct sr_pin *pin = mmap(NULL, sizeof(*pin), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pin == MAP_FAILED)
        return NULL;
    (void)mlock(pin, sizeof(*pin));
    (void)madvise(pin, sizeof(*pin), MADV_DONTDUMP);
    return pin;
}

void sr_pin_free(struct sr_pin *pin)
{
    if (pin == NULL)
        return;
    explicit_bzero(pin, sizeof(*pin));
    (void)munmap(pin, sizeof(*pin));
}

struct sr_pin *sr_pin_new(const char *value, size_t length)
{
    if (length > SR_PIN_MAX)
        return NULL;
    struct sr_pin *pin = pin_alloc();
    if (pin != NULL) {
        memcpy(pin->value, value, length);
        pin->length = length;
    }
    return pin;
}

static const char *unsafe(const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return "is not a regular file";
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return "belongs to another user; make it yours with chown";
    if (st->st_mode & (S_IRWXG | S_IRWXO | S_IXUSR))
        return "can be read or changed by others; set its mode to 0600 with chmod";
    return NULL;
}

struct sr_pin *sr_pin_read(const char *path, struct sr_why *why)
{
    struct sr_pin *pin = NULL;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &st) != 0) {
        sr_why_set(why, "the PIN file %s cannot be read: %s", path, strerror(errno));
        goto out;
    }
    const char *reason = unsafe(&st);
    if (reason != NULL) {
        sr_why_set(why, "the PIN file %s %s", path, reason);
        goto out;
    }
    pin = pin_alloc();
    if (pin == NULL) {
        sr_why_set(why, "the PIN file %s cannot be read: out of memory", path);
        goto out;
    }
    for (;;) {
        ssize_t got = read(fd, pin->value + pin->length, sizeof(pin->value) - pin->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            sr_why_set(why, "the PIN file %s cannot be read: %s", path, strerror(errno));
        if (got <= 0) {
            if (got == 0)
                break;
            sr_pin_free(pin);
            pin = NULL;
            goto out;
        }
        pin->length += (size_t)got;
        if (pin->length == sizeof(pin->value))
            break;
    }
    size_t line = 0;
    while (line < pin->length && pin->value[line] != '\n' && pin->value[line] != '\r')
        line++;
    if (line == 0 || line > SR_PIN_MAX) {
        sr_why_set(why, "the first line of the PIN file %s is %s", path,
                   line == 0 ? "empty" : "longer than 255 bytes");
        sr_pin_free(pin);
        pin = NULL;
        goto out;
    }
    explicit_bzero(pin->value + line, sizeof(pin->value) - line);
    pin->length = line;
out:
    if (fd >= 0)
        (void)close(fd);
    return pin;
}
