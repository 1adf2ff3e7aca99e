/* Session keys.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

static enum strongroom_result too_long(const char *what, struct strongroom_error *error)
{
    return sr_client_fail(error, STRONGROOM_INVALID,
                          "%s: the data are longer than %zu bytes: sign their hash", what, SR_DATA_MAX);
}

enum strongroom_result strongroom_session_sign(strongroom *h, const char *family, const char *purpose,
                                               const void *data, size_t length, char **signature,
                                               struct strongroom_error *error)
{
    const struct sr_session_request request = {.family = sr_client_string(family),
                                               .purpose = sr_client_string(purpose),
                                               .data = sr_client_bytes(data, length)};

    *signature = NULL;
    if (length > SR_DATA_MAX)
        return too_long("signing", error);
    return sr_client_ask_text(h, "signing", SR_CALL_SESSION_SIGN, &request, signature, error);
}

enum strongroom_result strongroom_session_verify(strongroom *h, const char *family, const char *purpose,
                                                 const void *data, size_t length, const char *signature,
                                                 struct strongroom_error *error)
{
    const struct sr_session_request request = {.family = sr_client_string(family),
                                               .purpose = sr_client_string(purpose),
                                               .data = sr_client_bytes(data, length),
                                               .signature = sr_client_string(signature)};

    if (length > SR_DATA_MAX)
        return too_long("verifying", error);
    if (request.signature.length > SR_DATA_MAX)
        return sr_client_fail(error, STRONGROOM_BAD, "verifying: the signature is longer than any");
    return sr_client_ask(h, "verifying", SR_CALL_SESSION_VERIFY, &request, NULL, error);
}
