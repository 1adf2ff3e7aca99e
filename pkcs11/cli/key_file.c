/* SPDX-License-Identifier: Apache-2.0 */
#include "key_file.h"
#include "cli.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>

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

bool sr_key_file_write(struct sr_out_file *f, const char *uri)
{
    unsigned char *der = NULL;
    int length = to_der(uri, &der);
    BIO *out = BIO_new_fd(f->fd, BIO_NOCLOSE);
    bool ok = false;

    if (length == 0 || out == NULL)
        sr_say("%s cannot be written: out of memory", f->path);
    else if (PEM_write_bio(out, PEM_LABEL, "", der, length) <= 0 || fchmod(f->fd, 0644) != 0)
        sr_say("%s cannot be written: %s", f->path, strerror(errno));
    else
        ok = sr_out_file_done(f);
    (void)BIO_free(out);
    OPENSSL_free(der);
    return ok;
}
