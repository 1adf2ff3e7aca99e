/* SPDX-License-Identifier: Apache-2.0 */
/* The token's random numbers. */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"

#include <string.h>

static CK_RV random_piece(struct sr_app_session *s, unsigned char *out, size_t length)
{
    struct sr_random_request request = {.length = length};
    struct sr_bytes_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_RANDOM,
                            .request = &request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request.session};
    CK_RV rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv;
    if (reply.data.length == length) {
        memcpy(out, reply.data.data, length);
    } else {
        sr_say("strongroomd answered with another number of random bytes: is it of another version?");
        rv = CKR_DEVICE_ERROR;
    }
    sr_exchange_end(&x);
    return rv;
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE *random, CK_ULONG length)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && random == NULL && length > 0)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    for (CK_ULONG done = 0; rv == CKR_OK && done < length;) {
        CK_ULONG piece = length - done < SR_RANDOM_MAX ? length - done : SR_RANDOM_MAX;
        rv = random_piece(s, random + done, piece);
        done += piece;
    }
    sr_session_release(s);
    return rv;
}

CK_RV C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE *seed, CK_ULONG length)
{
    struct sr_app_session *s;
    struct sr_part_request request = {.data = {length, seed}};
    struct sr_exchange x = {.call = SR_CALL_SEED, .request = &request, .session_at = &request.session};
    CK_RV rv = sr_enter();

    if (rv == CKR_OK && seed == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    x.session = s;
    rv = sr_exchange_only(&x);
    sr_session_release(s);
    return rv;
}
