/* The custody rules: what the daemon does to every client's wishes before a token sees them. One file per
 * rule.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_CUSTODY_H
#define STRONGROOM_DAEMON_CUSTODY_H

#include "wire/calls.h"

/* Attributes that rules may add to a client's template. */
#define SR_DRAFT_MAX (SR_TEMPLATE_MAX + 32)

/* A template in the making. Values are the client's or constants; none is owned. */
struct sr_draft {
    size_t n;
    CK_ATTRIBUTE a[SR_DRAFT_MAX];
};

/* Starts from the client's template. */
void sr_draft_from(struct sr_draft *draft, const struct sr_template *template);

/* The attribute's boolean value, FALLBACK where the draft does not name it. */
bool sr_draft_bool(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type, bool fallback);
bool sr_draft_names(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type);

/* Sets it, whatever the client said. */
void sr_draft_set(struct sr_draft *draft, CK_ATTRIBUTE_TYPE type, bool value);

/* Rule 1: a private or secret key is sensitive and private; it is extractable only if the template asks for
 * that and does not ask for an insensitive key. */
void sr_custody_secrecy(struct sr_draft *key);

/* Rule 2: one role per key. Completes the usages of a key pair: those that are absent become signing and
 * verifying if none is named, else false; unwrapping excludes every other use; the public half may do what
 * mirrors the private half. */
void sr_custody_roles(struct sr_draft *public, struct sr_draft *private);

/* Rule 3: may a client read this attribute of an object of this class? */
bool sr_custody_readable(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type);

/* Rule 4: does the operation leak keys or plaintexts by padding or truncation, with this mechanism? */
bool sr_custody_leaks(enum sr_operation operation, CK_MECHANISM_TYPE type);

/* Does it with every operation that it is for, so that it need not be listed? */
bool sr_custody_useless(CK_MECHANISM_TYPE type);

/* Rule 5: does the label belong to a job (`role:name:version`)? */
bool sr_custody_reserved(const void *label, size_t length);

/* Is it the daemon's own key pair, which signs the audit log? No client sees it. */
#define SR_AUDIT_LABEL "registry:audit"
bool sr_custody_own(const void *label, size_t length);

#endif
