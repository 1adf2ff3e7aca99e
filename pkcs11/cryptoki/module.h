/* A PKCS#11 module: loading, initialising, asking it why.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_MODULE_H
#define STRONGROOM_CRYPTOKI_MODULE_H

#include "cryptoki/cryptoki.h"
#include "cryptoki/why.h"

#include <stdbool.h>
#include <sys/types.h>

enum sr_module_locks {
    SR_LOCKS_MODULE, /* the module makes its own */
    SR_LOCKS_OURS,   /* locks.h, unless the module refuses them; for programs, which stay mapped to the end */
};

struct sr_module {
    enum sr_module_locks locks;
    void *dl;
    CK_FUNCTION_LIST *f;               /* valid until sr_module_close */
    const struct sr_functions_3_0 *f3; /* NULL where the module is older; valid as long */
    char *path;
    char *init_args;
    const char *(*explain)(void); /* NULL where the module has no such interface */
    pid_t pid;                    /* the process that called C_Initialize */
    bool finalize;                /* C_Initialize was ours, so C_Finalize is too */
};

/* Loads the module at PATH, calls C_GetFunctionList and C_Initialize (CKF_OS_LOCKING_OK, INIT_ARGS as
 * pReserved, may be NULL). CKR_CRYPTOKI_ALREADY_INITIALIZED counts as success, and leaves C_Finalize to
 * whoever was first. On failure *M is empty and WHY names the path and the reason. Not thread-safe on one M.
 */
CK_RV sr_module_open(struct sr_module *m, const char *path, const char *init_args, enum sr_module_locks locks,
                     struct sr_why *why);

/* In a forked child: C_Initialize again (PKCS#11 v3.0 §5.4 and the guide's note on fork). Does nothing in the
 * process that initialised the module. */
CK_RV sr_module_after_fork(struct sr_module *m, struct sr_why *why);

/* C_Finalize and C_Initialize, where the first C_Initialize was ours (CKR_CANT_LOCK otherwise, with nothing
 * done): what makes SoftHSM see a token whose file was half written when it looked. Ends every session of the
 * process with the module; no other thread may be inside. */
CK_RV sr_module_restart(struct sr_module *m, struct sr_why *why);

/* C_Finalize where it is ours and this is the process that initialised, then dlclose. Safe on an empty *M. */
void sr_module_close(struct sr_module *m);

/* What the module says of the last failure on this thread, or "" where it says nothing. Modules that have the
 * interface "Vendor Strongroom" (PKCS#11 v3.0 §5.4.5 lets vendors add interfaces) are asked. */
const char *sr_module_explain(const struct sr_module *m);

/* The vendor interface: its name, and the table behind it. */
#define SR_INTERFACE_NAME "Vendor Strongroom"
struct sr_interface {
    CK_VERSION version; /* 1.0 */
    const char *(*explain)(void);
};

#endif
