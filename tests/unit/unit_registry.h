/* A registry for the tests: sealed with libcrypto's HMAC-SHA256 under a key, with two families in it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_UNIT_REGISTRY_H
#define STRONGROOM_TESTS_UNIT_REGISTRY_H

#include "jobs/registry.h"
#include "unit.h"

/* What is in it: two versions of session:a, one of session:b, three events. */
extern const struct sr_family family_a;
extern const struct sr_family family_b;
extern const struct sr_version a1;
extern const struct sr_version a2;
extern const struct sr_version b1;
extern const struct sr_event created;
extern const struct sr_event rotated;
extern const struct sr_event tried;

/* The seal's key, a string. */
extern char unit_key[];

/* A path in the scratch folder; to be freed. */
char *unit_path(const char *name);

enum sr_job_result unit_open(const char *path, char *key, struct sr_registry **registry, struct sr_why *why);

/* These fail the test at once where they cannot. */
struct sr_registry *unit_opened(const char *path);
void unit_begin(struct sr_registry *registry, bool writes);

/* Puts all of the above, within a transaction. */
enum sr_job_result unit_fill(struct sr_registry *registry);

/* The path of a new registry with all of the above; to be freed. */
char *unit_filled(const char *name);

/* How many families there are. */
size_t unit_families(struct sr_registry *registry);

/* Opens PATH and reads every row, under every name that a test moves one to. */
enum sr_job_result unit_read_all(const char *path, char *key, struct sr_why *why);

/* Runs SQL as somebody with sqlite3(1) would: the number of rows that it changed, the number that it selects.
 */
int unit_sqlite3(const char *path, const char *sql);
long long unit_number(const char *path, const char *sql);

#endif
