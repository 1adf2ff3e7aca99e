/* What a token's module says of the slot, the token and its mechanisms, kept: so that whoever asks is
 * answered at once, also while the token is away or hangs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_FACTS_H
#define STRONGROOM_DAEMON_FACTS_H

#include "wire/calls.h"

#include <pthread.h>

struct sr_facts {
    pthread_mutex_t lock; /* for the others; never held while the token is called */
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;
    struct sr_mechanism_entry *mechanisms;
    size_t count;
};

void sr_facts_init(struct sr_facts *facts);
void sr_facts_free(struct sr_facts *facts);

/* Asks the module for everything; what it does not answer stays as it was. */
void sr_facts_learn(struct sr_facts *facts, CK_FUNCTION_LIST *f, CK_SLOT_ID slot);

/* Asks it for what may change from one moment to the next: the slot's and the token's. */
void sr_facts_refresh(struct sr_facts *facts, CK_FUNCTION_LIST *f, CK_SLOT_ID slot);

void sr_facts_slot(struct sr_facts *facts, CK_SLOT_INFO *info);
void sr_facts_token(struct sr_facts *facts, CK_TOKEN_INFO *info);

/* Copies up to ROOM mechanisms; how many there are. */
size_t sr_facts_mechanisms(struct sr_facts *facts, struct sr_mechanism_entry *entries, size_t room);

#endif
