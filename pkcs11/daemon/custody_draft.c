/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/attributes.h"
#include "daemon/custody.h"

#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

void sr_draft_from(struct sr_draft *draft, const struct sr_template *template)
{
    draft->n = template->n;
    memcpy(draft->a, template->a, template->n * sizeof(draft->a[0]));
}

bool sr_draft_bool(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type, bool fallback)
{
    return sr_attribute_bool(sr_attribute_find(draft->a, draft->n, type), fallback);
}

bool sr_draft_names(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type)
{
    return sr_attribute_find(draft->a, draft->n, type) != NULL;
}

void sr_draft_set(struct sr_draft *draft, CK_ATTRIBUTE_TYPE type, bool value)
{
    CK_ATTRIBUTE one = {type, value ? &yes : &no, sizeof(CK_BBOOL)};
    bool there = false;
    /* A client may name an attribute twice, and tokens differ in which one they take. */
    for (size_t i = 0; i < draft->n; i++) {
        if (draft->a[i].type == type) {
            draft->a[i] = one;
            there = true;
        }
    }
    if (!there && draft->n < SR_DRAFT_MAX)
        draft->a[draft->n++] = one;
}
