/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 module that is SoftHSM, but for the functions that the file named by the environment variable
 * FAULTS lists: each of its lines is a function's name and the return value with which it shall fail. The
 * file is read at each call, so a test can make a token fail, and heal it. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CRYPTOKI_COMPAT 1
#define CRYPTOKI_EXPORTS 1
#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

/* What FUNCTION shall return, or CKR_OK. */
static CK_RV fault(const char *function)
{
    const char *path = getenv("FAULTS");
    size_t length = strlen(function);
    char line[128];
    CK_RV result = CKR_OK;
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, function, length) == 0 && line[length] == ' ')
            result = strtoul(line + length, NULL, 16);
    if (file != NULL)
        (void)fclose(file);
    return result;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length)
{
    CK_RV rv = fault("C_Login");
    return rv != CKR_OK ? rv : real->C_Login(session, user, pin, length);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    CK_RV rv = fault("C_SignInit");
    return rv != CKR_OK ? rv : real->C_SignInit(session, mechanism, key);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature,
                  CK_ULONG *size)
{
    CK_RV rv = fault("C_Sign");
    return rv != CKR_OK ? rv : real->C_Sign(session, data, length, signature, size);
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv = fault("C_GetTokenInfo");
    return rv != CKR_OK ? rv : real->C_GetTokenInfo(slot, info);
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    CK_C_GetFunctionList get;
    void *module = dlopen(SOFTHSM_MODULE, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL)
        return CKR_GENERAL_ERROR;
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    CK_RV rv = get != NULL ? get(&real) : CKR_GENERAL_ERROR;
    if (rv != CKR_OK)
        return rv;
    ours = *real;
    ours.C_Login = login;
    ours.C_SignInit = sign_init;
    ours.C_Sign = sign;
    ours.C_GetTokenInfo = get_token_info;
    *list = &ours;
    return CKR_OK;
}
