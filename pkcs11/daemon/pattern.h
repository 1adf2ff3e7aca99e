/* Patterns of pkcs11: URIs, by which the rules of strongroomd.conf name keys.
 *
 * A pattern is a URI (RFC 7512) of token=, object=, id= and type=. An attribute that it lacks may be
 * anything. A
 * "*" in a value stands for any bytes, or none; the byte itself is written %2A.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_PATTERN_H
#define STRONGROOM_DAEMON_PATTERN_H

#include "cryptoki/why.h"
#include "wire/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value with wildcards: bytes, and SR_GLOB_ANY for "*". */
#define SR_GLOB_ANY 256
struct sr_glob {
    bool named; /* the pattern has the attribute */
    uint16_t *at;
    size_t n;
};

struct sr_pattern {
    char *text; /* as it was written */
    struct sr_glob token;
    struct sr_glob object;
    struct sr_glob id;
    CK_OBJECT_CLASS class; /* CK_UNAVAILABLE_INFORMATION: any */
};

/* What is matched: a key that there is, or one that shall be made. */
struct sr_subject {
    struct sr_bytes token; /* the token's label */
    struct sr_bytes label;
    struct sr_bytes id;
    CK_OBJECT_CLASS class; /* CK_UNAVAILABLE_INFORMATION: not known */
    bool any_class;        /* it does not matter: of a pair of keys that shall be made, for one */
};

/* Reads TEXT. On failure WHY says what is wrong with which part, and there is nothing to free. */
bool sr_pattern_parse(const char *text, struct sr_pattern *pattern, struct sr_why *why);

/* Frees what PATTERN points to. */
void sr_pattern_free(struct sr_pattern *pattern);

bool sr_pattern_match(const struct sr_pattern *pattern, const struct sr_subject *subject);

#endif
