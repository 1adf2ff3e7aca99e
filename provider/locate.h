/* From a URI to the objects in the token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_LOCATE_H
#define STRONGROOM_PROVIDER_LOCATE_H

#include "token.h"

#include <p11-kit/uri.h>
#include <stddef.h>

/* Any class of object. */
#define SR_ANY_CLASS ((CK_OBJECT_CLASS)-1)

struct sr_query {
    P11KitUri *uri;
    const char *text;      /* the URI without its query, for messages */
    CK_OBJECT_CLASS class; /* what is expected, or SR_ANY_CLASS; the URI's type= narrows it further */
    struct sr_pin_source pin;
};

struct sr_found {
    struct sr_token *token;
    CK_OBJECT_HANDLE *objects; /* to be freed with free() */
    size_t count;
};

/* Parses TEXT into QUERY, for CLASS, with a PIN from the URI's query; the caller may add pin.ask. False with
 * an error raised. Freed with sr_query_free, on failure too. */
bool sr_query_init(struct sr_provider *p, struct sr_query *query, const char *text, CK_OBJECT_CLASS class);
void sr_query_free(struct sr_query *query);

/* One object search per token that the URI allows, until one finds something. Logs in first where private
 * objects may be meant; for certificates and public keys only when nothing was found without. False with an
 * error raised: at least one object was found otherwise. */
bool sr_locate(struct sr_provider *p, const struct sr_query *query, struct sr_found *found);

#endif
