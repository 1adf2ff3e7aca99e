/* What the tests of the jobs' keys share: a token, a session of it, and keys in it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_UNIT_KEYS_H
#define STRONGROOM_TESTS_UNIT_KEYS_H

#include "jobs/keys.h"
#include "unit.h"

extern struct sr_module unit_keys_module;
extern struct sr_bench unit_keys_bench;
extern CK_FUNCTION_LIST unit_keys_faulty; /* the module's functions, of which tests replace some */

void unit_keys_login(CK_SESSION_HANDLE session);
void unit_keys_open(const char *token);
void unit_keys_close(void);
CK_OBJECT_HANDLE unit_keys_find(const char *name, unsigned long version, enum sr_session_key which);
void unit_keys_make(const char *name, unsigned long version);
CK_OBJECT_HANDLE unit_keys_derive(CK_OBJECT_HANDLE root, const char *name, unsigned long version,
                                  const char *purpose);
/* How many objects the token has: all, or those labelled LABEL. */
size_t unit_keys_objects(const char *label);
bool unit_keys_flag(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type);
CK_RV unit_keys_value(CK_OBJECT_HANDLE key);

#endif
