/* The tip of the audit log, for keeping elsewhere.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/audit.h"
#include "daemon/work.h"

#include <stdlib.h>
#include <string.h>

CK_RV sr_handle_audit_tip(struct sr_work *work, const void *request, void *reply)
{
    struct sr_bytes_reply *answer = reply;
    struct sr_why why = {""};
    (void)request;

    if (work->daemon->audit == NULL)
        return sr_explain(work, SR_CKR_JOB(SR_CODE_REFUSED),
                          "strongroomd keeps no audit log: add \"audit = FILE\" before the first section of "
                          "strongroomd.conf");
    char *text = sr_audit_tip(work->daemon->audit, &why);
    if (text == NULL)
        return sr_explain(work, SR_CKR_JOB(SR_CODE_FAILED), "the audit log's tip cannot be signed: %s",
                          why.text);
    CK_RV rv = sr_work_bytes(work, text, strlen(text), &answer->data);
    free(text);
    return rv;
}
