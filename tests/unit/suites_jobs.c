/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

CU_SuiteInfo unit_suites[] = {
    {.pName = "base32", .pTests = base32_tests},
    {.pName = "backup", .pTests = backup_tests},
    {.pName = "backup_header", .pTests = backup_header_tests},
    {.pName = "base64url", .pTests = base64url_tests},
    {.pName = "copies", .pTests = copies_tests},
    {.pName = "data", .pTests = data_tests},
    {.pName = "data_format", .pTests = data_format_tests},
    {.pName = "data_keys", .pTests = data_keys_tests},
    {.pName = "family", .pTests = family_tests},
    {.pName = "job", .pTests = job_tests},
    {.pName = "jwt", .pTests = jwt_tests},
    {.pName = "keys", .pTests = keys_tests},
    {.pName = "keys_faults", .pTests = keys_faults_tests},
    {.pName = "rebuild", .pTests = rebuild_tests},
    {.pName = "registry", .pTests = registry_tests},
    {.pName = "registry_file", .pTests = registry_file_tests},
    {.pName = "root", .pTests = root_tests},
    {.pName = "session", .pTests = session_tests},
    {.pName = "totp", .pTests = totp_tests},
    {.pName = "totp_registry", .pTests = totp_registry_tests},
    CU_SUITE_INFO_NULL,
};
