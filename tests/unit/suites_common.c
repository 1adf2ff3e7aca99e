/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

CU_SuiteInfo unit_suites[] = {
    {.pName = "buffer", .pTests = buffer_tests}, {.pName = "calls", .pTests = calls_tests},
    {.pName = "frame", .pTests = frame_tests},   {.pName = "message", .pTests = message_tests},
    {.pName = "names", .pTests = names_tests},   {.pName = "page", .pTests = page_tests},
    {.pName = "pin", .pTests = pin_tests},       {.pName = "token", .pTests = token_tests},
    {.pName = "uri", .pTests = uri_tests},       CU_SUITE_INFO_NULL,
};
