/* The token's random generator.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/permit.h"

CK_RV sr_handle_random(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_random_request *r = request;
    struct sr_bytes_reply *answer = reply;
    struct sr_session_view view;
    struct sr_token *token;
    CK_SESSION_HANDLE real;

    if (r->length > SR_RANDOM_MAX)
        return CKR_ARGUMENTS_BAD;
    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = sr_permit_new(work, SR_OPERATION_RANDOM, token, NULL, CK_UNAVAILABLE_INFORMATION);
    if (rv != CKR_OK)
        return rv;
    answer->data.data = sr_scratch_get(&work->scratch, r->length);
    if (answer->data.data == NULL)
        return CKR_HOST_MEMORY;
    rv = sr_token_borrow(token, &real);
    if (rv != CKR_OK)
        return rv;
    rv = token->module.f->C_GenerateRandom(real, answer->data.data, r->length);
    sr_token_return(token, real, rv);
    answer->data.length = r->length;
    return rv;
}

CK_RV sr_handle_seed(struct sr_work *work, const void *request, void *reply)
{
    const struct sr_part_request *r = request;
    struct sr_session_view view;
    struct sr_token *token;
    CK_SESSION_HANDLE real;
    (void)reply;

    CK_RV rv = sr_work_session(work, r->session, &view, &token);
    if (rv != CKR_OK)
        return rv;
    rv = sr_permit_new(work, SR_OPERATION_SEED, token, NULL, CK_UNAVAILABLE_INFORMATION);
    if (rv == CKR_OK)
        rv = sr_token_borrow(token, &real);
    if (rv != CKR_OK)
        return rv;
    rv = token->module.f->C_SeedRandom(real, r->data.data, r->data.length);
    sr_token_return(token, real, rv);
    return rv;
}
