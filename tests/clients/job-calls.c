/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the jobs' calls, "NUMBER NAME PERMISSION" a line: for tests that must not forget one. */
#include "wire/calls.h"

#include <stdio.h>

int main(void)
{
    for (uint32_t call = 0; call < SR_CALLS; call++) {
        const struct sr_call_row *row = sr_call_row(call);
        if (row != NULL && row->permission != NULL)
            printf("%u %s %s\n", (unsigned)call, row->name, row->permission);
    }
    return 0;
}
