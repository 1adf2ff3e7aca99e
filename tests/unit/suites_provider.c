/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

CU_SuiteInfo unit_suites[] = {
    {.pName = "provider_config", .pTests = provider_config_tests},
    {.pName = "provider_urifile", .pTests = provider_urifile_tests},
    CU_SUITE_INFO_NULL,
};
