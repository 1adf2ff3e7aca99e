/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"
void table_before_initialize(const char *module)
{
    (void)module;
}
void table_functions(struct table *t)
{
    (void)t;
}
void table_objects(struct table *t)
{
    (void)t;
}
