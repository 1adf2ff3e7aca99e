/* Signatures over lines of the audit log: of its checkpoints, and of tips.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_AUDIT_SIGNATURE_H
#define STRONGROOM_CLI_AUDIT_SIGNATURE_H

#include "audit_chain.h"

#define SR_POINT_HEX 130     /* P-256, uncompressed */
#define SR_SIGNATURE_HEX 128 /* r and s */

/* SHA-256 over the public key: what a key is called. False where POINT is none. */
bool sr_point_name(const char *point, char name[SR_CHAIN_HEX + 1]);

/* Is SIGNATURE the key POINT's, over the chain value of a line? All in hexadecimal digits. */
bool sr_signature_good(const char *point, unsigned long long line, const char *value, const char *signature);

#endif
