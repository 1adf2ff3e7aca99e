/* The jobs with families of data keys, and calls on them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_TESTS_UNIT_DATA_H
#define STRONGROOM_TESTS_UNIT_DATA_H

#include "jobs/data.h"
#include "unit_jobs.h"

/* The test vectors of docs/data-format.md, which tests/jobs/data_decoder.py computes. */
#define UNIT_DATA_KEY                                                                                        \
    "srk1.U1JLAQEBAAAAAAABAAAAC2RhdGE6dmVjdG9yZXGKToSnu3d1uUSkT9ubwhcMCy6oILp7E7owPVs4V-"                    \
    "eU4Bdv5R8glndSenAUkRSOZ198jTh77afovAF4e8YLJsAb_0SV1vpu"
#define UNIT_DATA_VALUE                                                                                      \
    "srd1.U1JEAQEAAAAAAAABd1J6cBSRFI5nX3yNOHvtp-i8AXh7xgsmwBv_RJXW-"                                         \
    "m6goaKjpKWmp6ipqqs9uFFyj1uW2yWUXRXbwQinq7q7rV8krGfq9ZvrFIkeGUCceTMoH9WggQwD"
#define UNIT_DATA_EMPTY                                                                                      \
    "srd1.U1JEAQEAAAAAAAABd1J6cBSRFI5nX3yNOHvtp-i8AXh7xgsmwBv_RJXW-m6goaKjpKWmp6ipqqses-8VL7ef9jSA3kSQUW7n"
#define UNIT_DATA_CONTEXT "users/4711/iban"
#define UNIT_DATA_PLAIN "DE02 1203 0000 0000 2020 51"

extern struct unit_jobs unit_data;
extern struct sr_why unit_data_why;
extern const struct sr_data_ask unit_data_a; /* "data:a" and "data:b", as they are */
extern const struct sr_data_ask unit_data_b;

/* A token and a registry named NAME, with data:a, data:b, and data:vector whose KEK is the vectors'. */
void unit_data_open(const char *name);

struct unit_text {
    unsigned char bytes[1024];
    size_t size;
};

typedef enum sr_job_result (*unit_data_call)(struct sr_jobs *jobs, const struct sr_bench *bench,
                                             const struct sr_data_ask *ask, const struct sr_data_item *item,
                                             struct sr_data_result *out, struct sr_why *why);

/* CALL with a context and TEXT; OUT gets the result, its size 0 where there is none. */
enum sr_job_result unit_data_do(unit_data_call call, const struct sr_data_ask *ask, const char *context,
                                const void *text, size_t size, struct unit_text *out);

/* Encrypts TEXT for CONTEXT; the test ends where that fails. */
void unit_data_encrypt(const struct sr_data_ask *ask, const char *context, const char *text,
                       struct unit_text *value);

/* A new key; ASK gets it, and KEY is where it is kept. */
void unit_data_key(struct sr_data_ask *ask, struct sr_data_key *key);

/* Decrypts to TEXT. */
bool unit_data_is(const struct sr_data_ask *ask, const char *context, const struct unit_text *value,
                  const char *text);

/* Decrypting ends with RESULT, and its reason has WORDS in it. */
bool unit_data_refused(const struct sr_data_ask *ask, const char *context, const struct unit_text *value,
                       enum sr_job_result result, const char *words);

/* A new version of the family. */
void unit_data_rotate(const struct sr_data_ask *ask);
void unit_data_revoke(const struct sr_data_ask *ask);

#endif
