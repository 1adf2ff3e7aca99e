/* SPDX-License-Identifier: Apache-2.0 */
#include "key_file.h"
#include "cli.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_LABEL "PKCS#11 PROVIDER URI"
#define DESCRIPTION "PKCS#11 Provider URI v1.0"

/* The DER described in the header; freed with OPENSSL_free. Its length, or 0 on failure. */
static int to_der(const char *uri, unsigned char **der)
{
    ASN1_VISIBLESTRING *description = ASN1_VISIBLESTRING_new();
    ASN1_UTF8STRING *text = ASN1_UTF8STRING_new();
    unsigned char *at;
    int total = 0;

    *der = NULL;
    if (description == NULL || text == NULL || !ASN1_STRING_set(description, DESCRIPTION, -1) ||
        !ASN1_STRING_set(text, uri, -1))
        goto out;
    int first = i2d_ASN1_VISIBLESTRING(description, NULL);
    int second = i2d_ASN1_UTF8STRING(text, NULL);
    if (first <= 0 || second <= 0)
        goto out;
    total = ASN1_object_size(1, first + second, V_ASN1_SEQUENCE);
    at = *der = total > 0 ? OPENSSL_malloc((size_t)total) : NULL;
    if (at == NULL) {
        total = 0;
        goto out;
    }
    ASN1_put_object(&at, 1, first + second, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    (void)i2d_ASN1_VISIBLESTRING(description, &at);
    (void)i2d_ASN1_UTF8STRING(text, &at);
out:
    ASN1_VISIBLESTRING_free(description);
    ASN1_UTF8STRING_free(text);
    return total;
}

static void say_exists(const char *path)
{
    sr_say("%s exists: choose another file, or replace it with --force", path);
}

bool sr_key_file_open(struct sr_key_file *f, const char *path, bool replace)
{
    struct stat st;
    int fd = -1;

    *f = (struct sr_key_file){.path = path, .replace = replace};
    if (lstat(path, &st) == 0 && !replace) {
        say_exists(path);
        return false;
    }
    if (asprintf(&f->temporary, "%s.XXXXXX", path) < 0) {
        f->temporary = NULL;
        sr_say("out of memory");
        return false;
    }
    fd = mkstemp(f->temporary);
    f->file = fd >= 0 && fchmod(fd, 0644) == 0 ? fdopen(fd, "w") : NULL;
    if (f->file != NULL)
        return true;
    sr_say("%s cannot be written: %s", path, strerror(errno));
    if (fd >= 0) {
        (void)close(fd);
        (void)unlink(f->temporary);
    }
    free(f->temporary);
    f->temporary = NULL;
    return false;
}

/* Without --force, link refuses what came into being meanwhile. */
static bool put_in_place(const struct sr_key_file *f)
{
    if (f->replace)
        return rename(f->temporary, f->path) == 0;
    return link(f->temporary, f->path) == 0;
}

bool sr_key_file_write(struct sr_key_file *f, const char *uri)
{
    unsigned char *der = NULL;
    bool ok = false;
    int length = to_der(uri, &der);

    if (length == 0) {
        sr_say("%s cannot be written: out of memory", f->path);
        goto out;
    }
    bool written = PEM_write(f->file, PEM_LABEL, "", der, length) > 0;
    written = fclose(f->file) == 0 && written;
    f->file = NULL;
    ok = written && put_in_place(f);
    if (!ok && errno == EEXIST)
        say_exists(f->path);
    else if (!ok)
        sr_say("%s cannot be written: %s", f->path, strerror(errno));
out:
    OPENSSL_free(der);
    sr_key_file_close(f);
    return ok;
}

void sr_key_file_close(struct sr_key_file *f)
{
    if (f->file != NULL)
        (void)fclose(f->file);
    if (f->temporary != NULL)
        (void)unlink(f->temporary); /* after rename there is nothing left to remove */
    free(f->temporary);
    *f = SR_KEY_FILE_NONE;
}
