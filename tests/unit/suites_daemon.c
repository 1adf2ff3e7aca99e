/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

CU_SuiteInfo unit_suites[] = {
    {.pName = "admission", .pTests = admission_tests},
    {.pName = "ahead", .pTests = ahead_tests},
    {.pName = "audit", .pTests = audit_tests},
    {.pName = "config", .pTests = config_tests},
    {.pName = "crowd", .pTests = crowd_tests},
    {.pName = "custody", .pTests = custody_tests},
    {.pName = "pattern", .pTests = pattern_tests},
    {.pName = "pin_file", .pTests = pin_file_tests},
    {.pName = "policy", .pTests = policy_tests},
    {.pName = "share", .pTests = share_tests},
    CU_SUITE_INFO_NULL,
};
