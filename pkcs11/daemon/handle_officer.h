/* The security officer's calls, and what they share with the user's login.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_DAEMON_HANDLE_OFFICER_H
#define STRONGROOM_DAEMON_HANDLE_OFFICER_H

#include "daemon/work.h"

/* C_Login as CKU_SO in the session that VIEW is of. */
CK_RV sr_login_officer(struct sr_work *work, struct sr_token *token, const struct sr_session_view *view,
                       const struct sr_bytes *pin);

/* Is PIN the user's? CKR_OK, or a refusal: CKR_PIN_INCORRECT, or CKR_PIN_LOCKED too soon after wrong ones. */
CK_RV sr_check_user_pin(struct sr_work *work, struct sr_token *token, const struct sr_bytes *pin);

#endif
