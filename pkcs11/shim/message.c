/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/message.h"
#include "shim/exchange.h"
#include "shim/explain.h"
#include "shim/general.h"
#include "shim/mechanisms.h"
#include "shim/objects.h"
#include "wire/message_parameter.h"

#include <string.h>

static const struct kind {
    enum sr_operation operation;
    size_t context;
    CK_FLAGS flag; /* in CK_MECHANISM_INFO */
} encryption = {SR_OPERATION_ENCRYPT, 0, CKF_MESSAGE_ENCRYPT},
  decryption = {SR_OPERATION_DECRYPT, 1, CKF_MESSAGE_DECRYPT},
  signing = {SR_OPERATION_SIGN, 2, CKF_MESSAGE_SIGN},
  verification = {SR_OPERATION_VERIFY, 3, CKF_MESSAGE_VERIFY};

/* One message, or a stage of one, as the application gave it. */
struct message {
    const struct kind *kind;
    enum sr_message_stage stage;
    void *parameter;
    CK_ULONG parameter_length;
    struct sr_bytes aad;
    struct sr_bytes data;
    struct sr_bytes signature;
    CK_BYTE *out;
    CK_ULONG *out_length; /* NULL where nothing comes out */
};

static CK_RV take(CK_SESSION_HANDLE session, const struct kind *kind, struct sr_app_session **s,
                  struct sr_message_context **context)
{
    CK_RV rv = sr_enter();
    if (rv == CKR_OK)
        rv = sr_session_take(session, s);
    if (rv == CKR_OK)
        *context = &(*s)->messages[kind->context];
    return rv;
}

/* Ends what the daemon has; it may be gone. */
static void finish(struct sr_app_session *s, struct sr_message_context *context, const struct kind *kind)
{
    struct sr_message_final_request request = {.operation = kind->operation};
    struct sr_exchange x = {.call = SR_CALL_MESSAGE_FINAL,
                            .request = &request,
                            .session = s,
                            .session_at = &request.session,
                            .pinned = context->generation,
                            .hurry = true};
    (void)sr_exchange_only(&x);
    context->active = false;
}

static CK_RV check(struct sr_app_session *s, const struct kind *kind, CK_MECHANISM_TYPE mechanism,
                   CK_OBJECT_HANDLE handle, struct sr_key *key)
{
    CK_MECHANISM_INFO info;
    CK_RV rv = sr_objects_key(handle, s->slot, mechanism, key);
    if (rv != CKR_OK)
        return CKR_KEY_HANDLE_INVALID;
    rv = sr_mechanism_info(s->slot, mechanism, &info);
    if (rv != CKR_OK)
        return rv;
    if ((info.flags & kind->flag) == 0 || !key->allowed) {
        sr_say("mechanism 0x%lx does not %s message by message with this token and key", mechanism,
               sr_operation_name(kind->operation));
        return CKR_MECHANISM_INVALID;
    }
    if (!(key->flags & SR_CARD_MAY(kind->operation))) {
        sr_say("object %lu may not %s", handle, sr_operation_name(kind->operation));
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    }
    return CKR_OK;
}

static CK_RV begin(struct sr_app_session *s, struct sr_message_context *context, const struct kind *kind,
                   const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE handle)
{
    struct sr_message_init_request request = {.operation = kind->operation};
    struct sr_exchange x = {.call = SR_CALL_MESSAGE_INIT,
                            .request = &request,
                            .session = s,
                            .session_at = &request.session,
                            .objects[0] = handle,
                            .objects_at[0] = &request.key};
    struct sr_key key;

    CK_RV rv = check(s, kind, mechanism->mechanism, handle, &key);
    if (rv == CKR_OK)
        rv = sr_mechanism_set(&request.mechanism, mechanism);
    if (rv == CKR_OK)
        rv = sr_exchange(&x);
    if (rv != CKR_OK)
        return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID : rv;
    *context = (struct sr_message_context){.active = true,
                                           .mechanism = mechanism->mechanism,
                                           .max = key.signature_max,
                                           .generation = x.connection->generation};
    sr_exchange_end(&x);
    return CKR_OK;
}

/* Without a mechanism it ends what is active (§5.9.1). */
static CK_RV init(CK_SESSION_HANDLE session, const struct kind *kind, const CK_MECHANISM *mechanism,
                  CK_OBJECT_HANDLE key)
{
    struct sr_app_session *s;
    struct sr_message_context *context;
    CK_RV rv = take(session, kind, &s, &context);
    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL) {
        rv = context->active ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED;
        if (context->active)
            finish(s, context, kind);
    } else {
        rv = context->active ? CKR_OPERATION_ACTIVE : begin(s, context, kind, mechanism, key);
    }
    sr_session_release(s);
    return rv;
}

/* The length of what will come out, where it is known: AEAD keeps the tag apart. */
static bool known_length(const struct message *m, const struct sr_message_context *context, CK_ULONG *length)
{
    bool cipher = m->kind == &encryption || m->kind == &decryption;
    *length = cipher ? m->data.length : context->max;
    return cipher || context->max != 0;
}

static CK_RV receive(const struct message *m, const struct sr_message_request *request,
                     const struct sr_message_reply *reply)
{
    if (m->out_length != NULL) {
        bool fits = m->out != NULL && *m->out_length >= reply->data.length;
        *m->out_length = reply->data.length;
        if (!fits)
            return m->out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
        if (reply->data.length > 0)
            memcpy(m->out, reply->data.data, reply->data.length);
    }
    if (reply->iv.length > 0 && reply->iv.length == request->iv.length)
        memcpy(request->iv.data, reply->iv.data, reply->iv.length);
    if (m->kind == &encryption && reply->tag.length > 0 && reply->tag.length == request->tag.length)
        memcpy(request->tag.data, reply->tag.data, reply->tag.length);
    return CKR_OK;
}

static CK_RV send(struct sr_app_session *s, struct sr_message_context *context, const struct message *m)
{
    struct sr_message_request request = {.operation = m->kind->operation,
                                         .stage = m->stage,
                                         .aad = m->aad,
                                         .data = m->data,
                                         .signature = m->signature};
    struct sr_message_reply reply = {0};
    struct sr_exchange x = {.call = SR_CALL_MESSAGE,
                            .request = &request,
                            .reply = &reply,
                            .session = s,
                            .session_at = &request.session,
                            .pinned = context->generation};

    CK_RV rv = sr_message_parameter_take(context->mechanism, m->parameter, m->parameter_length, &request);
    if (rv != CKR_OK) {
        sr_say("mechanism 0x%lx does not take a message's parameter like this one", context->mechanism);
        return rv;
    }
    struct sr_bytes tag = request.tag;
    if (m->kind == &encryption)
        request.tag.length = 0; /* it comes with the answer */
    if (m->data.length + m->aad.length + m->signature.length > SR_MESSAGE_DATA_MAX) {
        sr_say("a message of more than %zu bytes: give it in parts", SR_MESSAGE_DATA_MAX);
        return CKR_DATA_LEN_RANGE;
    }
    rv = sr_exchange(&x);
    if (rv == CKR_OK) {
        request.tag = tag;
        rv = receive(m, &request, &reply);
    }
    sr_exchange_end(&x);
    /* The daemon has lost it, or given its session to others. */
    if (rv == CKR_DEVICE_ERROR || rv == CKR_OPERATION_NOT_INITIALIZED || rv == CKR_FUNCTION_CANCELED)
        context->active = false;
    return rv;
}

/* Is this only a question for a length, or is the buffer too small (§5.2)? */
static bool answered(const struct message *m, const struct sr_message_context *context, CK_RV *rv)
{
    CK_ULONG length;
    if (m->out_length == NULL || !known_length(m, context, &length) || (m->out == NULL && length == 0))
        return false;
    *rv = m->out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    if (m->out != NULL && *m->out_length >= length)
        return false;
    *m->out_length = length;
    return true;
}

static CK_RV do_message(CK_SESSION_HANDLE session, const struct message *m)
{
    struct sr_app_session *s;
    struct sr_message_context *context;
    CK_RV rv = take(session, m->kind, &s, &context);
    if (rv != CKR_OK)
        return rv;
    const struct sr_bytes *given[] = {&m->aad, &m->data, &m->signature};
    for (size_t i = 0; rv == CKR_OK && i < sizeof(given) / sizeof(given[0]); i++)
        if (given[i]->length > 0 && given[i]->data == NULL)
            rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK && !context->active)
        rv = CKR_OPERATION_NOT_INITIALIZED;
    if (rv == CKR_OK && !answered(m, context, &rv))
        rv = send(s, context, m);
    sr_session_release(s);
    return rv;
}

static CK_RV final(CK_SESSION_HANDLE session, const struct kind *kind)
{
    struct sr_app_session *s;
    struct sr_message_context *context;
    CK_RV rv = take(session, kind, &s, &context);
    if (rv != CKR_OK)
        return rv;
    if (context->active)
        finish(s, context, kind);
    else
        rv = CKR_OPERATION_NOT_INITIALIZED;
    sr_session_release(s);
    return rv;
}

/* The entries of the list. */

static CK_RV cipher(CK_SESSION_HANDLE session, const struct kind *kind, enum sr_message_stage stage,
                    void *parameter, CK_ULONG parameter_length, struct sr_bytes aad, struct sr_bytes in,
                    CK_BYTE *out, CK_ULONG *out_length)
{
    const struct message m = {.kind = kind,
                              .stage = stage,
                              .parameter = parameter,
                              .parameter_length = parameter_length,
                              .aad = aad,
                              .data = in,
                              .out = out,
                              .out_length = out_length};
    if (stage != SR_MESSAGE_BEGIN && out_length == NULL)
        return CKR_ARGUMENTS_BAD;
    return do_message(session, &m);
}

static enum sr_message_stage next_stage(CK_FLAGS flags)
{
    return (flags & CKF_END_OF_MESSAGE) != 0 ? SR_MESSAGE_LAST : SR_MESSAGE_NEXT;
}

static CK_RV encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return init(session, &encryption, mechanism, key);
}

static CK_RV encrypt_message(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *aad,
                             CK_ULONG aad_length, CK_BYTE *in, CK_ULONG in_length, CK_BYTE *out,
                             CK_ULONG *out_length)
{
    return cipher(session, &encryption, SR_MESSAGE_WHOLE, p, p_length, (struct sr_bytes){aad_length, aad},
                  (struct sr_bytes){in_length, in}, out, out_length);
}

static CK_RV encrypt_begin(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *aad,
                           CK_ULONG aad_length)
{
    return cipher(session, &encryption, SR_MESSAGE_BEGIN, p, p_length, (struct sr_bytes){aad_length, aad},
                  (struct sr_bytes){0, NULL}, NULL, NULL);
}

static CK_RV encrypt_next(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *in,
                          CK_ULONG in_length, CK_BYTE *out, CK_ULONG *out_length, CK_FLAGS flags)
{
    return cipher(session, &encryption, next_stage(flags), p, p_length, (struct sr_bytes){0, NULL},
                  (struct sr_bytes){in_length, in}, out, out_length);
}

static CK_RV encrypt_final(CK_SESSION_HANDLE session)
{
    return final(session, &encryption);
}

static CK_RV decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return init(session, &decryption, mechanism, key);
}

static CK_RV decrypt_message(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *aad,
                             CK_ULONG aad_length, CK_BYTE *in, CK_ULONG in_length, CK_BYTE *out,
                             CK_ULONG *out_length)
{
    return cipher(session, &decryption, SR_MESSAGE_WHOLE, p, p_length, (struct sr_bytes){aad_length, aad},
                  (struct sr_bytes){in_length, in}, out, out_length);
}

static CK_RV decrypt_begin(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *aad,
                           CK_ULONG aad_length)
{
    return cipher(session, &decryption, SR_MESSAGE_BEGIN, p, p_length, (struct sr_bytes){aad_length, aad},
                  (struct sr_bytes){0, NULL}, NULL, NULL);
}

static CK_RV decrypt_next(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *in,
                          CK_ULONG in_length, CK_BYTE *out, CK_ULONG *out_length, CK_FLAGS flags)
{
    return cipher(session, &decryption, next_stage(flags), p, p_length, (struct sr_bytes){0, NULL},
                  (struct sr_bytes){in_length, in}, out, out_length);
}

static CK_RV decrypt_final(CK_SESSION_HANDLE session)
{
    return final(session, &decryption);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return init(session, &signing, mechanism, key);
}

static CK_RV sign(CK_SESSION_HANDLE session, enum sr_message_stage stage, void *p, CK_ULONG p_length,
                  CK_BYTE *data, CK_ULONG length, CK_BYTE *signature, CK_ULONG *signature_length)
{
    const struct message m = {.kind = &signing,
                              .stage = stage,
                              .parameter = p,
                              .parameter_length = p_length,
                              .data = {length, data},
                              .out = signature,
                              .out_length = signature_length};
    return do_message(session, &m);
}

static CK_RV sign_message(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *data,
                          CK_ULONG length, CK_BYTE *signature, CK_ULONG *signature_length)
{
    if (signature_length == NULL)
        return CKR_ARGUMENTS_BAD;
    return sign(session, SR_MESSAGE_WHOLE, p, p_length, data, length, signature, signature_length);
}

static CK_RV sign_begin(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length)
{
    return sign(session, SR_MESSAGE_BEGIN, p, p_length, NULL, 0, NULL, NULL);
}

/* §5.14.4: the last part is the one with a place for the signature's length. */
static CK_RV sign_next(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *data, CK_ULONG length,
                       CK_BYTE *signature, CK_ULONG *signature_length)
{
    return sign(session, signature_length != NULL ? SR_MESSAGE_LAST : SR_MESSAGE_NEXT, p, p_length, data,
                length, signature, signature_length);
}

static CK_RV sign_final(CK_SESSION_HANDLE session)
{
    return final(session, &signing);
}

static CK_RV verify_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return init(session, &verification, mechanism, key);
}

static CK_RV verify(CK_SESSION_HANDLE session, enum sr_message_stage stage, void *p, CK_ULONG p_length,
                    struct sr_bytes data, struct sr_bytes signature)
{
    const struct message m = {.kind = &verification,
                              .stage = stage,
                              .parameter = p,
                              .parameter_length = p_length,
                              .data = data,
                              .signature = signature};
    return do_message(session, &m);
}

static CK_RV verify_message(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *data,
                            CK_ULONG length, CK_BYTE *signature, CK_ULONG signature_length)
{
    return verify(session, SR_MESSAGE_WHOLE, p, p_length, (struct sr_bytes){length, data},
                  (struct sr_bytes){signature_length, signature});
}

static CK_RV verify_begin(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length)
{
    return verify(session, SR_MESSAGE_BEGIN, p, p_length, (struct sr_bytes){0, NULL},
                  (struct sr_bytes){0, NULL});
}

/* §5.16.4: the last part is the one with a signature. */
static CK_RV verify_next(CK_SESSION_HANDLE session, void *p, CK_ULONG p_length, CK_BYTE *data,
                         CK_ULONG length, CK_BYTE *signature, CK_ULONG signature_length)
{
    return verify(session, signature != NULL ? SR_MESSAGE_LAST : SR_MESSAGE_NEXT, p, p_length,
                  (struct sr_bytes){length, data}, (struct sr_bytes){signature_length, signature});
}

static CK_RV verify_final(CK_SESSION_HANDLE session)
{
    return final(session, &verification);
}

void sr_message_functions(struct sr_functions_3_0 *list)
{
    list->C_MessageEncryptInit = encrypt_init;
    list->C_EncryptMessage = encrypt_message;
    list->C_EncryptMessageBegin = encrypt_begin;
    list->C_EncryptMessageNext = encrypt_next;
    list->C_MessageEncryptFinal = encrypt_final;
    list->C_MessageDecryptInit = decrypt_init;
    list->C_DecryptMessage = decrypt_message;
    list->C_DecryptMessageBegin = decrypt_begin;
    list->C_DecryptMessageNext = decrypt_next;
    list->C_MessageDecryptFinal = decrypt_final;
    list->C_MessageSignInit = sign_init;
    list->C_SignMessage = sign_message;
    list->C_SignMessageBegin = sign_begin;
    list->C_SignMessageNext = sign_next;
    list->C_MessageSignFinal = sign_final;
    list->C_MessageVerifyInit = verify_init;
    list->C_VerifyMessage = verify_message;
    list->C_VerifyMessageBegin = verify_begin;
    list->C_VerifyMessageNext = verify_next;
    list->C_MessageVerifyFinal = verify_final;
}
