/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"
#include "cryptoki/names.h"
#include "provider.h"
#include "token.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_bool exiting;

/* SoftHSM crashes when it is called after its static destructors have run, and libcrypto tears providers down
 * after that. Handlers run in reverse order: registered after the module's load, this one runs before the
 * module's destructors, and from then on the module is left alone. The process's end ends its sessions. */
static void at_exit(void)
{
    atomic_store(&exiting, true);
}

/* In a forked child: what the parent had of the module is not ours. Another thread of the parent may have
 * held the lock, so it is made anew; no handler of pthread_atfork is used, for those deadlock when another
 * library's handler waits for a thread that is inside a provider. */
static void forget_parent(struct sr_access *access)
{
    (void)pthread_mutex_init(&access->lock, NULL);
    atomic_store(&access->ready, false);
    sr_tokens_forget(access->tokens);
}

/* The first thread of a new process does it; the others wait. While it does, the pid is the negative of the
 * process's: a grandchild that is forked at that moment sees a stranger's number and starts over. */
static void follow_fork(struct sr_access *access)
{
    pid_t self = getpid();
    pid_t owner = atomic_load(&access->pid);
    while (owner != self) {
        if (owner == -self) {
            (void)sched_yield();
            owner = atomic_load(&access->pid);
        } else if (atomic_compare_exchange_strong(&access->pid, &owner, -self)) {
            forget_parent(access);
            atomic_store(&access->pid, self);
            owner = self;
        }
    }
}

static bool open_module(struct sr_provider *p, struct sr_why *why)
{
    struct sr_module *module = &p->access.module;
    if (module->f != NULL)
        return sr_module_after_fork(module, why) == CKR_OK;
    if (sr_module_open(module, p->config.module_path, p->config.init_args, SR_LOCKS_MODULE, why) != CKR_OK)
        return false;
    if (atexit(at_exit) != 0) {
        sr_why_set(why, "%s: out of memory", p->config.module_path);
        sr_module_close(module);
        return false;
    }
    return true;
}

bool sr_access_init(struct sr_access *access)
{
    atomic_store(&access->pid, getpid());
    return pthread_mutex_init(&access->lock, NULL) == 0;
}

CK_FUNCTION_LIST *sr_access_enter(struct sr_provider *p)
{
    struct sr_access *access = &p->access;
    struct sr_why why = {.text = ""};

    if (atomic_load(&exiting)) {
        sr_error(p, SR_R_MODULE, "the process is exiting: %s is not used any more", p->config.module_path);
        return NULL;
    }
    follow_fork(access);
    if (atomic_load(&access->ready))
        return access->module.f;
    if (p->config.mistake.text[0] != '\0') {
        sr_error(p, SR_R_CONFIGURATION, "%s", p->config.mistake.text);
        return NULL;
    }
    (void)pthread_mutex_lock(&access->lock);
    if (!atomic_load(&access->ready) && open_module(p, &why))
        atomic_store(&access->ready, true);
    bool ready = atomic_load(&access->ready);
    (void)pthread_mutex_unlock(&access->lock);
    if (!ready) {
        sr_error(p, SR_R_MODULE,
                 "%s (set pkcs11-module-path in openssl.cnf, or PKCS11_PROVIDER_MODULE, to another module)",
                 why.text);
        return NULL;
    }
    return access->module.f;
}

bool sr_access_usable(struct sr_provider *p)
{
    return !atomic_load(&exiting) && atomic_load(&p->access.ready) && atomic_load(&p->access.pid) == getpid();
}

void sr_access_lost(struct sr_provider *p)
{
    p->access.module.pid = 0;
    atomic_store(&p->access.ready, false);
}

const char *sr_access_explain(struct sr_provider *p, CK_RV rv, struct sr_why *why)
{
    const char *more = sr_module_explain(&p->access.module);
    sr_why_set(why, "%s%s%s", sr_rv_name(rv), more[0] != '\0' ? ": " : "", more);
    return why->text;
}

void sr_access_free(struct sr_provider *p)
{
    struct sr_access *access = &p->access;
    bool usable = sr_access_usable(p);
    sr_tokens_free(access->tokens, usable ? access->module.f : NULL);
    access->tokens = NULL;
    if (usable) {
        sr_module_close(&access->module);
    } else if (access->module.f != NULL) {
        /* The module stays mapped, for it may not be called; its names are ours. */
        free(access->module.path);
        free(access->module.init_args);
    }
    (void)pthread_mutex_destroy(&access->lock);
}
