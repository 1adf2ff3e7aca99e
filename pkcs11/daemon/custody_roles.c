/* Custody rule 2: one role per key. What a key may do is said in full, for a token's own defaults are
 * generous: SoftHSM lets a key that names no usage do everything.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custody.h"
#include "wire/card.h"

/* PKCS#11 v3.0 §4.8 and §4.9: the usages of the two halves, side by side. */
static const struct {
    CK_ATTRIBUTE_TYPE private;
    CK_ATTRIBUTE_TYPE public;
} usages[] = {
    {CKA_SIGN, CKA_VERIFY},     {CKA_SIGN_RECOVER, CKA_VERIFY_RECOVER},
    {CKA_DECRYPT, CKA_ENCRYPT}, {CKA_DERIVE, CKA_DERIVE},
    {CKA_UNWRAP, CKA_WRAP},
};

#define USAGES (sizeof(usages) / sizeof(usages[0]))

static bool names_usage(const struct sr_draft *key, bool public)
{
    for (size_t i = 0; i < USAGES; i++)
        if (sr_draft_names(key, public ? usages[i].public : usages[i].private))
            return true;
    return false;
}

void sr_custody_private_roles(struct sr_draft *key)
{
    bool default_role = !names_usage(key, false);
    bool another = false;

    for (size_t i = 0; i < USAGES; i++) {
        CK_ATTRIBUTE_TYPE type = usages[i].private;
        bool wanted = sr_draft_bool(key, type, default_role && type == CKA_SIGN);
        if (type == CKA_UNWRAP)
            wanted = wanted && !another;
        another = another || wanted;
        sr_draft_set(key, type, wanted);
    }
}

void sr_custody_roles(struct sr_draft *public, struct sr_draft *private)
{
    sr_custody_private_roles(private);
    bool mirror = !names_usage(public, true);
    for (size_t i = 0; i < USAGES; i++) {
        /* PKCS#11 knows no public key that derives; tokens refuse the attribute set to true. */
        bool possible = sr_draft_bool(private, usages[i].private, false) && usages[i].public != CKA_DERIVE;
        sr_draft_set(public, usages[i].public, possible && sr_draft_bool(public, usages[i].public, mirror));
    }
}

/* PKCS#11 v3.0 §4.10. */
static const CK_ATTRIBUTE_TYPE secret_usages[] = {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,  CKA_VERIFY,
                                                  CKA_WRAP,    CKA_UNWRAP,  CKA_DERIVE};
#define SECRET_USAGES (sizeof(secret_usages) / sizeof(secret_usages[0]))

static bool names_secret_usage(const struct sr_draft *key)
{
    bool named = false;
    for (size_t i = 0; i < SECRET_USAGES; i++)
        named = named || sr_draft_names(key, secret_usages[i]);
    return named;
}

/* Keys that no cipher takes. */
static bool is_mac_key(CK_KEY_TYPE type)
{
    return type == CKK_GENERIC_SECRET || (type >= CKK_MD5_HMAC && type <= CKK_SHA224_HMAC);
}

/* Which of a pair of usages is asked for. */
struct pair {
    bool there;
    bool back;
};

static struct pair asked(const struct sr_draft *key, CK_ATTRIBUTE_TYPE there, CK_ATTRIBUTE_TYPE back)
{
    return (struct pair){sr_draft_bool(key, there, false), sr_draft_bool(key, back, false)};
}

static bool any(struct pair pair)
{
    return pair.there || pair.back;
}

void sr_custody_secret_roles(struct sr_draft *key, CK_KEY_TYPE type, bool may_wrap)
{
    struct pair cipher = asked(key, CKA_ENCRYPT, CKA_DECRYPT);
    struct pair mac = asked(key, CKA_SIGN, CKA_VERIFY);
    struct pair wrapping = asked(key, CKA_WRAP, CKA_UNWRAP);
    bool derive = sr_draft_bool(key, CKA_DERIVE, false);
    bool default_role = !names_secret_usage(key);
    static const struct pair none = {false, false};
    static const struct pair both = {true, true};

    if (is_mac_key(type)) {
        /* Some programs ask for what such a key cannot do, and mean: let it be used. */
        bool silent = !sr_draft_names(key, CKA_SIGN) && !sr_draft_names(key, CKA_VERIFY);
        if (silent && !derive && (default_role || any(cipher) || any(wrapping)))
            mac = both;
        cipher = wrapping = none;
    } else if (default_role) {
        cipher = both;
    }
    if (any(cipher) || any(mac)) {
        wrapping = none;
        derive = false;
    }
    wrapping.there = wrapping.there && may_wrap;
    sr_draft_set(key, CKA_ENCRYPT, cipher.there);
    sr_draft_set(key, CKA_DECRYPT, cipher.back);
    sr_draft_set(key, CKA_SIGN, mac.there);
    sr_draft_set(key, CKA_VERIFY, mac.back);
    sr_draft_set(key, CKA_WRAP, wrapping.there);
    sr_draft_set(key, CKA_UNWRAP, wrapping.back);
    sr_draft_set(key, CKA_DERIVE, derive && !any(wrapping));
}

void sr_custody_public_roles(struct sr_draft *key)
{
    bool default_role = !names_usage(key, true);
    bool rsa = sr_draft_ulong(key, CKA_KEY_TYPE) == CKK_RSA;
    for (size_t i = 0; i < USAGES; i++) {
        CK_ATTRIBUTE_TYPE type = usages[i].public;
        bool fallback = default_role && (type == CKA_VERIFY || (type == CKA_ENCRYPT && rsa));
        sr_draft_set(key, type, type != CKA_WRAP && type != CKA_DERIVE && sr_draft_bool(key, type, fallback));
    }
}

bool sr_custody_has_role(enum sr_operation operation, CK_OBJECT_CLASS class, CK_ULONG flags)
{
    CK_ULONG wrapping = SR_CARD_MAY(SR_OPERATION_WRAP) | SR_CARD_MAY(SR_OPERATION_UNWRAP);
    CK_ULONG all = wrapping;
    for (CK_ULONG o = SR_OPERATION_ENCRYPT; o <= SR_OPERATION_DERIVE; o++)
        all |= SR_CARD_MAY(o);

    if (!(flags & SR_CARD_MAY(operation)))
        return false;
    if (operation != SR_OPERATION_DERIVE)
        return (flags & all & ~wrapping) == 0;
    return class != CKO_SECRET_KEY || (flags & all) == SR_CARD_MAY(SR_OPERATION_DERIVE);
}
