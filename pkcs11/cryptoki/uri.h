/* pkcs11: URIs (RFC 7512), parsed by p11-kit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CRYPTOKI_URI_H
#define STRONGROOM_CRYPTOKI_URI_H

#include "cryptoki/cryptoki.h"
#include "cryptoki/why.h"

#include <p11-kit/uri.h>
#include <stdbool.h>
#include <stddef.h>

/* Parses TEXT. On success *URI is to be freed with p11_kit_uri_free; on failure it is NULL, the result is
 * false and WHY names the part that is wrong. An attribute that RFC 7512 does not know is an error here: a
 * mistyped "objekt=" would otherwise widen the search to every object. */
bool sr_uri_parse(const char *text, P11KitUri **uri, struct sr_why *why);

/* Does the URI's path allow this token in this slot? For sr_token_find: ARG is a P11KitUri. */
bool sr_uri_match_token(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg);

/* The object part of the URI as a search template (CKA_CLASS, CKA_LABEL, CKA_ID where present): *TEMPLATE
 * belongs to the URI. */
void sr_uri_template(P11KitUri *uri, const CK_ATTRIBUTE **template, size_t *n);

/* The URI of an object: of the token labelled TOKEN, with the class, label and id that are among the N of
 * ATTRIBUTES; RFC 7512 §2.3. To be freed with free(); NULL when out of memory. */
char *sr_uri_of_object(const char *token, const CK_ATTRIBUTE *attributes, size_t n);

/* The URI without its query (pin-value, pin-source and so on), and without what follows a PIN in the path,
 * fit for messages. *OUT is to be freed with free(); NULL when out of memory. */
char *sr_uri_public_part(const char *text);

#endif
