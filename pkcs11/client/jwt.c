/* JWTs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

enum strongroom_result strongroom_jwt_sign(strongroom *h, const char *family, const char *alg,
                                           const char *claims, char **jwt, struct strongroom_error *error)
{
    const struct sr_jwt_sign_request request = {
        .family = sr_client_string(family), .alg = sr_client_string(alg), .claims = sr_client_string(claims)};

    *jwt = NULL;
    if (request.claims.length > SR_DATA_MAX)
        return sr_client_fail(error, STRONGROOM_INVALID,
                              "making the JWT: the claims are longer than %zu bytes", SR_DATA_MAX);
    return sr_client_ask_text(h, "making the JWT", SR_CALL_JWT_SIGN, &request, jwt, error);
}

enum strongroom_result strongroom_jwt_verify(strongroom *h, const char *family, const char *jwt,
                                             char **claims, struct strongroom_error *error)
{
    const struct sr_jwt_verify_request request = {.family = sr_client_string(family),
                                                  .jwt = sr_client_string(jwt)};

    *claims = NULL;
    if (request.jwt.length > SR_JWT_MAX)
        return sr_client_fail(error, STRONGROOM_BAD, "verifying the JWT: longer than any of strongroomd's");
    return sr_client_ask_text(h, "verifying the JWT", SR_CALL_JWT_VERIFY, &request, claims, error);
}
