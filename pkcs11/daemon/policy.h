/* What strongroomd.conf lets a client do: the union of what its socket's lists ("use", "manage") and the
 * rules give. Nothing is asked of a token here, and nothing is kept.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_POLICY_H
#define STRONGROOM_DAEMON_POLICY_H

#include "daemon/admission.h"

/* Who asks, and on which of the configuration's sockets. */
struct sr_asker {
    const struct sr_config *config;
    size_t socket;
    const struct sr_peer *peer;
};

/* What is asked about. */
struct sr_question {
    /* NULL: no key, or a session object of the asker's own. Those belong to their maker, who may do with them
     * what it may do with any key: their names count for nothing. */
    const struct sr_subject *subject;
    bool on_token;               /* a token object: making, changing and destroying it takes more */
    bool made;                   /* it does not exist yet */
    CK_MECHANISM_TYPE mechanism; /* CK_UNAVAILABLE_INFORMATION: whichever */
};

/* The operations that are allowed, SR_OPERATION_BIT of each. What is not there is denied. */
uint32_t sr_policy_operations(const struct sr_asker *asker, const struct sr_question *question);

/* The line that allows an operation. */
struct sr_grant {
    const char *section;
    const char *key;
    unsigned line; /* 0: not known */
};
bool sr_policy_grant(const struct sr_asker *asker, const struct sr_question *question,
                     enum sr_operation operation, struct sr_grant *grant);

/* Does the rule name PEER, on that socket? */
bool sr_rule_is_for(const struct sr_rule *rule, size_t socket, const struct sr_peer *peer);

/* Does a rule name the asker at all? That admits it to the socket. */
bool sr_policy_admits(const struct sr_asker *asker);

/* May the asker make that secret or private key of plain bytes ("import = yes")? */
bool sr_policy_imports(const struct sr_asker *asker, const struct sr_question *question,
                       struct sr_grant *grant);

/* Is the mechanism turned off for the operation, where no rule names it: it leaks (custody rule 4), or is a
 * vendor's own, of which nobody here knows what it does? */
bool sr_policy_off(const struct sr_config *config, enum sr_operation operation, CK_MECHANISM_TYPE mechanism);

/* Does a rule for the asker name the mechanism, with whatever keys? */
bool sr_policy_names(const struct sr_asker *asker, CK_MECHANISM_TYPE mechanism);

/* What the right, by itself, allows with what is asked about, whatever it is called. */
uint32_t sr_policy_of_right(enum sr_right right, const struct sr_question *question);

#endif
