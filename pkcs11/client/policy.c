/* What the daemon's policy says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

#include <stdlib.h>
#include <string.h>

static const char *or_empty(const char *string)
{
    return string != NULL ? string : "";
}

enum strongroom_result strongroom_policy_test(strongroom *h,
                                              const struct strongroom_policy_question *question, int *allowed,
                                              char **reason, struct strongroom_error *error)
{
    const struct sr_policy_test_request request = {
        .user = sr_client_string(question->user),
        .operation = sr_client_string(question->operation),
        .uri = sr_client_string(question->uri),
        .socket = sr_client_string(or_empty(question->socket)),
        .mechanism = sr_client_string(or_empty(question->mechanism)),
    };
    struct sr_policy_test_reply reply = {0};

    *allowed = 0;
    *reason = NULL;
    if (error != NULL)
        error->text[0] = '\0';
    (void)pthread_mutex_lock(&h->lock);
    enum strongroom_result result =
        sr_client_ask_held(h, "asking for the policy", SR_CALL_POLICY_TEST, &request, &reply, error);
    if (result == STRONGROOM_OK) {
        *reason =
            reply.text.length > 0 ? strndup((const char *)reply.text.data, reply.text.length) : strdup("");
        *allowed = reply.allowed == 1;
        if (*reason == NULL)
            result = sr_client_fail(error, STRONGROOM_NO_MEMORY, "asking for the policy: out of memory");
    }
    (void)pthread_mutex_unlock(&h->lock);
    return result;
}
