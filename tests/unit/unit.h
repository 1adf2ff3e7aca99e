/* The unit tests' suites: one list per tested file, in test_FILE.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_UNIT_H
#define STRONGROOM_TESTS_UNIT_H

#include "cryptoki/module.h"

#include <CUnit/CUnit.h>

extern CU_TestInfo buffer_tests[];
extern CU_TestInfo calls_tests[];
extern CU_TestInfo frame_tests[];
extern CU_TestInfo message_tests[];
extern CU_TestInfo names_tests[];
extern CU_TestInfo page_tests[];
extern CU_TestInfo pin_tests[];
extern CU_TestInfo token_tests[];
extern CU_TestInfo uri_tests[];

extern CU_TestInfo admission_tests[];
extern CU_TestInfo ahead_tests[];
extern CU_TestInfo audit_tests[];
extern CU_TestInfo config_tests[];
extern CU_TestInfo crowd_tests[];
extern CU_TestInfo custody_tests[];
extern CU_TestInfo pattern_tests[];
extern CU_TestInfo pin_file_tests[];
extern CU_TestInfo policy_tests[];
extern CU_TestInfo share_tests[];

extern CU_TestInfo base32_tests[];
extern CU_TestInfo backup_tests[];
extern CU_TestInfo backup_header_tests[];
extern CU_TestInfo base64url_tests[];
extern CU_TestInfo copies_tests[];
extern CU_TestInfo data_tests[];
extern CU_TestInfo data_format_tests[];
extern CU_TestInfo data_keys_tests[];
extern CU_TestInfo family_tests[];
extern CU_TestInfo job_tests[];
extern CU_TestInfo jwt_tests[];
extern CU_TestInfo keys_tests[];
extern CU_TestInfo keys_faults_tests[];
extern CU_TestInfo root_tests[];
extern CU_TestInfo rebuild_tests[];
extern CU_TestInfo registry_tests[];
extern CU_TestInfo registry_file_tests[];
extern CU_TestInfo session_tests[];
extern CU_TestInfo totp_tests[];
extern CU_TestInfo totp_registry_tests[];

extern CU_TestInfo shim_objects_tests[];
extern CU_TestInfo shim_options_tests[];
extern CU_TestInfo shim_table_tests[];

extern CU_TestInfo provider_config_tests[];
extern CU_TestInfo provider_urifile_tests[];

/* The suites of one program: one of the files suites_ROOM.c has it. */
extern CU_SuiteInfo unit_suites[];

/* A file in the tests' scratch folder (made at the start, removed at the end) with TEXT in it. A static
 * string, good until the next call. */
const char *unit_file(const char *name, const char *text);

/* A new SoftHSM token labelled NAME (one word, not used before), in a folder of its own in the scratch
 * folder; both its PINs are UNIT_PIN. *SESSION is read/write, and not logged in. The test fails where it
 * cannot be made.
 */
#define UNIT_PIN "12345678"
void unit_token(struct sr_module *m, const char *name, CK_SESSION_HANDLE *session);

/* The scratch folder's path. */
const char *unit_folder(void);

#endif
