/* bench_backup: one file encrypted or decrypted, by AES-GCM calls on the raw token or by a command.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "raw.h"
#include "rounds.h"

#include <fcntl.h>
#include <malloc.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20)
#define PART ((size_t)16 << 10)
#define TAG 16
#define AAD 96

static const char usage[] =
    "usage: bench_backup encrypt FILE    in chunks of 1 MiB, under a session key that it makes in the token "
    "of\n"
    "       bench_backup decrypt FILE    TOKEN_MODULE, TOKEN_LABEL and TOKEN_PIN_FILE, to /dev/null\n"
    "       bench_backup run COMMAND...  runs the command, its standard output to /dev/null\n"
    "Then on standard input: go THREADS MILLISECONDS\n";

struct shared {
    struct bench_raw raw;
    CK_OBJECT_HANDLE key;
    bool encrypts;
    int in;
    int out;
    unsigned char *from;
    unsigned char *to;
    char **command;
};

/* The same calls as strongroomd's (jobs/gcm.c): parts one way, everything at once the other. */
static bool encrypt(const struct shared *s, size_t size, CK_ULONG *written)
{
    CK_FUNCTION_LIST *f = s->raw.module.f;
    CK_ULONG at = 0;
    for (size_t done = 0; done < size; done += PART) {
        CK_ULONG n = CHUNK + TAG - at;
        if (!bench_fine(f->C_EncryptUpdate(s->raw.session, s->from + done,
                                           size - done < PART ? size - done : PART, s->to + at, &n),
                        "C_EncryptUpdate"))
            return false;
        at += n;
    }
    *written = CHUNK + TAG - at;
    if (!bench_fine(f->C_EncryptFinal(s->raw.session, s->to + at, written), "C_EncryptFinal"))
        return false;
    *written += at;
    return true;
}

static bool one_chunk(const struct shared *s, unsigned number, size_t size, CK_ULONG *written)
{
    CK_FUNCTION_LIST *f = s->raw.module.f;
    unsigned char nonce[12] = {0};
    unsigned char aad[AAD] = {0};
    CK_GCM_PARAMS parameters = {nonce, sizeof(nonce), sizeof(nonce) * 8, aad, sizeof(aad), TAG * 8UL};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof(parameters)};

    memcpy(nonce, &number, sizeof(number));
    if (s->encrypts)
        return bench_fine(f->C_EncryptInit(s->raw.session, &mechanism, s->key), "C_EncryptInit") &&
               encrypt(s, size, written);
    *written = CHUNK + TAG;
    return bench_fine(f->C_DecryptInit(s->raw.session, &mechanism, s->key), "C_DecryptInit") &&
           bench_fine(f->C_Decrypt(s->raw.session, s->from, size, s->to, written), "C_Decrypt");
}

/* One file. */
static bool once_raw(const struct shared *s)
{
    size_t unit = s->encrypts ? CHUNK : CHUNK + TAG;
    CK_ULONG written;
    ssize_t n;

    if (lseek(s->in, 0, SEEK_SET) != 0)
        return false;
    for (unsigned number = 0; (n = read(s->in, s->from, unit)) > 0; number++)
        if (!one_chunk(s, number, (size_t)n, &written) || write(s->out, s->to, written) != (ssize_t)written)
            return false;
    return n == 0;
}

/* What was encrypted, in memory as the file is in the page cache. */
static bool encrypt_first(struct shared *s)
{
    int null = s->out;
    s->encrypts = true;
    s->out = memfd_create("bench", MFD_CLOEXEC);
    bool ok = s->out >= 0 && once_raw(s);
    (void)close(s->in);
    s->in = s->out;
    s->out = null;
    s->encrypts = false;
    return ok;
}

static bool once_command(const struct shared *s)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = 1;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    bool ok = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
              posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
              posix_spawnp(&pid, s->command[0], &actions, NULL, s->command, environ) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    return ok && waitpid(pid, &status, 0) == pid && status == 0;
}

static void *start(void *shared)
{
    return shared;
}

static bool once(void *state)
{
    const struct shared *s = state;
    return s->command != NULL ? once_command(s) : once_raw(s);
}

static void end(void *state)
{
    (void)state;
}

int main(int argc, char **argv)
{
    static struct shared shared;
    const struct bench_job job = {.shared = &shared, .start = start, .once = once, .end = end};

    if (argc < 3) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (strcmp(argv[1], "run") == 0) {
        shared.command = argv + 2;
        return bench_serve(&job, 1, argv[2]);
    }
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20); /* as in strongroomd */
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    shared.in = open(argv[2], O_RDONLY | O_CLOEXEC);
    shared.out = open("/dev/null", O_WRONLY | O_CLOEXEC);
    shared.from = malloc(CHUNK + TAG);
    shared.to = malloc(CHUNK + TAG);
    shared.encrypts = strcmp(argv[1], "encrypt") == 0;
    if (shared.in < 0 || shared.out < 0 || shared.from == NULL || shared.to == NULL ||
        !bench_raw_open(&shared.raw) ||
        !bench_raw_key(&shared.raw, CKM_AES_KEY_GEN, 32, NULL, CKA_ENCRYPT, CKA_DECRYPT, &shared.key) ||
        (!shared.encrypts && !encrypt_first(&shared))) {
        (void)fputs("bench_backup: cannot start\n", stderr);
        return 1;
    }
    return bench_serve(&job, 1, argv[1]);
}
