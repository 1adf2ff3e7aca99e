/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for known values in the memory of live processes, again and again, while another process works.
 *
 * A value is searched for in pieces of 16 bytes, in both byte orders: a copy that was overwritten in part is
 * found too, and so is a big number that lies in memory as little-endian words. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PIECE 16   /* bytes; a shorter value is searched for as a whole */
#define SHORTEST 6 /* of a value: chance would find shorter ones */
#define PIECES_MAX 16384
#define NAMES_MAX 512
#define NAME_MAX_LENGTH 40
#define VALUE_MAX 1024 /* bytes */
#define WINDOW ((size_t)1 << 20)
#define PIDS_MAX 64
#define PROGRAMS_MAX 8
#define PID_LIMIT (1U << 22) /* of Linux */

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

/* With -s: the programs whose processes are scanned. */
static struct program {
    const char *name;
    unsigned long scans;
    unsigned long processes;
} programs[PROGRAMS_MAX];
static size_t n_programs;
static unsigned char seen[PID_LIMIT / 8]; /* a bit for each process that was scanned */

static const char usage[] = "usage: scan [-u] [-n MIN] [-w PID] VALUES PID...\n"
                            "       scan [-n MIN] [-e FILE] -s SESSION VALUES PROGRAM...\n"
                            "Searches all readable memory of the processes PID... for the values in the file "
                            "VALUES (lines \"NAME HEX\"),\n"
                            "over and over until the process of -w (by default the first PID) has ended; at "
                            "least MIN times (default 1).\n"
                            "With -s: of the processes of that session that are called PROGRAM, those that "
                            "there are at the time, each\n"
                            "stopped while it is scanned; until the session's leader has ended; at least "
                            "MIN times for each PROGRAM, and once that is so FILE is made.\n"
                            "With -u only until something was found.\n"
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

/* The LENGTH bytes at DATA; pieces that start in the first OWN of them are counted. Most of a memory is
 * zeros, in which mostly no piece starts. */
static void search(const unsigned char *data, size_t length, size_t own)
{
    static const unsigned char zeros[8];
    bool skips = !(starts[0] & 1);

    for (size_t at = 0; at < own && at + 2 <= length; at++) {
        unsigned key = two_bytes(data + at);
        if (key == 0 && skips) {
            if (length - at >= sizeof(zeros) && memcmp(data + at, zeros, sizeof(zeros)) == 0)
                at += sizeof(zeros) - 2; /* and one more: behind the last of them something may start */
            continue;
        }
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

/* Waits for so many milliseconds at most. */
static bool ended(int pidfd, int wait)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    return poll(&p, 1, wait) == 1;
}

static bool to_pid(const char *text, pid_t *pid)
{
    char *end;
    long value = strtol(text, &end, 10);
    *pid = (pid_t)value;
    return *text != '\0' && *end == '\0' && value > 0 && value < INT32_MAX;
}

static bool is_new(pid_t pid)
{
    unsigned char bit = (unsigned char)(1U << ((unsigned)pid % 8));
    bool is = (unsigned)pid < PID_LIMIT && !(seen[(unsigned)pid / 8] & bit);
    if (is)
        seen[(unsigned)pid / 8] |= bit;
    return is;
}

/* The program whose process that is; NULL where it is none of the session's. */
static struct program *program_of(pid_t pid, pid_t session)
{
    char path[64];
    char line[512];
    char *name = NULL;
    char *behind = NULL;
    long belongs_to = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *stat = fopen(path, "re");
    if (stat != NULL && fgets(line, sizeof(line), stat) != NULL) {
        /* "PID (NAME) STATE PARENT GROUP SESSION ...", proc(5) */
        name = strchr(line, '(');
        behind = strrchr(line, ')');
    }
    if (stat != NULL)
        (void)fclose(stat);
    if (name == NULL || behind == NULL || strlen(behind) < sizeof(") S "))
        return NULL;
    char *at = behind + sizeof(") S") - 1;
    for (int i = 0; i < 3; i++)
        belongs_to = strtol(at, &at, 10);
    if (belongs_to != (long)session)
        return NULL;
    *behind = '\0';
    for (size_t i = 0; i < n_programs; i++)
        if (strcmp(programs[i].name, name + 1) == 0)
            return &programs[i];
    return NULL;
}

/* Stopped, a process that lives for some milliseconds only is seen whole, at the moment at which it was
 * found. It is known by a descriptor: another one may have its number by now. */
static uint64_t scan_stopped(pid_t pid, pid_t session)
{
    uint64_t read = 0;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct program *program = pidfd >= 0 ? program_of(pid, session) : NULL;

    if (program != NULL && syscall(SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0) == 0) {
        read = scan_process(pid);
        (void)syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0);
        program->scans += read > 0;
        program->processes += read > 0 && is_new(pid);
    }
    if (pidfd >= 0)
        (void)close(pidfd);
    return read;
}

/* One look at all processes that there are. The bytes that were read. */
static uint64_t scan_session(pid_t session)
{
    uint64_t total = 0;
    struct dirent *entry;
    pid_t pid;
    DIR *proc = opendir("/proc");

    while (proc != NULL && (entry = readdir(proc)) != NULL)
        if (to_pid(entry->d_name, &pid))
            total += scan_stopped(pid, session);
    if (proc != NULL)
        (void)closedir(proc);
    return total;
}

/* Of the program that was scanned least. */
static unsigned long scans_of_programs(void)
{
    unsigned long least = programs[0].scans;

    for (size_t i = 1; i < n_programs; i++)
        least = programs[i].scans < least ? programs[i].scans : least;
    return least;
}

/* For whoever waits until it was scanned often enough. */
static void make(const char *path)
{
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;
    if (fd >= 0)
        (void)close(fd);
}

static int report(unsigned long scans, unsigned long least, uint64_t bytes)
{
    uint64_t total = 0;

    for (size_t i = 0; i < n_programs; i++)
        printf("%s: %lu scans of %lu processes\n", programs[i].name, programs[i].scans,
               programs[i].processes);
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

static bool any_hit(void)
{
    for (unsigned i = 0; i < n_names; i++)
        if (hits[i] > 0)
            return true;
    return false;
}

static long milliseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct plan {
    int pidfd;     /* of the process that is watched */
    pid_t session; /* 0: none */
    pid_t pids[PIDS_MAX];
    size_t n;
    unsigned long least; /* scans */
    const char *enough;  /* a file that is made after so many; NULL: none */
    bool first_hit;      /* no longer than that */
};

/* Scans until the watched process has ended, by its descriptor. The number of whole scans. Processes that are
 * stopped while they are scanned have as much time to work in between. */
static unsigned long scan_until(const struct plan *plan, uint64_t *bytes)
{
    unsigned long scans = 0;
    int pause = 0;

    while (!ended(plan->pidfd, pause) && !(plan->first_hit && any_hit())) {
        bool whole = true;
        long since = milliseconds();
        for (size_t i = 0; i < plan->n; i++) {
            uint64_t read = scan_process(plan->pids[i]);
            *bytes += read;
            whole = whole && read > 0;
        }
        if (plan->session != 0) {
            bool enough = scans >= plan->least;
            *bytes += scan_session(plan->session);
            scans = scans_of_programs();
            if (!enough && scans >= plan->least)
                make(plan->enough);
            pause = (int)(milliseconds() - since) + 1;
        } else if (whole && ++scans == plan->least) {
            make(plan->enough);
        }
    }
    return scans;
}

int main(int argc, char **argv)
{
    struct plan plan = {.least = 1};
    pid_t watch = 0;
    uint64_t bytes = 0;
    int option;

    while ((option = getopt(argc, argv, "ue:n:w:s:")) != -1) {
        if (option == 'u') {
            plan.first_hit = true;
        } else if (option == 'e') {
            plan.enough = optarg;
        } else if (option == 'n') {
            plan.least = strtoul(optarg, NULL, 10);
        } else if (!(option == 'w' && to_pid(optarg, &watch)) &&
                   !(option == 's' && to_pid(optarg, &plan.session))) {
            fputs(usage, stderr);
            return 2;
        }
    }
    const char *values = optind < argc ? argv[optind++] : NULL;
    while (plan.session != 0 && optind < argc && n_programs < PROGRAMS_MAX)
        programs[n_programs++].name = argv[optind++];
    while (optind < argc && plan.n < PIDS_MAX && to_pid(argv[optind], &plan.pids[plan.n])) {
        optind++;
        plan.n++;
    }
    if (values == NULL || (plan.n == 0 && n_programs == 0) || optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (!read_values(values))
        return 2;
    if (watch == 0)
        watch = plan.session != 0 ? plan.session : plan.pids[0];
    plan.pidfd = (int)syscall(SYS_pidfd_open, watch, 0);
    if (plan.pidfd < 0) {
        fprintf(stderr, "scan: process %d: %s\n", (int)watch, strerror(errno));
        return 2;
    }
    unsigned long scans = scan_until(&plan, &bytes);
    (void)close(plan.pidfd);
    return report(scans, plan.least, bytes);
}
