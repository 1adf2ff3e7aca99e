/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

CU_SuiteInfo unit_suites[] = {
    {.pName = "shim_objects", .pTests = shim_objects_tests},
    {.pName = "shim_options", .pTests = shim_options_tests},
    {.pName = "shim_table", .pTests = shim_table_tests},
    CU_SUITE_INFO_NULL,
};
