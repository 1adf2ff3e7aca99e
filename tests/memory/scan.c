/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for known values in the memory of live processes, again and again, while another process works.
 *
 * A value is searched for in pieces of 16 bytes, in both byte orders: a copy that was overwritten in part is
 * found too, and so is a big number that lies in memory as little-endian words. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIECE 16   /* bytes; a shorter value is searched for as a whole */
#define SHORTEST 6 /* of a value: chance would find shorter ones */
#define PIECES_MAX 4096
#define NAMES_MAX 64
#define NAME_MAX_LENGTH 40
#define VALUE_MAX 1024 /* bytes */
#define WINDOW ((size_t)1 << 20)
#define PIDS_MAX 64

struct piece {
    unsigned char bytes[PIECE];
    size_t length;
    unsigned name;
};

static struct piece pieces[PIECES_MAX];
static size_t n_pieces;
static char names[NAMES_MAX][NAME_MAX_LENGTH];
static uint64_t hits[NAMES_MAX];
static unsigned n_names;
static uint16_t first[65536]; /* by a piece's first two bytes: the number of one piece plus one, or 0 */
static uint16_t next[PIECES_MAX];
static unsigned char
    starts[65536 / 8]; /* a bit for each pair of bytes that a piece starts with: fits into the cache */

static const char usage[] = "usage: scan [-n MIN] [-w PID] VALUES PID...\n"
                            "Searches all readable memory of the processes PID... for the values in the file "
                            "VALUES (lines \"NAME HEX\"),\n"
                            "over and over until the process of -w (by default the first PID) has ended; at "
                            "least MIN times (default 1).\n"
                            "Prints the number of scans and of hits by name. Exit status: 0 no hit, 1 hits, "
                            "2 the scan was not made.\n";

static unsigned two_bytes(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static bool add_piece(const unsigned char *bytes, size_t length, unsigned name)
{
    if (n_pieces == PIECES_MAX)
        return false;
    struct piece *p = &pieces[n_pieces];
    memcpy(p->bytes, bytes, length);
    p->length = length;
    p->name = name;
    unsigned key = two_bytes(bytes);
    next[n_pieces] = first[key];
    first[key] = (uint16_t)(n_pieces + 1);
    starts[key / 8] |= (unsigned char)(1U << (key % 8));
    n_pieces++;
    return true;
}

static bool add_value(const unsigned char *value, size_t length, unsigned name)
{
    if (length < PIECE)
        return add_piece(value, length, name);
    for (size_t at = 0; at + PIECE <= length; at += PIECE)
        if (!add_piece(value + at, PIECE, name))
            return false;
    return true;
}

static size_t from_hex(const char *hex, unsigned char *value, size_t size)
{
    size_t length = strlen(hex) / 2;
    if (strlen(hex) % 2 != 0 || length > size)
        return 0;
    for (size_t i = 0; i < length; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        char *end;
        value[i] = (unsigned char)strtoul(digits, &end, 16);
        if (*end != '\0')
            return 0;
    }
    return length;
}

static bool read_values(const char *path)
{
    char hex[2 * VALUE_MAX + 1];
    unsigned char value[VALUE_MAX];
    unsigned char reversed[VALUE_MAX];
    bool fine = true;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        fprintf(stderr, "scan: %s: %s\n", path, strerror(errno));
        return false;
    }
    while (fine && n_names < NAMES_MAX && fscanf(file, "%39s %2048s", names[n_names], hex) == 2) {
        size_t length = from_hex(hex, value, sizeof(value));
        for (size_t i = 0; i < length; i++)
            reversed[i] = value[length - 1 - i];
        fine =
            length >= SHORTEST && add_value(value, length, n_names) && add_value(reversed, length, n_names);
        if (!fine)
            fprintf(stderr, "scan: %s: the value of %s cannot be used\n", path, names[n_names]);
        n_names++;
    }
    fine = fine && feof(file) && n_names > 0;
    if (!fine)
        fprintf(stderr, "scan: %s: not a list of lines \"NAME HEX\"\n", path);
    (void)fclose(file);
    return fine;
}

/* The LENGTH bytes at DATA; pieces that start in the first OWN of them are counted. */
static void search(const unsigned char *data, size_t length, size_t own)
{
    for (size_t at = 0; at < own && at + 2 <= length; at++) {
        unsigned key = two_bytes(data + at);
        if (!(starts[key / 8] & 1U << (key % 8)))
            continue;
        for (unsigned i = first[key]; i != 0; i = next[i - 1]) {
            const struct piece *p = &pieces[i - 1];
            if (p->length <= length - at && memcmp(data + at, p->bytes, p->length) == 0)
                hits[p->name]++;
        }
    }
}

/* Windows overlap by a piece less one byte, so that none is cut in two. Pages that cannot be read, or that
 * went away since the map was read, are passed over. */
static uint64_t scan_range(int mem, uint64_t from, uint64_t to)
{
    static unsigned char window[WINDOW + PIECE];
    uint64_t total = 0;

    while (from < to) {
        size_t own = to - from < WINDOW ? (size_t)(to - from) : WINDOW;
        size_t want = to - from < sizeof(window) ? (size_t)(to - from) : sizeof(window);
        ssize_t got = pread(mem, window, want, (off_t)from);
        if (got > 0) {
            search(window, (size_t)got, (size_t)got < own ? (size_t)got : own);
            total += (uint64_t)got < own ? (uint64_t)got : own;
        }
        from += own;
    }
    return total;
}

/* One scan. The bytes that were read; 0 where the process has ended or may not be read. */
static uint64_t scan_process(pid_t pid)
{
    char path[64];
    char line[512];
    uint64_t total = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    if (mem < 0)
        return 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        /* "FROM-TO rwxp ...", proc(5) */
        char *end;
        uint64_t from = strtoull(line, &end, 16);
        uint64_t to = *end == '-' ? strtoull(end + 1, &end, 16) : 0;
        if (end[0] == ' ' && end[1] == 'r')
            total += scan_range(mem, from, to);
    }
    if (maps != NULL)
        (void)fclose(maps);
    (void)close(mem);
    return total;
}

static bool ended(int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static bool to_pid(const char *text, pid_t *pid)
{
    char *end;
    long value = strtol(text, &end, 10);
    *pid = (pid_t)value;
    return *text != '\0' && *end == '\0' && value > 0 && value < INT32_MAX;
}

static int report(unsigned long scans, unsigned long least, uint64_t bytes)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < n_names; i++) {
        if (hits[i] > 0)
            printf("%s: %" PRIu64 " hits\n", names[i], hits[i]);
        total += hits[i];
    }
    printf("%lu scans, %" PRIu64 " MiB, %" PRIu64 " hits\n", scans, bytes >> 20, total);
    if (scans < least) {
        fprintf(stderr, "scan: only %lu scans were made before the process ended, %lu were wanted\n", scans,
                least);
        return 2;
    }
    return total > 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    pid_t watch = 0;
    pid_t pids[PIDS_MAX];
    size_t n = 0;
    unsigned long least = 1;
    unsigned long scans = 0;
    uint64_t bytes = 0;
    int option;

    while ((option = getopt(argc, argv, "n:w:")) != -1) {
        if (option == 'n') {
            least = strtoul(optarg, NULL, 10);
        } else if (option != 'w' || !to_pid(optarg, &watch)) {
            fputs(usage, stderr);
            return 2;
        }
    }
    const char *values = optind < argc ? argv[optind++] : NULL;
    while (optind < argc && n < PIDS_MAX && to_pid(argv[optind], &pids[n])) {
        optind++;
        n++;
    }
    if (values == NULL || n == 0 || optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (!read_values(values))
        return 2;
    int pidfd = (int)syscall(SYS_pidfd_open, watch != 0 ? watch : pids[0], 0);
    if (pidfd < 0) {
        fprintf(stderr, "scan: process %d: %s\n", (int)(watch != 0 ? watch : pids[0]), strerror(errno));
        return 2;
    }
    while (!ended(pidfd)) {
        bool whole = true;
        for (size_t i = 0; i < n; i++) {
            uint64_t read = scan_process(pids[i]);
            bytes += read;
            whole = whole && read > 0;
        }
        if (whole)
            scans++;
    }
    (void)close(pidfd);
    return report(scans, least, bytes);
}
