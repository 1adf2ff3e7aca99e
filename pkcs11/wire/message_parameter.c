/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message_parameter.h"

#include <string.h>

#define POLY1305_TAG 16
#define TAG_MAX 64
#define IV_MAX 1024

/* The structures as the specification has them; headers differ in which of them they know. */
struct gcm {
    CK_BYTE *iv;
    CK_ULONG iv_length;
    CK_ULONG fixed_bits;
    CK_ULONG generator;
    CK_BYTE *tag;
    CK_ULONG tag_bits;
};
struct ccm {
    CK_ULONG data_length;
    CK_BYTE *nonce;
    CK_ULONG nonce_length;
    CK_ULONG fixed_bits;
    CK_ULONG generator;
    CK_BYTE *mac;
    CK_ULONG mac_length;
};
struct poly1305 {
    CK_BYTE *nonce;
    CK_ULONG nonce_length;
    CK_BYTE *tag;
};
_Static_assert(sizeof(struct gcm) <= sizeof(struct sr_message_room) &&
                   sizeof(struct ccm) <= sizeof(struct sr_message_room),
               "room for the longest structure");

static size_t size_of(CK_MECHANISM_TYPE type)
{
    switch (type) {
    case CKM_AES_GCM:
        return sizeof(struct gcm);
    case CKM_AES_CCM:
        return sizeof(struct ccm);
    case CKM_CHACHA20_POLY1305:
    case CKM_SALSA20_POLY1305:
        return sizeof(struct poly1305);
    default:
        return 0;
    }
}

size_t sr_message_tag_size(CK_MECHANISM_TYPE type, CK_ULONG tag_length)
{
    if (type != CKM_AES_GCM)
        return tag_length;
    return tag_length / 8 + (tag_length % 8 != 0);
}

CK_RV sr_message_parameter_take(CK_MECHANISM_TYPE type, const void *parameter, CK_ULONG length,
                                struct sr_message_request *r)
{
    struct gcm gcm;
    struct ccm ccm;
    struct poly1305 poly;

    r->has_parameter = length > 0;
    if (length == 0)
        return CKR_OK;
    if (parameter == NULL || length != size_of(type))
        return CKR_MECHANISM_PARAM_INVALID;
    switch (type) {
    case CKM_AES_GCM:
        memcpy(&gcm, parameter, sizeof(gcm));
        r->iv = (struct sr_bytes){gcm.iv_length, gcm.iv};
        r->fixed_bits = gcm.fixed_bits;
        r->generator = gcm.generator;
        r->tag.data = gcm.tag;
        r->tag_length = gcm.tag_bits;
        break;
    case CKM_AES_CCM:
        memcpy(&ccm, parameter, sizeof(ccm));
        r->data_length = ccm.data_length;
        r->iv = (struct sr_bytes){ccm.nonce_length, ccm.nonce};
        r->fixed_bits = ccm.fixed_bits;
        r->generator = ccm.generator;
        r->tag.data = ccm.mac;
        r->tag_length = ccm.mac_length;
        break;
    default:
        memcpy(&poly, parameter, sizeof(poly));
        r->iv = (struct sr_bytes){poly.nonce_length, poly.nonce};
        r->tag.data = poly.tag;
        r->tag_length = POLY1305_TAG;
        break;
    }
    r->tag.length = sr_message_tag_size(type, r->tag_length);
    if (r->iv.length > IV_MAX || r->tag.length > TAG_MAX || (r->iv.length > 0 && r->iv.data == NULL) ||
        (r->tag.length > 0 && r->tag.data == NULL))
        return CKR_MECHANISM_PARAM_INVALID;
    return CKR_OK;
}

CK_RV sr_message_parameter_make(CK_MECHANISM_TYPE type, const struct sr_message_request *r,
                                struct sr_message_room *room, void **parameter, CK_ULONG *length)
{
    *parameter = NULL;
    *length = 0;
    if (!r->has_parameter)
        return CKR_OK;
    if (size_of(type) == 0 || r->iv.length > IV_MAX || r->tag.length > TAG_MAX ||
        r->tag.length != sr_message_tag_size(type, r->tag_length))
        return CKR_MECHANISM_PARAM_INVALID;
    struct gcm gcm = {r->iv.data, r->iv.length, r->fixed_bits, r->generator, r->tag.data, r->tag_length};
    struct ccm ccm = {r->data_length, r->iv.data,  r->iv.length, r->fixed_bits,
                      r->generator,   r->tag.data, r->tag_length};
    struct poly1305 poly = {r->iv.data, r->iv.length, r->tag.data};
    const void *from = type == CKM_AES_GCM   ? (const void *)&gcm
                       : type == CKM_AES_CCM ? (const void *)&ccm
                                             : (const void *)&poly;
    memcpy(room, from, size_of(type));
    *parameter = room;
    *length = size_of(type);
    return CKR_OK;
}
