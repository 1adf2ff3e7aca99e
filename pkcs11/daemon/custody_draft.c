/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/attributes.h"
#include "daemon/custody.h"

#include <stdio.h>
#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

void sr_draft_from(struct sr_draft *draft, const struct sr_template *template)
{
    draft->n = template->n;
    memcpy(draft->a, template->a, template->n * sizeof(draft->a[0]));
}

static bool same_value(const CK_ATTRIBUTE *a, const CK_ATTRIBUTE *b)
{
    return !sr_attribute_nests(a->type) && a->ulValueLen == b->ulValueLen &&
           (a->ulValueLen == 0 || memcmp(a->pValue, b->pValue, a->ulValueLen) == 0);
}

bool sr_draft_once(struct sr_draft *draft)
{
    size_t kept = 0;
    for (size_t i = 0; i < draft->n; i++) {
        const CK_ATTRIBUTE *first = sr_attribute_find(draft->a, kept, draft->a[i].type);
        if (first == NULL)
            draft->a[kept++] = draft->a[i];
        else if (!same_value(first, &draft->a[i]))
            return false;
    }
    draft->n = kept;
    return true;
}

static size_t size_of(CK_ATTRIBUTE_TYPE type)
{
    switch (type) {
    case CKA_TOKEN:
    case CKA_PRIVATE:
    case CKA_TRUSTED:
    case CKA_SENSITIVE:
    case CKA_ENCRYPT:
    case CKA_DECRYPT:
    case CKA_WRAP:
    case CKA_UNWRAP:
    case CKA_SIGN:
    case CKA_SIGN_RECOVER:
    case CKA_VERIFY:
    case CKA_VERIFY_RECOVER:
    case CKA_DERIVE:
    case CKA_EXTRACTABLE:
    case CKA_MODIFIABLE:
    case CKA_COPYABLE:
    case CKA_DESTROYABLE:
    case CKA_ALWAYS_AUTHENTICATE:
    case CKA_WRAP_WITH_TRUSTED:
        return sizeof(CK_BBOOL);
    case CKA_CLASS:
    case CKA_KEY_TYPE:
    case CKA_VALUE_LEN:
        return sizeof(CK_ULONG);
    default:
        return 0;
    }
}

bool sr_draft_sound(const struct sr_draft *draft)
{
    for (size_t i = 0; i < draft->n; i++) {
        size_t size = size_of(draft->a[i].type);
        if (size != 0 && draft->a[i].ulValueLen != size)
            return false;
    }
    return true;
}

bool sr_draft_template(const struct sr_draft *draft, struct sr_template *template)
{
    template->n = draft->n;
    if (draft->n > SR_TEMPLATE_MAX)
        return false;
    memcpy(template->a, draft->a, draft->n * sizeof(draft->a[0]));
    return true;
}

bool sr_draft_bool(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type, bool fallback)
{
    return sr_attribute_bool(sr_attribute_find(draft->a, draft->n, type), fallback);
}

bool sr_draft_names(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type)
{
    return sr_attribute_find(draft->a, draft->n, type) != NULL;
}

CK_ULONG sr_draft_ulong(const struct sr_draft *draft, CK_ATTRIBUTE_TYPE type)
{
    return sr_attribute_ulong(sr_attribute_find(draft->a, draft->n, type), CK_UNAVAILABLE_INFORMATION);
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

bool sr_draft_demand(struct sr_draft *draft, const CK_ATTRIBUTE *demanded, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const CK_ATTRIBUTE *said = sr_attribute_find(draft->a, draft->n, demanded[i].type);
        if (said != NULL && !same_value(said, &demanded[i]))
            return false;
        if (said == NULL && draft->n == SR_DRAFT_MAX)
            return false;
        if (said == NULL)
            draft->a[draft->n++] = demanded[i];
    }
    return true;
}

void sr_draft_changes(const struct sr_draft *draft, const struct sr_template *template, char *text,
                      size_t size)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        const char *name;
    } names[] = {
        {CKA_PRIVATE, "CKA_PRIVATE"}, {CKA_SENSITIVE, "CKA_SENSITIVE"},
        {CKA_WRAP, "CKA_WRAP"},       {CKA_EXTRACTABLE, "CKA_EXTRACTABLE"},
        {CKA_UNWRAP, "CKA_UNWRAP"},   {CKA_DERIVE, "CKA_DERIVE"},
        {CKA_ENCRYPT, "CKA_ENCRYPT"}, {CKA_DECRYPT, "CKA_DECRYPT"},
        {CKA_SIGN, "CKA_SIGN"},       {CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER"},
        {CKA_VERIFY, "CKA_VERIFY"},   {CKA_VERIFY_RECOVER, "CKA_VERIFY_RECOVER"},
    };
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const CK_ATTRIBUTE *asked = sr_attribute_find(template->a, template->n, names[i].type);
        bool now = sr_draft_bool(draft, names[i].type, false);
        if (asked == NULL || !sr_draft_names(draft, names[i].type) || sr_attribute_bool(asked, now) == now)
            continue;
        int n = snprintf(text + used, size - used, " %s=%s", names[i].name, now ? "true" : "false");
        if (n < 0 || (size_t)n >= size - used)
            return;
        used += (size_t)n;
    }
}
