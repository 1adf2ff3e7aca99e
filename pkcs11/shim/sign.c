/* SPDX-License-Identifier: Apache-2.0 */
/* Signing. C_SignInit is answered from what is known of key and mechanism and goes to the daemon with the
 * data: one round trip per signature. Parts are gathered as long as they are small, for the same reason. */
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/mechanisms.h"
#include "shim/objects.h"

#include <string.h>

#define GATHER_MAX ((size_t)32 << 10) /* bytes of parts */

/* Mechanisms that go with one key type; whatever is not here is the token's to judge. */
static const struct {
    CK_MECHANISM_TYPE mechanism;
    CK_KEY_TYPE key;
} key_types[] = {
    {CKM_RSA_PKCS, CKK_RSA},
    {CKM_RSA_X_509, CKK_RSA},
    {CKM_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA1_RSA_PKCS, CKK_RSA},
    {CKM_SHA224_RSA_PKCS, CKK_RSA},
    {CKM_SHA256_RSA_PKCS, CKK_RSA},
    {CKM_SHA384_RSA_PKCS, CKK_RSA},
    {CKM_SHA512_RSA_PKCS, CKK_RSA},
    {CKM_SHA1_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA224_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA256_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA384_RSA_PKCS_PSS, CKK_RSA},
    {CKM_SHA512_RSA_PKCS_PSS, CKK_RSA},
    {CKM_ECDSA, CKK_EC},
    {CKM_ECDSA_SHA1, CKK_EC},
    {CKM_ECDSA_SHA224, CKK_EC},
    {CKM_ECDSA_SHA256, CKK_EC},
    {CKM_ECDSA_SHA384, CKK_EC},
    {CKM_ECDSA_SHA512, CKK_EC},
    {CKM_EDDSA, CKK_EC_EDWARDS},
    {CKM_DSA, CKK_DSA},
    {CKM_DSA_SHA1, CKK_DSA},
    {CKM_AES_CMAC, CKK_AES},
};

static bool fits_key_type(CK_MECHANISM_TYPE mechanism, CK_KEY_TYPE key)
{
    for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++) {
        if (key_types[i].mechanism == mechanism)
            return key_types[i].key == key;
    }
    return true;
}

/* The errors that belong to C_SignInit (PKCS#11 v3.0 §5.13.1). */
static CK_RV check(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE handle, struct sr_key *key)
{
    CK_MECHANISM_INFO info;
    CK_RV rv = sr_objects_key(handle, slot, mechanism, key);
    if (rv != CKR_OK)
        return CKR_KEY_HANDLE_INVALID;
    rv = sr_mechanism_info(slot, mechanism, &info);
    if (rv != CKR_OK)
        return rv;
    if ((info.flags & CKF_SIGN) == 0) {
        sr_say("mechanism 0x%lx does not sign on this token", mechanism);
        return CKR_MECHANISM_INVALID;
    }
    if ((key->class != CKO_PRIVATE_KEY && key->class != CKO_SECRET_KEY) ||
        !(key->flags & SR_CARD_MAY(SR_OPERATION_SIGN))) {
        sr_say("object %lu may not sign: it is no such key, its CKA_SIGN is false, or strongroomd's policy "
               "does not let this process",
               handle);
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    }
    if (!fits_key_type(mechanism, key->type)) {
        sr_say("mechanism 0x%lx is not one for a key of type 0x%lx", mechanism, key->type);
        return CKR_KEY_TYPE_INCONSISTENT;
    }
    if (!key->allowed) {
        sr_say("mechanism 0x%lx is not among the key's CKA_ALLOWED_MECHANISMS", mechanism);
        return CKR_MECHANISM_INVALID;
    }
    return CKR_OK;
}

/* Takes over the mechanism with a copy of its parameter: the caller's memory is not ours after C_SignInit. */
static CK_RV keep_mechanism(struct sr_signing *g, const CK_MECHANISM *mechanism)
{
    static const struct sr_field fields[] = {{SR_FIELD_MECHANISM, 0}, {SR_FIELD_END, 0}};
    CK_RV rv = sr_mechanism_set(&g->mechanism, mechanism);
    if (rv != CKR_OK) {
        sr_say("mechanism 0x%lx does not take a parameter like this one", mechanism->mechanism);
        return rv;
    }
    if (g->mechanism.m.ulParameterLen == 0)
        return CKR_OK;
    sr_buf_reset(&g->kept);
    sr_encode(&g->kept, fields, &g->mechanism);
    if (!sr_buf_ok(&g->kept)) {
        sr_say("out of memory for the mechanism's parameter");
        return CKR_HOST_MEMORY;
    }
    struct sr_buf copy = sr_buf_over(g->kept.data, g->kept.length);
    return sr_decode(&copy, fields, &g->mechanism) ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static void end(struct sr_signing *g)
{
    if (g->parts.data != NULL)
        sr_buf_free(&g->parts);
    g->state = SR_SIGNING_NONE;
}

void sr_signing_free(struct sr_signing *g)
{
    end(g);
    sr_buf_free(&g->kept);
    memset(g, 0, sizeof(*g));
}

static CK_RV append(struct sr_signing *g, const void *data, size_t n)
{
    if (!sr_buf_reserve(&g->parts, n)) {
        sr_say("out of memory for the data to sign");
        return CKR_HOST_MEMORY;
    }
    if (n > 0)
        memcpy(g->parts.data + g->parts.length, data, n);
    g->parts.length += n;
    return CKR_OK;
}

/* Hands the signature to the application, or keeps it until there is room for it (§5.2). */
static CK_RV hand_out(struct sr_signing *g, struct sr_bytes signature, CK_BYTE *out, CK_ULONG *length)
{
    bool fits = out != NULL && *length >= signature.length;
    *length = signature.length;
    if (fits) {
        memcpy(out, signature.data, signature.length);
        end(g);
        return CKR_OK;
    }
    if (g->state != SR_SIGNING_DONE) {
        if (g->parts.data != NULL)
            sr_buf_free(&g->parts);
        CK_RV rv = append(g, signature.data, signature.length);
        if (rv != CKR_OK)
            return rv;
        g->state = SR_SIGNING_DONE;
    }
    return out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
}

/* Is this a question for the length that can be answered without the daemon? The card's length is an upper
 * bound, which §5.2 allows here; a short buffer may still do, so it is tried. */
static bool is_length_query(const struct sr_signing *g, const CK_BYTE *out, CK_ULONG *length)
{
    if (out != NULL || g->max == 0)
        return false;
    *length = g->max;
    return true;
}

/* SIGN, or SIGN_INIT with the first part. */
static CK_RV send_first(struct sr_app_session *s, enum sr_call call, const void *data, size_t n,
                        struct sr_exchange *x, struct sr_operate_reply *reply)
{
    struct sr_signing *g = &s->signing;
    struct sr_operate_request request = {
        .operation = SR_OPERATION_SIGN, .mechanism = g->mechanism, .data = {n, (unsigned char *)data}};
    *x = (struct sr_exchange){.call = call,
                              .request = &request,
                              .reply = reply,
                              .session = s,
                              .session_at = &request.session,
                              .objects[0] = g->key,
                              .objects_at[0] = &request.key};
    CK_RV rv = sr_exchange(x);
    return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID : rv;
}

static CK_RV sign_at_once(struct sr_app_session *s, const void *data, size_t n, CK_BYTE *out,
                          CK_ULONG *length)
{
    struct sr_exchange x;
    struct sr_operate_reply reply = {0};
    CK_RV rv = send_first(s, SR_CALL_OPERATE, data, n, &x, &reply);
    if (rv == CKR_OK)
        rv = hand_out(&s->signing, reply.data, out, length);
    sr_exchange_end(&x);
    return rv;
}

/* Ends the daemon's part of a streamed operation by finishing it; nobody sees the signature. */
static void abandon(struct sr_app_session *s)
{
    struct sr_part_request request = {.operation = SR_OPERATION_SIGN};
    struct sr_exchange x = {.call = SR_CALL_OPERATE_FINAL,
                            .request = &request,
                            .session = s,
                            .session_at = &request.session,
                            .pinned = s->generation,
                            .hurry = true};
    (void)sr_exchange_only(&x);
}

static CK_RV stream_begin(struct sr_app_session *s, const void *data, size_t n)
{
    struct sr_exchange x;
    CK_RV rv = send_first(s, SR_CALL_OPERATE_INIT, data, n, &x, NULL);
    if (rv == CKR_OPERATION_ACTIVE) {
        /* An earlier one of this session's got lost in a time-out. */
        abandon(s);
        rv = send_first(s, SR_CALL_OPERATE_INIT, data, n, &x, NULL);
    }
    if (rv == CKR_OK) {
        s->signing.generation = x.connection->generation;
        s->signing.state = SR_SIGNING_STREAMED;
    }
    sr_exchange_end(&x);
    return rv;
}

/* Sends what follows the first part. */
static CK_RV stream(struct sr_app_session *s, unsigned char *data, size_t n)
{
    CK_RV rv = CKR_OK;
    while (rv == CKR_OK && n > 0) {
        size_t piece = n < SR_DATA_MAX ? n : SR_DATA_MAX;
        struct sr_part_request request = {.operation = SR_OPERATION_SIGN, .data = {piece, data}};
        struct sr_exchange x = {.call = SR_CALL_OPERATE_UPDATE,
                                .request = &request,
                                .session = s,
                                .session_at = &request.session,
                                .pinned = s->signing.generation};
        rv = sr_exchange_only(&x);
        data += piece;
        n -= piece;
    }
    return rv;
}

static CK_RV stream_end(struct sr_app_session *s, CK_BYTE *out, CK_ULONG *length)
{
    struct sr_part_request request = {.operation = SR_OPERATION_SIGN};
    struct sr_operate_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_OPERATE_FINAL,
                            .request = &request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request.session,
                            .pinned = s->signing.generation};
    CK_RV rv = sr_exchange(&x);
    if (rv == CKR_OK)
        rv = hand_out(&s->signing, reply.data, out, length);
    sr_exchange_end(&x);
    return rv;
}

/* C_SignInit without a mechanism (§5.13.1, new in 3.0). */
static CK_RV cancel(struct sr_app_session *s)
{
    if (s->signing.state == SR_SIGNING_NONE)
        return CKR_ARGUMENTS_BAD;
    if (s->signing.state == SR_SIGNING_STREAMED)
        abandon(s);
    end(&s->signing);
    return CKR_OK;
}

static CK_RV init(struct sr_app_session *s, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE handle)
{
    struct sr_signing *g = &s->signing;
    struct sr_key key;
    if (mechanism == NULL)
        return cancel(s);
    if (g->state != SR_SIGNING_NONE)
        return CKR_OPERATION_ACTIVE;
    CK_RV rv = check(s->slot, mechanism->mechanism, handle, &key);
    if (rv == CKR_OK)
        rv = keep_mechanism(g, mechanism);
    if (rv == CKR_OK) {
        g->key = handle;
        g->max = key.signature_max;
        g->state = SR_SIGNING_READY;
    }
    return rv;
}

static CK_RV update(struct sr_app_session *s, unsigned char *data, size_t n)
{
    struct sr_signing *g = &s->signing;
    CK_RV rv = CKR_OK;
    if (g->state == SR_SIGNING_STREAMED)
        return stream(s, data, n);
    g->state = SR_SIGNING_GATHERED;
    if (n <= GATHER_MAX - g->parts.length)
        return append(g, data, n);
    if (g->parts.length == 0) {
        size_t first = n < SR_DATA_MAX ? n : SR_DATA_MAX;
        rv = stream_begin(s, data, first);
        data += first;
        n -= first;
    } else {
        rv = stream_begin(s, g->parts.data, g->parts.length);
        sr_buf_free(&g->parts);
    }
    return rv == CKR_OK ? stream(s, data, n) : rv;
}

static CK_RV sign(struct sr_app_session *s, unsigned char *data, size_t n, CK_BYTE *out, CK_ULONG *length)
{
    struct sr_signing *g = &s->signing;
    if (g->state == SR_SIGNING_DONE)
        return hand_out(g, (struct sr_bytes){g->parts.length, g->parts.data}, out, length);
    if (is_length_query(g, out, length))
        return CKR_OK;
    if (n <= SR_DATA_MAX)
        return sign_at_once(s, data, n, out, length);
    CK_RV rv = update(s, data, n);
    return rv == CKR_OK ? stream_end(s, out, length) : rv;
}

static CK_RV final(struct sr_app_session *s, CK_BYTE *out, CK_ULONG *length)
{
    struct sr_signing *g = &s->signing;
    if (g->state == SR_SIGNING_DONE)
        return hand_out(g, (struct sr_bytes){g->parts.length, g->parts.data}, out, length);
    if (is_length_query(g, out, length))
        return CKR_OK;
    if (g->state == SR_SIGNING_STREAMED)
        return stream_end(s, out, length);
    return sign_at_once(s, g->parts.data, g->parts.length, out, length);
}

/* Takes a session with a signing operation. */
static CK_RV take_signing(CK_SESSION_HANDLE session, struct sr_app_session **s)
{
    CK_RV rv = sr_enter();
    if (rv == CKR_OK)
        rv = sr_session_take(session, s);
    if (rv == CKR_OK && (*s)->signing.state == SR_SIGNING_NONE) {
        sr_session_release(*s);
        rv = CKR_OPERATION_NOT_INITIALIZED;
    }
    return rv;
}

/* Every error ends the operation, a buffer that is too small does not (§5.2). */
static CK_RV leave(struct sr_app_session *s, CK_RV rv)
{
    if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)
        end(&s->signing);
    sr_session_release(s);
    return rv;
}

CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct sr_app_session *s;
    CK_RV rv = sr_enter();

    if (rv == CKR_OK)
        rv = sr_session_take(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = init(s, mechanism, key);
    sr_session_release(s);
    return rv;
}

CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG n, CK_BYTE *signature, CK_ULONG *length)
{
    struct sr_app_session *s;
    CK_RV rv = take_signing(session, &s);
    if (rv != CKR_OK)
        return rv;
    if (s->signing.state == SR_SIGNING_GATHERED || s->signing.state == SR_SIGNING_STREAMED) {
        /* It is C_SignFinal that ends an operation in parts: that one goes on. */
        sr_session_release(s);
        return CKR_OPERATION_ACTIVE;
    }
    rv = CKR_ARGUMENTS_BAD;
    if (length != NULL && (data != NULL || n == 0))
        rv = sign(s, data, n, signature, length);
    return leave(s, rv);
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG n)
{
    struct sr_app_session *s;
    CK_RV rv = take_signing(session, &s);
    if (rv != CKR_OK)
        return rv;
    rv = CKR_ARGUMENTS_BAD;
    if (s->signing.state == SR_SIGNING_DONE)
        rv = CKR_OPERATION_ACTIVE;
    else if (part != NULL || n == 0)
        rv = update(s, part, n);
    return leave(s, rv);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *length)
{
    struct sr_app_session *s;
    CK_RV rv = take_signing(session, &s);
    if (rv != CKR_OK)
        return rv;
    return leave(s, length != NULL ? final(s, signature, length) : CKR_ARGUMENTS_BAD);
}
