/* SPDX-License-Identifier: Apache-2.0 */
/* JWTs (RFC 7519) in JWS compact serialisation (RFC 7515 §7.1). */
#include "jobs/base64url.h"
#include "jobs/kid.h"
#include "jobs/mac.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JWT_MAX ((size_t)256 << 10)
#define HEADER_MAX 1024 /* what may be parsed before it is known who wrote it */
#define IAT_LEEWAY 60   /* seconds that another host's clock may be ahead */

struct algorithm {
    const char *name;
    const char *purpose; /* sr_mac_make's */
    size_t mac_size;
};

static const struct algorithm algorithms[] = {{"HS256", "jwt", 32}, {"HS512", NULL, 64}};

/* NULL where there is no such one; the names are case-sensitive (RFC 7515 §4.1.1). */
static const struct algorithm *find_algorithm(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    }
    return NULL;
}

/* Reads a JSON object. BAD is the result for what is none; WHY names its place and does not quote it, for
 * claims are nobody else's business. A member that is there twice means one thing to one reader and another
 * to the next (RFC 7515 §4, RFC 7519 §4). */
static enum sr_job_result read_object(const void *text, size_t length, const char *what,
                                      enum sr_job_result bad, json_t **object, struct sr_why *why)
{
    json_error_t error;

    *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (*object == NULL && json_error_code(&error) == json_error_out_of_memory) {
        sr_why_set(why, "%s: out of memory", what);
        return SR_JOB_NO_MEMORY;
    }
    if (*object == NULL) {
        const char *twice = json_error_code(&error) == json_error_duplicate_key ? " (a member twice)" : "";
        sr_why_set(why, "%s: not valid JSON, line %d, column %d%s", what, error.line, error.column, twice);
        return bad;
    }
    if (!json_is_object(*object)) {
        sr_why_set(why, "%s: not a JSON object", what);
        json_decref(*object);
        *object = NULL;
        return bad;
    }
    return SR_JOB_OK;
}

/* Signs with the current version. */
static enum sr_job_result sign(struct sr_jobs *jobs, const struct sr_bench *bench,
                               const struct sr_family_name *family, const struct algorithm *algorithm,
                               const void *claims, size_t length, char **jwt, struct sr_why *why)
{
    unsigned long version;
    char kid[SR_KID_MAX];
    char header[SR_KID_MAX + 64];
    unsigned char mac[SR_MAC_MAX];
    size_t mac_size = 0;
    char *text = NULL;

    enum sr_job_result result = sr_mac_current(jobs, family, &version, why);
    if (result != SR_JOB_OK)
        goto out;
    sr_kid_format(family, version, kid);
    size_t header_size = (size_t)snprintf(
        header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", algorithm->name, kid);
    size_t payload = SR_BASE64URL_LENGTH(header_size) + 1; /* where it begins */
    size_t end = payload + SR_BASE64URL_LENGTH(length);    /* of what is signed */
    size_t size = end + 1 + SR_BASE64URL_LENGTH(algorithm->mac_size);
    if (size > JWT_MAX) {
        sr_why_set(why, "the claims are too long: the JWT would have %zu bytes, of at most %zu", size,
                   JWT_MAX);
        result = SR_JOB_INVALID;
        goto out;
    }
    text = malloc(size + 1);
    if (text == NULL) {
        sr_why_set(why, "the JWT cannot be made: out of memory");
        result = SR_JOB_NO_MEMORY;
        goto out;
    }
    sr_base64url_encode(header, header_size, text);
    text[payload - 1] = '.';
    sr_base64url_encode(claims, length, text + payload);
    result = sr_mac_make(jobs, bench, family, &version, algorithm->purpose, text, end, mac, &mac_size, why);
    if (result == SR_JOB_OK) {
        text[end] = '.';
        sr_base64url_encode(mac, algorithm->mac_size, text + end + 1);
        *jwt = text;
        text = NULL;
    }
out:
    free(text);
    return result;
}

enum sr_job_result sr_jwt_sign(struct sr_jobs *jobs, const struct sr_bench *bench,
                               const struct sr_family_name *family, const char *alg, const void *claims,
                               size_t length, char **jwt, struct sr_why *why)
{
    const struct algorithm *algorithm = find_algorithm(alg);
    json_t *object;

    *jwt = NULL;
    if (algorithm == NULL) {
        sr_why_set(why, "a JWT's alg is HS256 or HS512");
        return SR_JOB_INVALID;
    }
    if (length > JWT_MAX) {
        sr_why_set(why, "the claims are too long: %zu bytes, and a JWT has at most %zu", length, JWT_MAX);
        return SR_JOB_INVALID;
    }
    enum sr_job_result result = read_object(claims, length, "the JWT's claims", SR_JOB_INVALID, &object, why);
    if (result != SR_JOB_OK)
        return result;
    json_decref(object);
    /* The claims are signed as they were given: reading and writing them could change a number. */
    result = sign(jobs, bench, family, algorithm, claims, length, jwt, why);
    /* The version was current a moment ago: another thread has just revoked it, so there is a new one. */
    if (result == SR_JOB_BAD)
        result = sign(jobs, bench, family, algorithm, claims, length, jwt, why);
    return result;
}

/* Where the parts of a compact serialisation begin and end. */
struct parts {
    const char *header;
    size_t header_length;
    const char *payload;
    size_t payload_length;
    const char *signature;
    size_t signature_length;
};

static enum sr_job_result split(const char *jwt, size_t length, struct parts *parts, struct sr_why *why)
{
    if (length == 0 || length > JWT_MAX) {
        sr_why_set(why, "the JWT has %zu bytes, and should have 1 to %zu", length, JWT_MAX);
        return SR_JOB_BAD;
    }
    const char *end = jwt + length;
    const char *first = memchr(jwt, '.', length);
    const char *second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL) {
        sr_why_set(why, "the JWT is malformed: it should have three parts with dots between them");
        return SR_JOB_BAD;
    }
    parts->header = jwt;
    parts->header_length = (size_t)(first - jwt);
    parts->payload = first + 1;
    parts->payload_length = (size_t)(second - first - 1);
    parts->signature = second + 1;
    parts->signature_length = (size_t)(end - second - 1);
    return SR_JOB_OK;
}

/* RFC 7515 §5.2: the header says how to check the signature, and nothing in it but these few members can
 * make us do anything. */
static enum sr_job_result check_header(json_t *header, const struct sr_family_name *family,
                                       const struct algorithm **algorithm, unsigned long *version,
                                       struct sr_why *why)
{
    const json_t *typ = json_object_get(header, "typ");
    const json_t *kid = json_object_get(header, "kid");

    *algorithm = find_algorithm(json_string_value(json_object_get(header, "alg")));
    if (*algorithm == NULL) {
        sr_why_set(why, "the JWT's alg is neither HS256 nor HS512");
        return SR_JOB_BAD;
    }
    if (typ != NULL && (!json_is_string(typ) || strcmp(json_string_value(typ), "JWT") != 0)) {
        sr_why_set(why, "the JWT's typ is not \"JWT\"");
        return SR_JOB_BAD;
    }
    /* RFC 7515 §4.1.11: what is critical must be understood, and nothing is; RFC 7797 §3: another input. */
    if (json_object_get(header, "crit") != NULL || json_object_get(header, "b64") != NULL) {
        sr_why_set(why, "the JWT's header has crit or b64, which are not supported");
        return SR_JOB_BAD;
    }
    if (!json_is_string(kid)) {
        sr_why_set(why, "the JWT has no key id (kid)");
        return SR_JOB_BAD;
    }
    struct sr_why reason = {""};
    enum sr_job_result result =
        sr_kid_parse(json_string_value(kid), json_string_length(kid), family, version, &reason);
    if (result != SR_JOB_OK)
        sr_why_set(why, "the JWT is not good: %s", reason.text);
    return result;
}

static enum sr_job_result read_header(const struct parts *parts, const struct sr_family_name *family,
                                      const struct algorithm **algorithm, unsigned long *version,
                                      struct sr_why *why)
{
    unsigned char text[HEADER_MAX];
    size_t size = sizeof(text);
    json_t *header;

    if (!sr_base64url_decode(parts->header, parts->header_length, text, &size)) {
        sr_why_set(why, "the JWT's header is not base64url, or longer than %d bytes", HEADER_MAX);
        return SR_JOB_BAD;
    }
    enum sr_job_result result = read_object(text, size, "the JWT's header", SR_JOB_BAD, &header, why);
    if (result == SR_JOB_OK)
        result = check_header(header, family, algorithm, version, why);
    json_decref(header);
    return result;
}

static enum sr_job_result check_signature(struct sr_jobs *jobs, const struct sr_bench *bench,
                                          const struct sr_family_name *family,
                                          const struct algorithm *algorithm, unsigned long version,
                                          const struct parts *parts, struct sr_why *why)
{
    unsigned char given[SR_MAC_MAX];
    unsigned char mac[SR_MAC_MAX];
    size_t given_size = algorithm->mac_size;
    size_t mac_size = 0;
    size_t length = (size_t)(parts->payload + parts->payload_length - parts->header);

    if (!sr_base64url_decode(parts->signature, parts->signature_length, given, &given_size) ||
        given_size != algorithm->mac_size) {
        sr_why_set(why, "the JWT's signature is malformed: %s has %zu characters of base64url",
                   algorithm->name, SR_BASE64URL_LENGTH(algorithm->mac_size));
        return SR_JOB_BAD;
    }
    enum sr_job_result result = sr_mac_make(jobs, bench, family, &version, algorithm->purpose, parts->header,
                                            length, mac, &mac_size, why);
    if (result == SR_JOB_OK && (mac_size != given_size || CRYPTO_memcmp(mac, given, given_size) != 0)) {
        sr_why_set(why, "the JWT's signature does not fit: it is not version %lu of %s:%s that signed this",
                   version, family->role, family->name);
        result = SR_JOB_BAD;
    }
    OPENSSL_cleanse(mac, sizeof(mac)); /* what a forger would like to know */
    return result;
}

/* A NumericDate (RFC 7519 §2) where it is there. JSON has no infinite numbers, and jansson refuses those that
 * a double has no room for. */
static enum sr_job_result read_date(json_t *claims, const char *name, double *date, bool *there,
                                    struct sr_why *why)
{
    const json_t *value = json_object_get(claims, name);

    *there = value != NULL;
    if (value != NULL && !json_is_number(value)) {
        sr_why_set(why, "the JWT's %s is not a number", name);
        return SR_JOB_BAD;
    }
    *date = json_number_value(value);
    return SR_JOB_OK;
}

/* RFC 7519 §4.1.4 to §4.1.6. */
static enum sr_job_result check_dates(json_t *claims, struct sr_why *why)
{
    double now = (double)sr_job_now();
    double date;
    bool there;

    enum sr_job_result result = read_date(claims, "exp", &date, &there, why);
    if (result == SR_JOB_OK && there && now >= date) {
        sr_why_set(why, "the JWT has expired (exp) %.15g seconds ago", now - date);
        return SR_JOB_BAD;
    }
    if (result == SR_JOB_OK)
        result = read_date(claims, "nbf", &date, &there, why);
    if (result == SR_JOB_OK && there && now < date) {
        sr_why_set(why, "the JWT is not good yet (nbf), for another %.15g seconds", date - now);
        return SR_JOB_BAD;
    }
    if (result == SR_JOB_OK)
        result = read_date(claims, "iat", &date, &there, why);
    if (result == SR_JOB_OK && there && date > now + IAT_LEEWAY) {
        sr_why_set(why, "the JWT was made (iat) %.15g seconds in the future", date - now);
        return SR_JOB_BAD;
    }
    return result;
}

static enum sr_job_result read_claims(const struct parts *parts, char **claims, struct sr_why *why)
{
    size_t size = SR_BASE64URL_BYTES(parts->payload_length);
    char *text = malloc(size + 1);
    json_t *object = NULL;
    enum sr_job_result result = SR_JOB_BAD;

    if (text == NULL) {
        sr_why_set(why, "the JWT cannot be read: out of memory");
        return SR_JOB_NO_MEMORY;
    }
    if (!sr_base64url_decode(parts->payload, parts->payload_length, text, &size)) {
        sr_why_set(why, "the JWT's payload is not base64url");
        goto out;
    }
    text[size] = '\0';
    result = read_object(text, size, "the JWT's claims", SR_JOB_BAD, &object, why);
    if (result == SR_JOB_OK)
        result = check_dates(object, why);
    if (result == SR_JOB_OK) {
        *claims = text;
        text = NULL;
    }
out:
    json_decref(object);
    free(text);
    return result;
}

enum sr_job_result sr_jwt_verify(struct sr_jobs *jobs, const struct sr_bench *bench,
                                 const struct sr_family_name *family, const void *jwt, size_t length,
                                 char **claims, struct sr_why *why)
{
    struct parts parts;
    const struct algorithm *algorithm;
    unsigned long version;

    *claims = NULL;
    enum sr_job_result result = split(jwt, length, &parts, why);
    if (result == SR_JOB_OK)
        result = read_header(&parts, family, &algorithm, &version, why);
    if (result == SR_JOB_OK)
        result = check_signature(jobs, bench, family, algorithm, version, &parts, why);
    /* Nothing of the payload is looked at before it is known who wrote it. */
    if (result == SR_JOB_OK)
        result = read_claims(&parts, claims, why);
    return result;
}
