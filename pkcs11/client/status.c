/* What the daemon says of itself, and of its tokens.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum strongroom_result status(strongroom *h, char **text, struct strongroom_error *error)
{
    struct sr_status_reply reply = {0};
    enum strongroom_result result = sr_client_connect(h, error);

    if (result == STRONGROOM_OK)
        result = sr_client_call(h, "asking strongroomd for its status", SR_CALL_STATUS, NULL, &reply, error);
    if (result != STRONGROOM_OK)
        return result;
    *text = strndup((const char *)reply.text.data, reply.text.length);
    return *text != NULL ? STRONGROOM_OK : sr_client_fail(error, STRONGROOM_NO_MEMORY, "out of memory");
}

enum strongroom_result strongroom_status(strongroom *h, char **text, struct strongroom_error *error)
{
    *text = NULL;
    if (error != NULL)
        error->text[0] = '\0';
    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result = status(h, text, error);
    (void)pthread_mutex_unlock(&h->lock);
    return result;
}

/* The blank-padded label of PKCS#11 v3.0 §3.2 (CK_TOKEN_INFO) as a string. */
static void unpad(const CK_TOKEN_INFO *info, char label[33])
{
    size_t n = sizeof(info->label);
    while (n > 0 && info->label[n - 1] == ' ')
        n--;
    memcpy(label, info->label, n);
    label[n] = '\0';
}

/* Chooses among the slots; AVAILABLE collects the labels that were passed over, for the message. */
static enum strongroom_result choose(strongroom *h, const CK_SLOT_ID *slots, size_t n, const char *label,
                                     struct strongroom_token *token, struct strongroom_error *error)
{
    char available[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        struct sr_slot_request request = {.slot = slots[i]};
        struct sr_bytes_reply reply = {0};
        CK_TOKEN_INFO info;
        enum strongroom_result result = sr_client_call(h, "asking strongroomd for its token",
                                                       SR_CALL_TOKEN_INFO, &request, &reply, error);
        if (result != STRONGROOM_OK && n == 1)
            return result;
        if (result == STRONGROOM_ABSENT || result == STRONGROOM_TIMEOUT)
            return result;
        if (result != STRONGROOM_OK || reply.data.length != sizeof(info))
            continue;
        memcpy(&info, reply.data.data, sizeof(info));
        token->slot = slots[i];
        unpad(&info, token->label);
        if (label != NULL ? strcmp(label, token->label) == 0 : n == 1)
            return STRONGROOM_OK;
        int more =
            snprintf(available + used, sizeof(available) - used, "%s%s", used > 0 ? ", " : "", token->label);
        if (more > 0 && (size_t)more < sizeof(available) - used)
            used += (size_t)more;
    }
    if (label != NULL)
        return sr_client_fail(error, STRONGROOM_NOT_FOUND,
                              "strongroomd has no token labelled \"%s\"; it has: %s", label,
                              used > 0 ? available : "none");
    if (n == 0)
        return sr_client_fail(error, STRONGROOM_NOT_FOUND,
                              "strongroomd has no token, or none that you may use on this socket");
    return sr_client_fail(error, STRONGROOM_NOT_FOUND, "strongroomd has several tokens: name one of: %s",
                          available);
}

static enum strongroom_result find_token(strongroom *h, const char *label, struct strongroom_token *token,
                                         struct strongroom_error *error)
{
    struct sr_bytes_reply reply = {0};
    enum strongroom_result result = sr_client_connect(h, error);

    if (result == STRONGROOM_OK)
        result = sr_client_call(h, "asking strongroomd for its tokens", SR_CALL_SLOTS, NULL, &reply, error);
    if (result != STRONGROOM_OK)
        return result;
    /* The reply lies in the channel's buffer, which the next call uses again. */
    size_t count = reply.data.length / sizeof(struct sr_slot_entry);
    CK_SLOT_ID *slots = calloc(count + 1, sizeof(*slots));
    if (slots == NULL)
        return sr_client_fail(error, STRONGROOM_NO_MEMORY, "out of memory");
    size_t present = 0;
    for (size_t i = 0; i < count; i++) {
        struct sr_slot_entry entry;
        memcpy(&entry, reply.data.data + i * sizeof(entry), sizeof(entry));
        if (entry.present == 1)
            slots[present++] = entry.slot;
    }
    result = choose(h, slots, present, label, token, error);
    free(slots);
    return result;
}

enum strongroom_result strongroom_token(strongroom *h, const char *label, struct strongroom_token *token,
                                        struct strongroom_error *error)
{
    *token = (struct strongroom_token){0};
    if (error != NULL)
        error->text[0] = '\0';
    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result = find_token(h, label, token, error);
    (void)pthread_mutex_unlock(&h->lock);
    return result;
}
