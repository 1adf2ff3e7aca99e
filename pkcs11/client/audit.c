/* The audit log's tip.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

enum strongroom_result strongroom_audit_tip(strongroom *h, char **json, struct strongroom_error *error)
{
    return sr_client_ask_text(h, "asking for the audit log's tip", SR_CALL_AUDIT_TIP, NULL, json, error);
}
