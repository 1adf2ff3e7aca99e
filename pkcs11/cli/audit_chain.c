/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BEGINNING "{\"time\":\""
#define FRAGMENT ",\"fragment\":\""
#define CHAIN ",\"chain\":\""
#define SIZE(text) (sizeof(text) - 1)
#define CHAIN_SIZE (SIZE(CHAIN) + SR_CHAIN_HEX + 2)
#define FRAGMENT_SIZE (SIZE(FRAGMENT) + SR_CHAIN_HEX + 1)

bool sr_chain_begin(struct sr_chain *chain)
{
    *chain = (struct sr_chain){.file = NULL};
    memset(chain->value, '0', SR_CHAIN_HEX);
    chain->sha256 = EVP_MD_CTX_new();
    chain->fragment = EVP_MD_CTX_new();
    return chain->sha256 != NULL && chain->fragment != NULL &&
           EVP_DigestInit_ex(chain->sha256, EVP_sha256(), NULL) == 1;
}

void sr_chain_file(struct sr_chain *chain, FILE *file)
{
    chain->file = file;
    chain->files++;
    chain->number = 0;
}

void sr_chain_end(struct sr_chain *chain)
{
    free(chain->line);
    EVP_MD_CTX_free(chain->sha256);
    EVP_MD_CTX_free(chain->fragment);
}

static bool finish(EVP_MD_CTX *sha256, char hex[SR_CHAIN_HEX + 1])
{
    unsigned char raw[SR_CHAIN_HEX / 2];
    if (EVP_DigestFinal_ex(sha256, raw, NULL) != 1)
        return false;
    for (size_t i = 0; i < sizeof(raw); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    return true;
}

static bool is_hex(const char *text)
{
    return strspn(text, "0123456789abcdef") >= SR_CHAIN_HEX;
}

/* Has the line the form of one that was written to its end? */
static bool is_whole(const struct sr_chain *chain)
{
    const char *line = chain->line;
    if (chain->length < SIZE(BEGINNING) + CHAIN_SIZE || memcmp(line, BEGINNING, SIZE(BEGINNING)) != 0)
        return false;
    const char *member = line + chain->length - CHAIN_SIZE;
    return memcmp(member, CHAIN, SIZE(CHAIN)) == 0 && is_hex(member + SIZE(CHAIN)) &&
           memcmp(member + SIZE(CHAIN) + SR_CHAIN_HEX, "\"}", 2) == 0;
}

/* The digits of the line's member "fragment", the last one before the chain; NULL where there is none. */
static const char *fragment_of(const char *line, size_t length)
{
    if (length < FRAGMENT_SIZE || memcmp(line + length - FRAGMENT_SIZE, FRAGMENT, SIZE(FRAGMENT)) != 0)
        return NULL;
    return line + length - FRAGMENT_SIZE + SIZE(FRAGMENT);
}

/* Does the line vouch for what stands unchained before it? */
static bool vouches(struct sr_chain *chain, size_t text)
{
    const char *fragment = fragment_of(chain->line, text);
    char is[SR_CHAIN_HEX + 1];

    if (chain->unchained == 0)
        return fragment == NULL;
    return finish(chain->fragment, is) && fragment != NULL && memcmp(fragment, is, SR_CHAIN_HEX) == 0;
}

/* The first line of a file that was begun when another was set aside names that one's last value, in the
 * member "previous". The chain's own digits vouch for it. */
static void begin_behind(struct sr_chain *chain)
{
    static const char begins[] = ",\"operation\":\"audit.begin\",";
    static const char member[] = ",\"previous\":\"";
    const char *at = memmem(chain->line, chain->length, member, SIZE(member));

    if (memmem(chain->line, chain->length, begins, SIZE(begins)) == NULL || at == NULL ||
        !is_hex(at + SIZE(member)))
        return;
    chain->later = strspn(at + SIZE(member), "0") < SR_CHAIN_HEX;
    memcpy(chain->value, at + SIZE(member), SR_CHAIN_HEX);
}

static enum sr_chain_step follow(struct sr_chain *chain)
{
    size_t text = chain->length - CHAIN_SIZE;
    const char *value = chain->line + text + SIZE(CHAIN);
    char wanted[SR_CHAIN_HEX + 1];

    if (chain->files == 1 && chain->number == 1)
        begin_behind(chain);
    if (EVP_DigestInit_ex(chain->sha256, NULL, NULL) != 1 ||
        EVP_DigestUpdate(chain->sha256, chain->value, SR_CHAIN_HEX) != 1 ||
        EVP_DigestUpdate(chain->sha256, chain->line, text) != 1 || !finish(chain->sha256, wanted)) {
        errno = ENOMEM;
        return SR_CHAIN_ERROR;
    }
    bool vouched = vouches(chain, text);
    bool follows = memcmp(wanted, value, SR_CHAIN_HEX) == 0;
    memcpy(chain->value, value, SR_CHAIN_HEX);
    if (!vouched || !follows)
        return SR_CHAIN_BROKEN;
    chain->unchained = 0;
    return SR_CHAIN_LINE;
}

static enum sr_chain_step remember(struct sr_chain *chain)
{
    bool ok = true;
    if (chain->unchained == 0) {
        chain->unchained = chain->number;
        ok = EVP_DigestInit_ex(chain->fragment, EVP_sha256(), NULL) == 1;
    }
    ok = ok && EVP_DigestUpdate(chain->fragment, chain->line, chain->length) == 1 &&
         EVP_DigestUpdate(chain->fragment, "\n", 1) == 1;
    if (ok)
        return SR_CHAIN_UNCHAINED;
    errno = ENOMEM;
    return SR_CHAIN_ERROR;
}

enum sr_chain_step sr_chain_next(struct sr_chain *chain)
{
    errno = 0;
    ssize_t n = getline(&chain->line, &chain->room, chain->file);
    if (n < 0)
        return feof(chain->file) != 0 && errno == 0 ? SR_CHAIN_END : SR_CHAIN_ERROR;
    chain->length = (size_t)n;
    chain->number++;
    chain->unfinished = chain->line[n - 1] != '\n';
    if (!chain->unfinished)
        chain->line[--chain->length] = '\0';
    return is_whole(chain) ? follow(chain) : remember(chain);
}

bool sr_chain_ends_in_a_beginning(const struct sr_chain *chain)
{
    size_t known = chain->length < SIZE(BEGINNING) ? chain->length : SIZE(BEGINNING);
    if (!chain->unfinished || chain->unchained != chain->number || memcmp(chain->line, BEGINNING, known) != 0)
        return false;
    /* More than a line's end behind its chain: it was a whole line, and its line feed was changed. */
    const char *member = memmem(chain->line, chain->length, CHAIN, SIZE(CHAIN));
    return member == NULL || (size_t)(chain->line + chain->length - member) < CHAIN_SIZE;
}
