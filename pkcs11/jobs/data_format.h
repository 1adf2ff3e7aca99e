/* Data keys and values as they stand outside: docs/data-format.md has both byte by byte.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_JOBS_DATA_FORMAT_H
#define STRONGROOM_JOBS_DATA_FORMAT_H

#include "jobs/gcm.h"
#include "jobs/root.h"

#define SR_DATA_ID SR_COMMITMENT_SIZE

/* A data key: a root wrapped by its family's KEK. Its id is its commitment. */
struct sr_data_key {
    struct sr_family_name family;
    unsigned long version; /* whose KEK has wrapped it */
    struct sr_wrapped wrapped;
    unsigned char id[SR_DATA_ID];
};

/* The two forms: binary, and a prefix and base64url. Each begins so that it is known from the other. */
#define SR_DATA_PREFIX 5 /* "srk1." and "srd1." */
#define SR_DATA_PRINTED(size) (SR_DATA_PREFIX + ((size) / 3 * 4 + ((size) % 3 * 4 + 2) / 3))

#define SR_DATA_KEY_MAX (16 + SR_FAMILY_MAX + 4 + SR_WRAPPED_ROOT + SR_DATA_ID)
#define SR_DATA_KEY_ROOM (SR_DATA_PRINTED(SR_DATA_KEY_MAX) + 1)

/* What stands before the ciphertext. */
#define SR_DATA_BOUND (12 + SR_DATA_ID)               /* and is authenticated with it */
#define SR_DATA_HEADER (SR_DATA_BOUND + SR_GCM_NONCE) /* the nonce, too */
#define SR_DATA_OVERHEAD (SR_DATA_HEADER + SR_GCM_TAG)

/* Writes KEY, and a zero behind it; its length is the result. ROOM has SR_DATA_KEY_ROOM bytes. */
size_t sr_data_key_write(const struct sr_data_key *key, bool binary, unsigned char *room);

/* Reads either form. SR_JOB_BAD where TEXT is none. */
enum sr_job_result sr_data_key_read(const void *text, size_t size, struct sr_data_key *key,
                                    struct sr_why *why);

/* Is it a key, by its first bytes? It may be damaged. */
bool sr_data_is_key(const void *text, size_t size);

/* Writes the header up to the nonce. */
void sr_data_header_write(unsigned long version, const unsigned char id[SR_DATA_ID],
                          unsigned char header[SR_DATA_BOUND]);

/* A value, as it was taken apart: the pointers are into BYTES. */
struct sr_data_value {
    unsigned char *bytes; /* to be freed with free(); NULL where the value was given in binary */
    bool binary;
    unsigned long version;
    const unsigned char *header; /* SR_DATA_BOUND bytes */
    const unsigned char *id;
    const unsigned char *nonce;
    const unsigned char *sealed; /* with its tag */
    size_t sealed_size;
};

/* Reads either form. SR_JOB_BAD where TEXT is none. VALUE->bytes is to be freed after SR_JOB_OK. */
enum sr_job_result sr_data_value_read(const void *text, size_t size, struct sr_data_value *value,
                                      struct sr_why *why);

/* SIZE bytes of BINARY as text: SR_DATA_PRINTED(SIZE) bytes and a zero. LETTER: 'k' or 'd'. */
void sr_data_print(char letter, const unsigned char *binary, size_t size, unsigned char *text);

/* What a value is bound to besides its key and its nonce: a fixed text, HEADER, family and context, each
 * preceded by its length. To be freed with free(); NULL when out of memory. */
unsigned char *sr_data_bound(const struct sr_family_name *family, const unsigned char header[SR_DATA_BOUND],
                             const void *context, size_t context_size, size_t *size);

/* The first 8 bytes of an id, for messages. */
#define SR_DATA_ID_TEXT 20
void sr_data_id_text(const unsigned char id[SR_DATA_ID], char text[SR_DATA_ID_TEXT]);

#endif
