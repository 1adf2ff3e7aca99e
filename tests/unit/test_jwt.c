/* SPDX-License-Identifier: Apache-2.0 */
/* JWTs on a SoftHSM token. What must be refused is signed with the right key all the same, below the
 * functions under test: so it is refused for what it says, and not for its signature. */
#include "jobs/base64url.h"
#include "jobs/mac.h"
#include "unit_jobs.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORGED_MAX 4096
#define LIMIT ((size_t)256 << 10)

static struct unit_jobs u;
static const struct sr_family_name web = {"session", "web"};
static const struct sr_family_name api = {"session", "api"};

/* A token and a registry, both named NAME, with the families web and api. */
static void open_jobs(const char *name)
{
    struct sr_why why = {""};

    unit_jobs_make(&u, name);
    CU_ASSERT_EQUAL_FATAL(sr_family_create(u.jobs, &u.bench, &web, 0, 3600, &unit_operator, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL_FATAL(sr_family_create(u.jobs, &u.bench, &api, 0, 3600, &unit_operator, &why), SR_JOB_OK);
}

static char *sign(const struct sr_family_name *family, const char *alg, const char *claims)
{
    char *jwt = NULL;
    struct sr_why why = {""};
    CU_ASSERT_EQUAL_FATAL(sr_jwt_sign(u.jobs, &u.bench, family, alg, claims, strlen(claims), &jwt, &why),
                          SR_JOB_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(jwt);
    return jwt;
}

/* JWT is good, and its claims are CLAIMS. */
static void accepted(const char *jwt, const char *claims)
{
    char *got = NULL;
    struct sr_why why = {""};

    CU_ASSERT_EQUAL(sr_jwt_verify(u.jobs, &u.bench, &web, jwt, strlen(jwt), &got, &why), SR_JOB_OK);
    CU_ASSERT_TRUE(got != NULL && strcmp(got, claims) == 0);
    free(got);
}

/* JWT is refused as not good, and the reason has REASON in it. */
static void refused(const struct sr_family_name *family, const char *jwt, const char *reason)
{
    char unset;
    char *claims = &unset;
    struct sr_why why = {""};

    CU_ASSERT_EQUAL(sr_jwt_verify(u.jobs, &u.bench, family, jwt, strlen(jwt), &claims, &why), SR_JOB_BAD);
    CU_ASSERT_PTR_NULL(claims);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, reason));
}

/* Appends the MAC of version 1 of web over the text that is there. */
static void forge_signature(char jwt[FORGED_MAX], const char *alg)
{
    unsigned char mac[SR_MAC_MAX];
    size_t size = 0;
    size_t length = strlen(jwt);
    unsigned long version = 1;
    struct sr_why why = {""};
    const char *purpose = strcmp(alg, "HS512") == 0 ? NULL : "jwt";

    CU_ASSERT_EQUAL_FATAL(
        sr_mac_make(u.jobs, &u.bench, &web, &version, purpose, jwt, length, mac, &size, &why), SR_JOB_OK);
    jwt[length] = '.';
    sr_base64url_encode(mac, size, jwt + length + 1);
}

static void forge(const char *header, const char *payload, const char *alg, char jwt[FORGED_MAX])
{
    sr_base64url_encode(header, strlen(header), jwt);
    size_t length = strlen(jwt);
    jwt[length] = '.';
    sr_base64url_encode(payload, strlen(payload), jwt + length + 1);
    forge_signature(jwt, alg);
}

/* The part of JWT that begins after the dot number PART, decoded. */
static void decode_part(const char *jwt, int part, char *text, size_t room)
{
    size_t size = room - 1;

    while (part-- > 0)
        jwt = strchr(jwt, '.') + 1;
    CU_ASSERT_TRUE_FATAL(sr_base64url_decode(jwt, strcspn(jwt, "."), text, &size));
    text[size] = '\0';
}

static void its_parts_are_what_they_should_be(void)
{
    static const char claims[] = "{\"sub\":\"7\",\"n\":1.10, \"a\" : [true,null]}";
    char text[256];

    open_jobs("parts");
    char *jwt = sign(&web, "HS256", claims);
    decode_part(jwt, 0, text, sizeof(text));
    CU_ASSERT_STRING_EQUAL(text, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\"}");
    decode_part(jwt, 1, text, sizeof(text));
    CU_ASSERT_STRING_EQUAL(text, claims); /* not changed by a single space */
    CU_ASSERT_EQUAL(strlen(strrchr(jwt, '.') + 1), 43);
    accepted(jwt, claims);
    refused(&api, jwt, "another family");
    free(jwt);

    jwt = sign(&web, "HS512", claims);
    decode_part(jwt, 0, text, sizeof(text));
    CU_ASSERT_STRING_EQUAL(text, "{\"alg\":\"HS512\",\"typ\":\"JWT\",\"kid\":\"web.1\"}");
    CU_ASSERT_EQUAL(strlen(strrchr(jwt, '.') + 1), 86);
    accepted(jwt, claims);
    free(jwt);
    unit_jobs_close(&u);
}

static void only_objects_are_signed(void)
{
    static const char *const wrong[] = {
        "",
        " ",
        "[]",
        "\"text\"",
        "7",
        "null",
        "{",
        "{}x",
        "{\"a\":1,}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":\"\xff\"}",
        "{} {}",
        "\xef\xbb\xbf{}",
        "{\"a\":1,\"a\":1}",
        "{\"exp\":1,\"\\u0065xp\":2}",
        "{\"b\":{\"a\":1,\"a\":2}}",
    };
    static const char *const algs[] = {"none", "HS384", "hs256", "HS2567", "RS256", "", NULL};
    char *jwt = NULL;
    struct sr_why why = {""};

    open_jobs("objects");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CU_ASSERT_EQUAL(sr_jwt_sign(u.jobs, &u.bench, &web, "HS256", wrong[i], strlen(wrong[i]), &jwt, &why),
                        SR_JOB_INVALID);
        CU_ASSERT_PTR_NULL(jwt);
    }
    CU_ASSERT_EQUAL(sr_jwt_sign(u.jobs, &u.bench, &web, "HS256", "{}\0", 3, &jwt, &why), SR_JOB_INVALID);
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        CU_ASSERT_EQUAL(sr_jwt_sign(u.jobs, &u.bench, &web, algs[i], "{}", 2, &jwt, &why), SR_JOB_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "HS256"));
    }
    /* Only LENGTH bytes are read. */
    CU_ASSERT_EQUAL_FATAL(sr_jwt_sign(u.jobs, &u.bench, &web, "HS256", "{}x", 2, &jwt, &why), SR_JOB_OK);
    accepted(jwt, "{}");
    free(jwt);
    unit_jobs_close(&u);
}

static void headers_are_read_strictly(void)
{
    static const struct {
        const char *header;
        const char *reason; /* NULL: it is good */
    } headers[] = {
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", NULL},
        {" {\"kid\" : \"web.1\", \"alg\":\"HS\\u0032\\u003556\"} ", "alg"}, /* HS2556 */
        {" {\"kid\" : \"web.1\", \"alg\":\"HS\\u003256\"} ", NULL},
        {"{\"alg\":\"HS256\",\"kid\":\"web.1\",\"cty\":\"x\"}",
         NULL}, /* RFC 7515 §4: not understood, ignored */
        {"{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":\"HS384\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":\"hs256\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":\"HS256 \",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":\"\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":256,\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":[\"HS256\"],\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"ALG\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"typ\":\"JWT\",\"kid\":\"web.1\"}", "alg"},
        {"{\"alg\":\"HS512\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "signature is malformed"},
        {"{\"alg\":\"HS256\",\"typ\":\"jwt\",\"kid\":\"web.1\"}", "typ"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWS\",\"kid\":\"web.1\"}", "typ"},
        {"{\"alg\":\"HS256\",\"typ\":\"\",\"kid\":\"web.1\"}", "typ"},
        {"{\"alg\":\"HS256\",\"typ\":null,\"kid\":\"web.1\"}", "typ"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", "kid"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":1}", "kid"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":null}", "kid"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\"}", "malformed"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web\"}", "malformed"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.0\"}", "malformed"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.01\"}", "malformed"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.+1\"}", "malformed"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1 \"}", "malformed"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.99999999999999999999\"}", "malformed"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\\u0000\"}", "not valid JSON"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"api.1\"}", "another family"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.2\"}", "2"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\",\"crit\":[\"exp\"],\"exp\":1}", "crit"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\",\"crit\":null}", "crit"},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\",\"b64\":true}", "b64"},
        {"{\"alg\":\"none\",\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\"}", "twice"},
        {"{\"alg\":\"HS256\",\"kid\":\"web.1\",\"kid\":\"web.1\"}", "twice"},
        {"{\"alg\":\"HS256\",\"kid\":\"web.1\",\"x\":{\"y\":1,\"y\":1}}", "twice"},
        {"[\"alg\",\"HS256\",\"kid\",\"web.1\"]", "not a JSON object"},
        {"\"HS256\"", "not valid JSON"},
        {"{\"alg\":\"HS256\",\"kid\":\"web.1\"}{}", "not valid JSON"},
        {"{\"alg\":\"HS256\",\"kid\":\"web.1\"", "not valid JSON"},
        {"", "not valid JSON"},
    };
    char jwt[FORGED_MAX];
    char padded[2048];

    open_jobs("headers");
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        forge(headers[i].header, "{\"sub\":\"7\"}", "HS256", jwt);
        if (headers[i].reason == NULL)
            accepted(jwt, "{\"sub\":\"7\"}");
        else
            refused(&web, jwt, headers[i].reason);
    }
    /* Of a long header nothing is parsed. */
    (void)snprintf(padded, sizeof(padded), "{\"alg\":\"HS256\",\"kid\":\"web.1\"%*s", 1025 - 28, "}");
    forge(padded, "{}", "HS256", jwt);
    refused(&web, jwt, "longer than 1024");
    (void)snprintf(padded, sizeof(padded), "{\"alg\":\"HS256\",\"kid\":\"web.1\"%*s", 1024 - 28, "}");
    forge(padded, "{}", "HS256", jwt);
    accepted(jwt, "{}");
    unit_jobs_close(&u);
}

static void algorithms_are_not_swapped(void)
{
    static const char as_256[] = "{\"alg\":\"HS256\",\"kid\":\"web.1\"}";
    static const char as_512[] = "{\"alg\":\"HS512\",\"kid\":\"web.1\"}";
    char jwt[FORGED_MAX];

    open_jobs("swapped");
    forge(as_512, "{}", "HS512", jwt);
    accepted(jwt, "{}");
    forge(as_512, "{}", "HS256", jwt);
    refused(&web, jwt, "HS512 has 86");
    forge(as_256, "{}", "HS512", jwt);
    refused(&web, jwt, "HS256 has 43");
    strrchr(jwt, '.')[44] = '\0'; /* a truncated HMAC-SHA512 */
    strrchr(jwt, '.')[43] = 'A';
    refused(&web, jwt, "does not fit");
    unit_jobs_close(&u);
}

static void no_character_may_change(void)
{
    char unset;
    struct sr_why why = {""};

    open_jobs("jwt-changed");
    char *jwt = sign(&web, "HS512", "{\"sub\":\"7\"}");
    for (size_t i = 0; jwt[i] != '\0'; i++) {
        char was = jwt[i];
        static const char other[] = "AQ-.=\n";
        for (size_t o = 0; o < strlen(other); o++) {
            if (other[o] == was)
                continue;
            char *claims = &unset;
            jwt[i] = other[o];
            CU_ASSERT_EQUAL(sr_jwt_verify(u.jobs, &u.bench, &web, jwt, strlen(jwt), &claims, &why),
                            SR_JOB_BAD);
            CU_ASSERT_PTR_NULL(claims);
        }
        jwt[i] = was;
    }
    accepted(jwt, "{\"sub\":\"7\"}");
    free(jwt);
    unit_jobs_close(&u);
}

static void malformed_ones_are_told(void)
{
    static const struct {
        const char *before; /* the header */
        const char *between;
        const char *second; /* before the signature */
        const char *after;
        const char *reason;
    } wrong[] = {
        {"", ".", ".", ".", "three parts"},
        {"", ".", ".", ".AAAA", "three parts"},
        {".", ".", ".", "", "three parts"},
        {"", ".", "", "", "three parts"},
        {"", "", "", "", "three parts"},
        {"", "..", "", "", "signature is malformed"},
        {".", ".", "", "", "header"},
        {"", ".", ".", "=", "signature is malformed"},
        {"", ".", ".", "==", "signature is malformed"},
        {"", ".", ".", " ", "signature is malformed"},
        {"", ".", ".", "\n", "signature is malformed"},
        {"", ".", ".", "A", "signature is malformed"},
        {"", ".", ". ", "", "signature is malformed"},
        {"", "=.", ".", "", "header is not base64url"},
        {"", " .", ".", "", "header is not base64url"},
        {" ", ".", ".", "", "header is not base64url"},
        {"", ".", "=.", "", "does not fit"},
        {"", ". ", ".", "", "does not fit"},
        {"", ".", "A.", "", "does not fit"},
    };
    char text[FORGED_MAX];
    char unset;
    char *claims = &unset;
    struct sr_why why = {""};

    open_jobs("jwt-malformed");
    char *jwt = sign(&web, "HS256", "{\"sub\":\"7\"}");
    char *payload = strchr(jwt, '.');
    char *signature = strrchr(jwt, '.');
    *payload++ = '\0';
    *signature++ = '\0';
    (void)snprintf(text, sizeof(text), "%s.%s.%s", jwt, payload, signature);
    accepted(text, "{\"sub\":\"7\"}");
    CU_ASSERT_EQUAL(sr_jwt_verify(u.jobs, &u.bench, &web, text, strlen(text) + 1, &claims, &why), SR_JOB_BAD);
    CU_ASSERT_EQUAL(sr_jwt_verify(u.jobs, &u.bench, &web, text, strlen(text) - 1, &claims, &why), SR_JOB_BAD);
    (void)snprintf(text, sizeof(text), "%s.%s.", jwt, payload);
    refused(&web, text, "signature is malformed");
    (void)snprintf(text, sizeof(text), "%s..%s", jwt, signature);
    refused(&web, text, "does not fit");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", wrong[i].before, jwt, wrong[i].between, payload,
                       wrong[i].second, signature, wrong[i].after);
        refused(&web, text, wrong[i].reason);
    }
    refused(&web, "", "0 bytes");
    CU_ASSERT_EQUAL(sr_jwt_verify(u.jobs, &u.bench, &web, NULL, 0, &claims, &why), SR_JOB_BAD);
    refused(&web, ".", "three parts");
    refused(&web, "..", "not valid JSON");
    free(jwt);
    unit_jobs_close(&u);
}

static void payloads_are_read_strictly(void)
{
    static const char *const wrong[] = {"[]", "7", "", "{", "{\"a\":1,\"a\":2}", "{}\n{}", "{\"exp\":1e999}"};
    static const char header[] = "{\"alg\":\"HS256\",\"kid\":\"web.1\"}";
    static const char *const not_base64url[] = {"e30=", "e31", "e30\n", "e"}; /* "{}" is e30 */
    char jwt[FORGED_MAX];

    open_jobs("payloads");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        forge(header, wrong[i], "HS256", jwt);
        refused(&web, jwt, "the JWT's claims");
    }
    for (size_t i = 0; i < sizeof(not_base64url) / sizeof(not_base64url[0]); i++) {
        char encoded[64];
        sr_base64url_encode(header, strlen(header), encoded);
        (void)snprintf(jwt, sizeof(jwt), "%s.%s", encoded, not_base64url[i]);
        forge_signature(jwt, "HS256");
        refused(&web, jwt, "payload is not base64url");
    }
    unit_jobs_close(&u);
}

/* What is said of a JWT whose claim NAME is NUMBER with TAIL behind; NULL: it is good. */
static void dated(const char *name, long long number, const char *tail, const char *reason)
{
    char claims[128];

    (void)snprintf(claims, sizeof(claims), "{\"%s\":%lld%s}", name, number, tail);
    char *jwt = sign(&web, "HS256", claims);
    if (reason == NULL)
        accepted(jwt, claims);
    else
        refused(&web, jwt, reason);
    free(jwt);
}

static void times_are_checked(void)
{
    long long now = sr_job_now();

    open_jobs("times");
    dated("exp", now + 100, "", NULL);
    dated("exp", now + 100, ".5", NULL);
    dated("exp", now + 100, "e0", NULL);
    dated("exp", now - 1, "", "expired (exp)");
    dated("exp", sr_job_now(), "", "expired (exp)"); /* RFC 7519 §4.1.4: "on or after" */
    dated("exp", now - 1, ".25", "expired (exp)");
    dated("exp", now - 1000000, "", "expired (exp) 10000");
    dated("exp", 0, "", "expired (exp)");
    dated("exp", -5, "", "expired (exp)");
    dated("exp", 9223372036854775807, "", NULL);
    dated("exp", 1, "e300", NULL);
    dated("exp", -1, "e300", "expired (exp)");

    dated("nbf", now - 100, "", NULL);
    dated("nbf", sr_job_now(), "", NULL);
    dated("nbf", now + 1000000, "", "(nbf), for another");
    dated("nbf", now + 1000000, ".5", "(nbf)");
    dated("nbf", -9223372036854775807, "", NULL);

    dated("iat", now - 100, "", NULL);
    dated("iat", now + 60, "", NULL);
    dated("iat", now + 1000000, "", "(iat)");
    dated("iat", now + 160, "", "(iat) 1");
    unit_jobs_close(&u);
}

static void times_are_numbers(void)
{
    static const char *const values[] = {"\"9999999999\"", "null", "true", "[]", "{}", "\"\""};
    static const char *const names[] = {"exp", "nbf", "iat"};
    char claims[128];
    char reason[64];

    open_jobs("numbers");
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            (void)snprintf(claims, sizeof(claims), "{\"%s\":%s}", names[n], values[v]);
            (void)snprintf(reason, sizeof(reason), "%s is not a number", names[n]);
            char *jwt = sign(&web, "HS256", claims);
            refused(&web, jwt, reason);
            free(jwt);
        }
    }
    unit_jobs_close(&u);
}

static void what_is_too_long_is_refused(void)
{
    char *claims = malloc(LIMIT + 2);
    char *jwt = NULL;
    char *got = NULL;
    struct sr_why why = {""};

    CU_ASSERT_PTR_NOT_NULL_FATAL(claims);
    open_jobs("long");
    memset(claims, ' ', LIMIT + 1);
    claims[0] = '{';
    claims[LIMIT + 1] = '\0';
    size_t overhead =
        SR_BASE64URL_LENGTH(strlen("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"web.1\"}")) + 2 + 43;
    size_t most = SR_BASE64URL_BYTES(LIMIT - overhead);
    claims[most - 1] = '}';
    CU_ASSERT_EQUAL_FATAL(sr_jwt_sign(u.jobs, &u.bench, &web, "HS256", claims, most, &jwt, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(strlen(jwt), overhead + SR_BASE64URL_LENGTH(most));
    CU_ASSERT_EQUAL(sr_jwt_verify(u.jobs, &u.bench, &web, jwt, strlen(jwt), &got, &why), SR_JOB_OK);
    CU_ASSERT_TRUE(got != NULL && strlen(got) == most);
    free(got);
    free(jwt);
    CU_ASSERT_EQUAL(sr_jwt_sign(u.jobs, &u.bench, &web, "HS256", claims, most + 1, &jwt, &why),
                    SR_JOB_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "too long"));
    CU_ASSERT_EQUAL(sr_jwt_sign(u.jobs, &u.bench, &web, "HS256", claims, LIMIT + 1, &jwt, &why),
                    SR_JOB_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "too long"));
    CU_ASSERT_PTR_NULL(jwt);
    memset(claims, 'A', LIMIT + 1);
    refused(&web, claims, "262145 bytes");
    free(claims);
    unit_jobs_close(&u);
}

static void old_versions_stay_good_and_revoked_ones_do_not(void)
{
    static const char *const algs[] = {"HS256", "HS512"};
    char text[256];
    unsigned long version = 0;
    struct sr_why why = {""};

    open_jobs("jwt-versions");
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        unsigned long before = 1 + 2 * i;
        char *first = sign(&web, algs[i], "{}");
        CU_ASSERT_EQUAL(sr_family_rotate(u.jobs, &u.bench, &web, 0, true, &unit_operator, &version, &why),
                        SR_JOB_OK);
        CU_ASSERT_EQUAL(version, before + 1);
        char *second = sign(&web, algs[i], "{}");
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "\"kid\":\"web.%lu\"}", before + 1);
        decode_part(second, 0, text, sizeof(text));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, expected));
        accepted(first, "{}");
        accepted(second, "{}");
        CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &web, &unit_operator, &version, &why), SR_JOB_OK);
        accepted(first, "{}");
        (void)snprintf(expected, sizeof(expected), "%lu", before + 1);
        refused(&web, second, expected);
        free(first);
        free(second);
    }
    unit_jobs_close(&u);
}

CU_TestInfo jwt_tests[] = {
    {"its parts are what they should be", its_parts_are_what_they_should_be},
    {"only objects are signed", only_objects_are_signed},
    {"headers are read strictly", headers_are_read_strictly},
    {"algorithms are not swapped", algorithms_are_not_swapped},
    {"no character may change", no_character_may_change},
    {"malformed ones are told", malformed_ones_are_told},
    {"payloads are read strictly", payloads_are_read_strictly},
    {"times are checked", times_are_checked},
    {"times are numbers", times_are_numbers},
    {"what is too long is refused", what_is_too_long_is_refused},
    {"old versions stay good and revoked ones do not", old_versions_stay_good_and_revoked_ones_do_not},
    CU_TEST_INFO_NULL,
};
