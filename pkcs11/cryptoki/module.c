/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/module.h"
#include "cryptoki/locks.h"
#include "cryptoki/names.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef CK_RV (*get_interface_fn)(CK_UTF8CHAR *, CK_VERSION *, CK_INTERFACE **, CK_FLAGS);

static CK_RV initialize(struct sr_module *m, struct sr_why *why)
{
    /* NSS has its parameters where pReserved is, and looks for a NULL behind it. */
    struct {
        CK_C_INITIALIZE_ARGS args;
        void *behind;
    } plain = {.args = {.flags = CKF_OS_LOCKING_OK, .pReserved = m->init_args}}, with_locks = plain;
    CK_RV rv = CKR_CANT_LOCK;

    if (m->locks == SR_LOCKS_OURS) {
        sr_locks_offer(&with_locks.args);
        rv = m->f->C_Initialize(&with_locks);
    }
    if (rv == CKR_CANT_LOCK || rv == CKR_ARGUMENTS_BAD)
        rv = m->f->C_Initialize(&plain);

    if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        m->finalize = false;
        rv = CKR_OK;
    } else if (rv == CKR_OK) {
        m->finalize = true;
    } else {
        sr_why_set(why, "%s: C_Initialize failed: %s", m->path, sr_rv_name(rv));
    }
    m->pid = getpid();
    return rv;
}

/* The function list of an interface, or NULL. */
static const void *find_interface(struct sr_module *m, const char *name, CK_VERSION *version)
{
    get_interface_fn get_interface;
    CK_INTERFACE *interface = NULL;

    *(void **)&get_interface = dlsym(m->dl, "C_GetInterface");
    if (get_interface == NULL || get_interface((CK_UTF8CHAR *)name, version, &interface, 0) != CKR_OK ||
        interface == NULL || strcmp((const char *)interface->pInterfaceName, name) != 0)
        return NULL;
    return interface->pFunctionList;
}

/* 3.0 functions are reached through C_GetInterface only, never by casting a 2.40 list. */
static void find_interfaces(struct sr_module *m)
{
    CK_VERSION version = {3, 0};
    const struct sr_functions_3_0 *list = find_interface(m, "PKCS 11", &version);
    const struct sr_interface *ours = find_interface(m, SR_INTERFACE_NAME, NULL);
    if (list != NULL && list->v2.version.major == 3)
        m->f3 = list;
    if (ours != NULL && ours->version.major == 1)
        m->explain = ours->explain;
}

CK_RV sr_module_open(struct sr_module *m, const char *path, const char *init_args, enum sr_module_locks locks,
                     struct sr_why *why)
{
    CK_RV rv = CKR_HOST_MEMORY;
    CK_C_GetFunctionList get_list;

    memset(m, 0, sizeof(*m));
    m->locks = locks;
    m->path = strdup(path);
    m->init_args = init_args != NULL ? strdup(init_args) : NULL;
    if (m->path == NULL || (init_args != NULL && m->init_args == NULL)) {
        sr_why_set(why, "%s: out of memory", path);
        goto out;
    }
    rv = CKR_GENERAL_ERROR;
    /* Never RTLD_DEEPBIND: with jemalloc in the program a module would free what another allocator gave. A
     * module may have left handlers and thread-local data behind: it stays mapped until the process ends. */
    m->dl = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (m->dl == NULL) {
        sr_why_set(why, "the PKCS#11 module cannot be loaded: %s", dlerror());
        goto out;
    }
    *(void **)&get_list = dlsym(m->dl, "C_GetFunctionList");
    if (get_list == NULL) {
        sr_why_set(why, "%s is not a PKCS#11 module: it has no C_GetFunctionList", path);
        goto out;
    }
    rv = get_list(&m->f);
    if (rv != CKR_OK || m->f == NULL) {
        sr_why_set(why, "%s: C_GetFunctionList failed: %s", path, sr_rv_name(rv));
        rv = rv != CKR_OK ? rv : CKR_GENERAL_ERROR;
        goto out;
    }
    find_interfaces(m);
    rv = initialize(m, why);
out:
    if (rv != CKR_OK)
        sr_module_close(m);
    return rv;
}

CK_RV sr_module_after_fork(struct sr_module *m, struct sr_why *why)
{
    return m->pid == getpid() ? CKR_OK : initialize(m, why);
}

CK_RV sr_module_restart(struct sr_module *m, struct sr_why *why)
{
    if (!m->finalize || m->pid != getpid())
        return CKR_CANT_LOCK;
    (void)m->f->C_Finalize(NULL);
    return initialize(m, why);
}

void sr_module_close(struct sr_module *m)
{
    if (m->f != NULL && m->finalize && m->pid == getpid())
        (void)m->f->C_Finalize(NULL);
    if (m->dl != NULL)
        (void)dlclose(m->dl);
    free(m->path);
    free(m->init_args);
    memset(m, 0, sizeof(*m));
}

const char *sr_module_explain(const struct sr_module *m)
{
    const char *text = m->explain != NULL ? m->explain() : NULL;
    return text != NULL ? text : "";
}
