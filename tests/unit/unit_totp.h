/* Users with second factors, a clock that stands at a step's beginning, and codes computed outside the token.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_UNIT_TOTP_H
#define STRONGROOM_TESTS_UNIT_TOTP_H

#include "jobs/totp_seed.h"
#include "unit_jobs.h"

#define UNIT_PERIOD 3600 /* so long that no test sees a step end by itself */
#define UNIT_SEED "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

extern const struct sr_family_name unit_users;

/* A token, a registry and the family totp:users, opened at step 0. */
void unit_totp_make(struct unit_jobs *u, const char *name);

/* Closes the jobs and opens them again. */
void unit_totp_restart(struct unit_jobs *u);

/* Sets the clock to a step, and seconds behind its beginning. */
void unit_totp_go(long long step, long long seconds);

/* Imports UNIT_SEED for the user: SHA1, 6 digits. */
void unit_totp_import(struct unit_jobs *u, const char *user);

/* The code of that seed at a step. */
const char *unit_totp_code(long long step, char code[SR_CODE_MAX]);

/* The verdict on it. */
enum sr_job_result unit_totp_verify(struct unit_jobs *u, const char *user, long long step);
enum sr_job_result unit_totp_verify_text(struct unit_jobs *u, const char *user, const char *code);
extern struct sr_why unit_totp_why; /* of the last one */

#endif
