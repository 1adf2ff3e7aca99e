/* The file that stands in for a key: PEM with the label "PKCS#11 PROVIDER URI", and in it
 *
 *   SEQUENCE { VisibleString "PKCS#11 Provider URI v1.0", UTF8String uri }
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_PROVIDER_URIFILE_H
#define STRONGROOM_PROVIDER_URIFILE_H

#include "cryptoki/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SR_URIFILE_LABEL "PKCS#11 PROVIDER URI"
#define SR_URIFILE_DESCRIPTION "PKCS#11 Provider URI v1.0"

/* The URI in the SIZE bytes of DER: allocated, to be freed with free(). NULL on failure, with WHY naming what
 * is wrong. Lengths need not be minimal, for files with longer ones exist; bytes after the end are refused.
 */
char *sr_urifile_parse(const uint8_t *der, size_t size, struct sr_why *why);

#endif
