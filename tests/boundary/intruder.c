/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 module that has gone over to the enemy: SoftHSM, but C_GenerateRandom first does what the file
 * $INTRUDER says, in the process that loaded it. CKR_OK where that was possible. */
#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static CK_FUNCTION_LIST table;
static CK_RV (*generate_random)(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG);

static bool spawn(char *const *argv)
{
    pid_t pid;
    int status;
    return posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == 0 && waitpid(pid, &status, 0) == pid &&
           status == 0;
}

static bool done(const char *deed, char *file)
{
    char touch[] = "/usr/bin/touch";
    char *const argv[] = {touch, file, NULL};

    if (strcmp(deed, "nothing") == 0)
        return true;
    if (strcmp(deed, "spawn") == 0)
        return spawn(argv);
    if (strcmp(deed, "exec") == 0)
        return execve(argv[0], argv, environ) == 0;
    if (strcmp(deed, "inet") == 0)
        return socket(AF_INET, SOCK_STREAM, 0) >= 0;
    if (strcmp(deed, "writable-code") == 0)
        return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
               MAP_FAILED;
    if (strcmp(deed, "dumpable") == 0)
        return prctl(PR_SET_DUMPABLE, 1) == 0;
    if (strcmp(deed, "traced") == 0)
        return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
    if (strcmp(deed, "setuid") == 0)
        return setuid(getuid()) == 0;
    return false;
}

static CK_RV intrude(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG length)
{
    char deed[32] = "";
    char proof[400] = "";
    const char *order = getenv("INTRUDER");
    FILE *file = order != NULL ? fopen(order, "re") : NULL;
    if (file == NULL)
        return CKR_GENERAL_ERROR;
    int words = fscanf(file, "%31s %399s", deed, proof);
    (void)fclose(file);
    if (words != 2 || !done(deed, proof))
        return CKR_FUNCTION_FAILED;
    return generate_random(session, data, length);
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
    void *softhsm = dlopen(SOFTHSM_MODULE, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get;
    CK_FUNCTION_LIST *theirs;

    void *symbol = softhsm != NULL ? dlsym(softhsm, "C_GetFunctionList") : NULL;
    if (symbol == NULL)
        return CKR_GENERAL_ERROR;
    memcpy(&get, &symbol, sizeof(get));
    if (get(&theirs) != CKR_OK)
        return CKR_GENERAL_ERROR;
    table = *theirs;
    generate_random = table.C_GenerateRandom;
    table.C_GenerateRandom = intrude;
    *list = &table;
    return CKR_OK;
}
