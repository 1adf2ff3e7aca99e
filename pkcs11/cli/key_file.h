/* A file that names a key instead of holding one: what programs that want a key file are given.
 *
 * PEM with the label "PKCS#11 PROVIDER URI"; inside, DER: SEQUENCE { VisibleString "PKCS#11 Provider URI
 * v1.0", UTF8String the URI }.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_KEY_FILE_H
#define STRONGROOM_CLI_KEY_FILE_H

#include "out_file.h"

/* Writes such a file, which is open, and puts it in its place, readable for all: it holds no secret. False
 * after a message. */
bool sr_key_file_write(struct sr_out_file *f, const char *uri);

#endif
