/* An audit log, read line by line along its chain, through one file or several that follow one another;
 * docs/audit.md has its form.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_AUDIT_CHAIN_H
#define STRONGROOM_CLI_AUDIT_CHAIN_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SR_CHAIN_HEX 64

enum sr_chain_step {
    SR_CHAIN_LINE,      /* a line that follows from the one before */
    SR_CHAIN_BROKEN,    /* a line that does not, or that vouches for other unchained lines than stand there */
    SR_CHAIN_UNCHAINED, /* what was not written to its end; the next chained line must vouch for it */
    SR_CHAIN_END,
    SR_CHAIN_ERROR, /* it cannot be read, errno says why */
};

struct sr_chain {
    FILE *file;
    char *line;      /* the one that was read last, without its line feed, with a zero behind it */
    size_t length;   /* of the line */
    size_t number;   /* of the line, from 1 */
    bool unfinished; /* it has no line feed: the file ends with it */
    char value[SR_CHAIN_HEX + 1];
    bool later; /* the first file begins behind others: it names their last value */
    size_t
        unchained; /* the number of the first unchained line that no line has vouched for; 0: there is none */

    size_t files; /* begun */
    size_t room;  /* of line */
    EVP_MD_CTX *sha256;
    EVP_MD_CTX *fragment; /* over the unchained lines */
};

/* Begins with no file. To be ended with sr_chain_end, on failure (out of memory) too. */
bool sr_chain_begin(struct sr_chain *chain);

/* Goes on with FILE, which stays the caller's; its lines count from 1. The first file may begin behind one
 * that is not read; each further one must follow from the one before. */
void sr_chain_file(struct sr_chain *chain, FILE *file);
void sr_chain_end(struct sr_chain *chain);

/* Reads a line. After SR_CHAIN_BROKEN the chain goes on from that line. */
enum sr_chain_step sr_chain_next(struct sr_chain *chain);

/* At the end of the log: is what was left unchained the beginning of a line, which strongroomd was killed in
 * the middle of? */
bool sr_chain_ends_in_a_beginning(const struct sr_chain *chain);

#endif
