/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/uri.h"

#include <stdlib.h>
#include <string.h>

/* RFC 7512 §2.3. p11-kit passes over unknown names in the query. */
static const char *const path_names[] = {"token",
                                         "manufacturer",
                                         "serial",
                                         "model",
                                         "library-manufacturer",
                                         "library-version",
                                         "library-description",
                                         "object",
                                         "type",
                                         "id",
                                         "slot-description",
                                         "slot-id",
                                         "slot-manufacturer"};
static const char *const query_names[] = {"pin-source", "pin-value", "module-name", "module-path"};

static bool known(const char *name, size_t length, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
            return true;
    return false;
}

/* Are all attributes known ones? The value of an unknown one is not repeated, for it may be a PIN. */
static bool all_known(const char *text, struct sr_why *why)
{
    const char *at = text + strlen("pkcs11:");
    bool query = false;

    while (*at != '\0') {
        size_t length = strcspn(at, query ? "=&" : "=;?");
        bool fine = query ? known(at, length, query_names, sizeof(query_names) / sizeof(query_names[0]))
                          : known(at, length, path_names, sizeof(path_names) / sizeof(path_names[0]));
        if (!fine && length > 0) {
            sr_why_set(why,
                       "the URI has an unknown attribute \"%.*s\" (RFC 7512 has token=, object=, id=, type=, "
                       "serial= "
                       "..., and behind a \"?\" pin-source= and pin-value=)",
                       (int)(length < 64 ? length : 64), at);
            return false;
        }
        at += strcspn(at, query ? "&" : ";?");
        if (*at == '?')
            query = true;
        if (*at != '\0')
            at++;
    }
    return true;
}

bool sr_uri_parse(const char *text, P11KitUri **uri, struct sr_why *why)
{
    *uri = NULL;
    if (strncmp(text, "pkcs11:", strlen("pkcs11:")) != 0) {
        sr_why_set(why, "a URI of a token's object starts with \"pkcs11:\"");
        return false;
    }
    if (!all_known(text, why))
        return false;
    P11KitUri *parsed = p11_kit_uri_new();
    if (parsed == NULL) {
        sr_why_set(why, "out of memory");
        return false;
    }
    int rc = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, parsed);
    if (rc != P11_KIT_URI_OK) {
        const char *reason = rc == P11_KIT_URI_BAD_ENCODING  ? "a %-escape is not two hexadecimal digits"
                             : rc == P11_KIT_URI_BAD_SYNTAX  ? "an attribute is not NAME=VALUE"
                             : rc == P11_KIT_URI_BAD_VERSION ? "library-version= is not a number"
                                                             : p11_kit_uri_message(rc);
        sr_why_set(why, "the URI has a mistake: %s", reason);
        p11_kit_uri_free(parsed);
        return false;
    }
    if (p11_kit_uri_any_unrecognized(parsed)) {
        sr_why_set(why, "the URI's type= is none of private, public, cert, secret-key, data");
        p11_kit_uri_free(parsed);
        return false;
    }
    *uri = parsed;
    return true;
}

bool sr_uri_match_token(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg)
{
    P11KitUri *uri = (P11KitUri *)arg; /* p11_kit_uri_get_slot_id only reads, but does not say so */
    CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri);
    if (wanted != (CK_SLOT_ID)-1 && wanted != slot)
        return false;
    return p11_kit_uri_match_token_info(uri, info) == 1;
}

void sr_uri_template(P11KitUri *uri, const CK_ATTRIBUTE **template, size_t *n)
{
    CK_ULONG count = 0;
    *template = p11_kit_uri_get_attributes(uri, &count);
    *n = count;
}

char *sr_uri_of_object(const char *token, const CK_ATTRIBUTE *attributes, size_t n)
{
    P11KitUri *uri = p11_kit_uri_new();
    char *text = NULL;
    char *copy = NULL;

    if (uri == NULL)
        return NULL;
    CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);
    size_t length = strnlen(token, sizeof(info->label));
    memset(info->label, ' ', sizeof(info->label));
    memcpy(info->label, token, length);
    for (size_t i = 0; i < n; i++) {
        bool named = attributes[i].type == CKA_CLASS || attributes[i].type == CKA_LABEL ||
                     attributes[i].type == CKA_ID;
        if (named && attributes[i].ulValueLen > 0 && attributes[i].ulValueLen != CK_UNAVAILABLE_INFORMATION)
            (void)p11_kit_uri_set_attribute(uri, (CK_ATTRIBUTE *)&attributes[i]);
    }
    if (p11_kit_uri_format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) == P11_KIT_URI_OK)
        copy = strdup(text);
    free(text);
    p11_kit_uri_free(uri);
    return copy;
}

char *sr_uri_public_part(const char *text)
{
    size_t length = strcspn(text, "?");
    /* A PIN that was put into the path by mistake is as secret as one in the query. */
    for (const char *at = text; at < text + length; at += strcspn(at, ":;?") + 1)
        if (strncmp(at, "pin", 3) == 0)
            length = at > text ? (size_t)(at - text) - 1 : 0;
    return strndup(text, length);
}
