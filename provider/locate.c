/* SPDX-License-Identifier: Apache-2.0 */
#include "locate.h"
#include "cryptoki/attributes.h"
#include "cryptoki/find.h"
#include "cryptoki/token.h"
#include "cryptoki/uri.h"
#include "provider.h"

#include <stdlib.h>
#include <string.h>

/* Every attribute that a URI can hold (RFC 7512: class, label, id), the class that is expected, CKA_TOKEN. */
#define TEMPLATE_MAX 8

/* Which of the tokens that the URI allows: the one after the first SKIP. */
struct nth {
    P11KitUri *uri;
    size_t skip;
    size_t *seen;
};

static bool is_nth(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg)
{
    const struct nth *nth = arg;
    if (!(info->flags & CKF_TOKEN_INITIALIZED) || !sr_uri_match_token(info, slot, nth->uri))
        return false;
    return (*nth->seen)++ == nth->skip;
}

static const char *class_name(CK_OBJECT_CLASS class)
{
    switch (class) {
    case CKO_PRIVATE_KEY:
        return "private key";
    case CKO_PUBLIC_KEY:
        return "public key";
    case CKO_CERTIFICATE:
        return "certificate";
    default:
        return "object";
    }
}

/* The search template: objects of the token, not session objects such as our own copies of keys. False where
 * the URI's type= and the expected class exclude each other. */
static bool make_template(const struct sr_query *query, CK_ATTRIBUTE *template, size_t *n)
{
    static const CK_BBOOL yes = CK_TRUE;
    const CK_ATTRIBUTE *parts;
    size_t count;
    sr_uri_template(query->uri, &parts, &count);
    if (count > TEMPLATE_MAX - 2)
        return false;
    memcpy(template, parts, count * sizeof(*parts));
    template[count++] = (CK_ATTRIBUTE){CKA_TOKEN, (void *)&yes, sizeof(yes)};
    *n = count;
    if (query->class == SR_ANY_CLASS)
        return true;
    const CK_ATTRIBUTE *class = sr_attribute_find(template, count, CKA_CLASS);
    if (class != NULL)
        return sr_attribute_ulong(class, SR_ANY_CLASS) == query->class;
    template[count] = (CK_ATTRIBUTE){CKA_CLASS, (void *)&query->class, sizeof(query->class)};
    *n = count + 1;
    return true;
}

/* One search in one token. A session that was lost meanwhile is worth a second try. */
static bool search(struct sr_provider *p, const struct sr_query *query, struct sr_found *found)
{
    CK_ATTRIBUTE template[TEMPLATE_MAX];
    size_t n;
    CK_RV rv = CKR_OK;

    if (!make_template(query, template, &n))
        return true;
    for (int tries = 0; tries < 2; tries++) {
        struct sr_session session;
        if (!sr_session_take(found->token, &session))
            return false;
        rv = sr_find(session.f, session.handle, template, n, &found->objects, &found->count);
        sr_session_give(&session, rv);
        if (!sr_session_lost(rv))
            break;
    }
    if (rv != CKR_OK) {
        struct sr_why why;
        sr_error(p, SR_R_TOKEN, "the search for %s failed: %s", query->text, sr_access_explain(p, rv, &why));
    }
    return rv == CKR_OK;
}

static bool look_in(struct sr_provider *p, const struct sr_query *query, struct sr_found *found)
{
    bool public_object = query->class == CKO_PUBLIC_KEY || query->class == CKO_CERTIFICATE;
    bool fresh = false;
    if (!public_object && !sr_token_login(found->token, &query->pin, &fresh))
        return false;
    if (!search(p, query, found))
        return false;
    if (found->count > 0 || !public_object)
        return true;
    if (!sr_token_login(found->token, &query->pin, &fresh))
        return false;
    return !fresh || search(p, query, found);
}

bool sr_query_init(struct sr_provider *p, struct sr_query *query, const char *text, CK_OBJECT_CLASS class)
{
    struct sr_why why = {.text = ""};
    memset(query, 0, sizeof(*query));
    query->class = class;
    query->text = sr_uri_public_part(text);
    if (query->text == NULL) {
        sr_error(p, SR_R_MEMORY, "a URI");
        return false;
    }
    if (!sr_uri_parse(text, &query->uri, &why)) {
        sr_error(p, SR_R_URI, "%s: %s", query->text, why.text);
        return false;
    }
    query->pin.value = p11_kit_uri_get_pin_value(query->uri);
    query->pin.source = p11_kit_uri_get_pin_source(query->uri);
    return true;
}

void sr_query_free(struct sr_query *query)
{
    if (query->uri != NULL)
        p11_kit_uri_free(query->uri);
    free((char *)query->text);
    memset(query, 0, sizeof(*query));
}

bool sr_locate(struct sr_provider *p, const struct sr_query *query, struct sr_found *found)
{
    struct sr_why why;

    memset(found, 0, sizeof(*found));
    if (sr_access_enter(p) == NULL)
        return false;
    for (size_t skip = 0;; skip++) {
        size_t seen = 0;
        struct nth nth = {query->uri, skip, &seen};
        CK_RV rv = sr_token_seek(p, is_nth, &nth, skip == 0, &found->token);
        if (rv == CKR_TOKEN_NOT_PRESENT && skip > 0)
            break;
        if (rv != CKR_OK) {
            sr_error(p, SR_R_TOKEN,
                     "no token matches %s: %s. Correct the URI; pkcs11-tool --module %s -L lists the tokens",
                     query->text, sr_access_explain(p, rv, &why), p->config.module_path);
            return false;
        }
        if (!look_in(p, query, found))
            return false;
        if (found->count > 0)
            return true;
    }
    sr_error(p, SR_R_NOT_FOUND,
             "no %s matches %s. Correct the URI; pkcs11-tool --module %s -O lists the objects",
             class_name(query->class), query->text, p->config.module_path);
    return false;
}
