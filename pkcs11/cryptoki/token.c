/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/token.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRIES 20
#define RETRY_NS (50L * 1000 * 1000)

CK_RV sr_slots(CK_FUNCTION_LIST *f, CK_SLOT_ID **slots, size_t *count)
{
    *slots = NULL;
    *count = 0;
    for (;;) {
        CK_ULONG n = 0;
        CK_RV rv = f->C_GetSlotList(CK_TRUE, NULL, &n);
        if (rv != CKR_OK || n == 0)
            return rv;
        CK_SLOT_ID *list = calloc(n, sizeof(*list));
        if (list == NULL)
            return CKR_HOST_MEMORY;
        rv = f->C_GetSlotList(CK_TRUE, list, &n);
        if (rv == CKR_OK) {
            *slots = list;
            *count = n;
            return CKR_OK;
        }
        free(list);
        if (rv != CKR_BUFFER_TOO_SMALL) /* a token came in between: ask again */
            return rv;
    }
}

static CK_RV find_once(CK_FUNCTION_LIST *f, sr_token_match match, const void *arg, CK_SLOT_ID *slot,
                       CK_TOKEN_INFO *info)
{
    CK_SLOT_ID *slots;
    size_t count;
    CK_RV rv = sr_slots(f, &slots, &count);
    if (rv != CKR_OK)
        return rv;
    rv = CKR_TOKEN_NOT_PRESENT;
    for (size_t i = 0; i < count; i++) {
        if (f->C_GetTokenInfo(slots[i], info) != CKR_OK || !match(info, slots[i], arg))
            continue;
        *slot = slots[i];
        rv = CKR_OK;
        break;
    }
    free(slots);
    return rv;
}

CK_RV sr_token_find(CK_FUNCTION_LIST *f, sr_token_match match, const void *arg, bool retry, CK_SLOT_ID *slot,
                    CK_TOKEN_INFO *info)
{
    CK_RV rv = find_once(f, match, arg, slot, info);
    for (int i = 0; retry && rv == CKR_TOKEN_NOT_PRESENT && i < RETRIES; i++) {
        struct timespec wait = {.tv_nsec = RETRY_NS};
        (void)nanosleep(&wait, NULL);
        rv = find_once(f, match, arg, slot, info);
    }
    return rv;
}

bool sr_token_labelled(const CK_TOKEN_INFO *info, CK_SLOT_ID slot, const void *arg)
{
    char label[sizeof(info->label) + 1];
    (void)slot;
    sr_unpad(info->label, sizeof(info->label), label, sizeof(label));
    return strcmp(label, arg) == 0;
}

void sr_unpad(const CK_UTF8CHAR *field, size_t length, char *out, size_t size)
{
    while (length > 0 && (field[length - 1] == ' ' || field[length - 1] == '\0'))
        length--;
    if (length >= size)
        length = size - 1;
    memcpy(out, field, length);
    out[length] = '\0';
}
