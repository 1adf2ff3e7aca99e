/* bench_backup: one file encrypted or decrypted, by AES-GCM calls on the raw token or by a command.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include "cryptoki/module.h"
#include "cryptoki/names.h"
#include "cryptoki/pin.h"
#include "cryptoki/token.h"

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
    struct sr_module module;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    bool encrypts;
    int in;
    int out;
    unsigned char *from;
    unsigned char *to;
    char **command;
};

static bool fine(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        (void)fprintf(stderr, "%s: %s\n", what, sr_rv_name(rv));
    return rv == CKR_OK;
}

static bool make_key(struct shared *s)
{
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG size = 32;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE a[] = {{CKA_VALUE_LEN, &size, sizeof(size)},
                        {CKA_ENCRYPT, &yes, sizeof(yes)},
                        {CKA_DECRYPT, &yes, sizeof(yes)}};
    return fine(s->module.f->C_GenerateKey(s->session, &generate, a, sizeof(a) / sizeof(a[0]), &s->key),
                "C_GenerateKey");
}

static bool open_raw(struct shared *s)
{
    struct sr_why why = {""};
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    struct sr_pin *pin = sr_pin_read(getenv("TOKEN_PIN_FILE"), &why);
    bool ok = pin != NULL &&
              sr_module_open(&s->module, getenv("TOKEN_MODULE"), NULL, SR_LOCKS_MODULE, &why) == CKR_OK;
    if (!ok)
        (void)fprintf(stderr, "%s\n", why.text);
    ok =
        ok &&
        fine(sr_token_find(s->module.f, sr_token_labelled, getenv("TOKEN_LABEL"), true, &slot, &info),
             "the token") &&
        fine(s->module.f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s->session),
             "C_OpenSession") &&
        fine(s->module.f->C_Login(s->session, CKU_USER, (CK_UTF8CHAR *)pin->value, pin->length), "C_Login") &&
        make_key(s);
    sr_pin_free(pin);
    return ok;
}

/* The same calls as strongroomd's (jobs/gcm.c): parts one way, everything at once the other. */
static bool encrypt(const struct shared *s, size_t size, CK_ULONG *written)
{
    CK_FUNCTION_LIST *f = s->module.f;
    CK_ULONG at = 0;
    for (size_t done = 0; done < size; done += PART) {
        CK_ULONG n = CHUNK + TAG - at;
        if (!fine(f->C_EncryptUpdate(s->session, s->from + done, size - done < PART ? size - done : PART,
                                     s->to + at, &n),
                  "C_EncryptUpdate"))
            return false;
        at += n;
    }
    *written = CHUNK + TAG - at;
    if (!fine(f->C_EncryptFinal(s->session, s->to + at, written), "C_EncryptFinal"))
        return false;
    *written += at;
    return true;
}

static bool one_chunk(const struct shared *s, unsigned number, size_t size, CK_ULONG *written)
{
    CK_FUNCTION_LIST *f = s->module.f;
    unsigned char nonce[12] = {0};
    unsigned char aad[AAD] = {0};
    CK_GCM_PARAMS parameters = {nonce, sizeof(nonce), sizeof(nonce) * 8, aad, sizeof(aad), TAG * 8UL};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof(parameters)};

    memcpy(nonce, &number, sizeof(number));
    if (s->encrypts)
        return fine(f->C_EncryptInit(s->session, &mechanism, s->key), "C_EncryptInit") &&
               encrypt(s, size, written);
    *written = CHUNK + TAG;
    return fine(f->C_DecryptInit(s->session, &mechanism, s->key), "C_DecryptInit") &&
           fine(f->C_Decrypt(s->session, s->from, size, s->to, written), "C_Decrypt");
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
    if (shared.in < 0 || shared.out < 0 || shared.from == NULL || shared.to == NULL || !open_raw(&shared) ||
        (!shared.encrypts && !encrypt_first(&shared))) {
        (void)fputs("bench_backup: cannot start\n", stderr);
        return 1;
    }
    return bench_serve(&job, 1, argv[1]);
}
