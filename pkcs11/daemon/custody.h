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

/* Merges what stands in it twice alike. False where an attribute has two values: tokens differ in which one
 * they take. */
bool sr_draft_once(struct sr_draft *draft);

/* Have the attributes that rules look at the size of their kind? Another one could mean something else to the
 * token than to the rules. */
bool sr_draft_sound(const struct sr_draft *draft);

/* The draft as a template; false where it is too long for one. */
bool sr_draft_template(const struct sr_draft *draft, struct sr_template *template);

/* The attribute's boolean value, FALLBACK where the draft does not name it. */
bool sr_draft_bool(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type, bool fallback);
bool sr_draft_names(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type);

/* The key's or object's type, CK_UNAVAILABLE_INFORMATION where the draft does not name it. */
CK_ULONG sr_draft_ulong(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type);

/* Sets it, whatever the client said. */
void sr_draft_set(struct sr_draft *draft, CK_ATTRIBUTE_TYPE type, bool value);

/* Adds what another template demands, of a key that unwraps or derives (PKCS#11 v3.0 §5.18.4). False where
 * the draft says something else. */
bool sr_draft_demand(struct sr_draft *draft, const CK_ATTRIBUTE *demanded, size_t n);

/* What the draft says other than TEMPLATE asked for: " CKA_SENSITIVE=true CKA_WRAP=false"; "" for nothing. */
void sr_draft_changes(const struct sr_draft *draft, const struct sr_template *template, char *text,
                      size_t size);

/* Rule 1: a private or secret key is sensitive and private; it is extractable only if the template asks for
 * that and does not ask for an insensitive key. A key that wraps, unwraps or (a secret one) derives is never
 * extractable: it would come back in another role, and undo what it did. To be applied after the roles. */
void sr_custody_secrecy(struct sr_draft *key, CK_OBJECT_CLASS class);

/* Rule 2: one role per key. Completes the usages of a key pair: those that are absent become signing and
 * verifying if none is named, else false; unwrapping excludes every other use; the public half may do what
 * mirrors the private half. */
void sr_custody_roles(struct sr_draft *public, struct sr_draft *private);

/* The same for a private key alone. */
void sr_custody_private_roles(struct sr_draft *key);

/* The same for a secret key of TYPE (CK_UNAVAILABLE_INFORMATION: not known): absent usages become encrypting
 * and decrypting, or for keys of MACs signing and verifying. Wrapping, unwrapping and deriving exclude every
 * other use, and are dropped where the template asks for both. A key whose value somebody else may know does
 * not wrap: MAY_WRAP false. */
void sr_custody_secret_roles(struct sr_draft *key, CK_KEY_TYPE type, bool may_wrap);

/* The same for a public key that comes from outside: it never wraps, for nobody here knows who can unwrap. */
void sr_custody_public_roles(struct sr_draft *key);

/* May a key whose card says CLASS and FLAGS wrap, unwrap or derive: has it that role, and no other? */
bool sr_custody_has_role(enum sr_operation operation, CK_OBJECT_CLASS class, CK_ULONG flags);

/* May such a key leave the token, wrapped (rule 1)? */
bool sr_custody_leaves(CK_OBJECT_CLASS class, CK_ULONG flags);

/* Rule 3: may a client read this attribute of an object of this class? */
bool sr_custody_readable(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type);

/* Rule 3: boolean attributes that may change only to what protects more. Does the change weaken the object or
 * its copy? */
bool sr_custody_weakens(CK_ATTRIBUTE_TYPE type, bool from, bool to);

/* Rule 3: attributes of keys that limit their use, and are not changed later. */
bool sr_custody_fixed(CK_ATTRIBUTE_TYPE type);

/* Rule 4: does the operation leak keys or plaintexts by padding or truncation, with this mechanism? */
bool sr_custody_leaks(enum sr_operation operation, CK_MECHANISM_TYPE type);

/* FLAGS of a CK_MECHANISM_INFO without those operations; *USELESS where no operation is left. */
CK_FLAGS sr_custody_flags(CK_MECHANISM_TYPE type, CK_FLAGS flags, bool *useless);

/* Rule 5: does the label belong to a job (`role:name:version`)? */
bool sr_custody_reserved(const void *label, size_t length);

/* Is it the daemon's own key pair, which signs the audit log? No client sees it. */
#define SR_AUDIT_LABEL "registry:audit"
bool sr_custody_own(const void *label, size_t length);

#endif
