/* Making a token, through libp11.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "init.h"

#include <libp11.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* CK_TOKEN_INFO.label: blank-padded, and C_InitToken reads all of it. */
#define LABEL_SIZE 32

static bool fail(const char *step, const char *module)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    sr_say("%s with %s failed: %s", step, module, reason != NULL ? reason : "the module gives no reason");
    return false;
}

static PKCS11_SLOT *empty_slot(PKCS11_SLOT *slots, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        if (slots[i].token != NULL && !slots[i].token->initialized)
            return &slots[i];
    return NULL;
}

static bool set_up(PKCS11_SLOT *slot, const struct sr_new_token *new)
{
    const char *module = new->plan->module;
    char label[LABEL_SIZE + 1];

    memset(label, ' ', LABEL_SIZE);
    memcpy(label, new->plan->label, strlen(new->plan->label));
    label[LABEL_SIZE] = '\0';
    if (PKCS11_init_token(slot->token, new->so_pin, label) != 0)
        return fail("making the token", module);
    if (PKCS11_open_session(slot, 1) != 0 || PKCS11_login(slot, 1, new->so_pin) != 0)
        return fail("logging in to the new token", module);
    if (PKCS11_init_pin(slot->token, new->pin) != 0)
        return fail("setting the new token's PIN", module);
    (void)PKCS11_logout(slot);
    return true;
}

bool sr_init_token(const void *arg)
{
    const struct sr_new_token *new = arg;
    const char *module = new->plan->module;
    PKCS11_SLOT *slots = NULL;
    unsigned int n = 0;
    bool loaded = false;
    bool ok = false;

    PKCS11_CTX *ctx = PKCS11_CTX_new();
    if (ctx == NULL) {
        sr_say("out of memory");
        return false;
    }
    /* SoftHSM reads the variable while it is being initialised. */
    loaded = setenv("SOFTHSM2_CONF", new->plan->softhsm_conf, 1) == 0 && PKCS11_CTX_load(ctx, module) == 0;
    if (!loaded) {
        (void)fail("loading the module", module);
        goto out;
    }
    if (PKCS11_enumerate_slots(ctx, &slots, &n) != 0) {
        (void)fail("looking for an empty slot", module);
        goto out;
    }
    PKCS11_SLOT *slot = empty_slot(slots, n);
    if (slot == NULL)
        sr_say("%s offers no slot for a new token; is it SoftHSM?", module);
    else
        ok = set_up(slot, new);
out:
    if (slots != NULL)
        PKCS11_release_all_slots(ctx, slots, n);
    if (loaded)
        PKCS11_CTX_unload(ctx);
    PKCS11_CTX_free(ctx);
    return ok;
}
