/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of session keys, and their key ids, on a SoftHSM token. */
#include "jobs/kid.h"
#include "unit_jobs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

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

static enum sr_job_result verify(const struct sr_family_name *family, const char *purpose, const char *data,
                                 const char *signature, struct sr_why *why)
{
    why->text[0] = '\0';
    return sr_session_verify(u.jobs, &u.bench, family, purpose, data, strlen(data), signature, why);
}

static void sign(const struct sr_family_name *family, const char *purpose, const char *data,
                 char signature[SR_SIGNATURE_MAX])
{
    struct sr_why why = {""};
    CU_ASSERT_EQUAL_FATAL(
        sr_session_sign(u.jobs, &u.bench, family, purpose, data, strlen(data), signature, &why), SR_JOB_OK);
}

/* Refused as not good, and the reason has REASON in it. */
static void refused(const struct sr_family_name *family, const char *purpose, const char *data,
                    const char *signature, const char *reason)
{
    struct sr_why why;
    CU_ASSERT_EQUAL(verify(family, purpose, data, signature, &why), SR_JOB_BAD);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, reason));
}

static void what_was_signed_is_good(void)
{
    char signature[SR_SIGNATURE_MAX];
    char again[SR_SIGNATURE_MAX];
    char long_text[5000];
    struct sr_why why;

    open_jobs("signed");
    sign(&web, "cookie", "user=7", signature);
    CU_ASSERT_EQUAL(strncmp(signature, "web.1.", 6), 0);
    CU_ASSERT_EQUAL(strlen(signature), 6 + 43);
    CU_ASSERT_EQUAL(strspn(signature + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                    43);
    CU_ASSERT_EQUAL(verify(&web, "cookie", "user=7", signature, &why), SR_JOB_OK);
    sign(&web, "cookie", "user=7", again);
    CU_ASSERT_STRING_EQUAL(signature, again);

    refused(&web, "cookie", "user=8", signature, "does not fit");
    refused(&web, "cookie", "user=", signature, "does not fit");
    refused(&web, "cookie", "", signature, "does not fit");
    sign(&web, "cookie", "", signature);
    CU_ASSERT_EQUAL(verify(&web, "cookie", "", signature, &why), SR_JOB_OK);
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    sign(&web, "cookie", long_text, signature);
    CU_ASSERT_EQUAL(verify(&web, "cookie", long_text, signature, &why), SR_JOB_OK);
    long_text[4000] = 'y';
    refused(&web, "cookie", long_text, signature, "does not fit");
    unit_jobs_close(&u);
}

static void purposes_and_families_are_separate(void)
{
    char cookie[SR_SIGNATURE_MAX];
    char csrf[SR_SIGNATURE_MAX];
    char other[SR_SIGNATURE_MAX];
    struct sr_why why;

    open_jobs("separate");
    sign(&web, "cookie", "data", cookie);
    sign(&web, "csrf", "data", csrf);
    sign(&api, "cookie", "data", other);
    CU_ASSERT_EQUAL(verify(&web, "csrf", "data", csrf, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(verify(&api, "cookie", "data", other, &why), SR_JOB_OK);
    CU_ASSERT_STRING_NOT_EQUAL(cookie, csrf);
    CU_ASSERT_STRING_NOT_EQUAL(cookie + 3, other + 3);
    refused(&web, "csrf", "data", cookie, "does not fit");
    refused(&web, "cookie", "data", csrf, "does not fit");
    refused(&web, "cookie2", "data", cookie, "does not fit");
    refused(&api, "cookie", "data", cookie, "another family");
    refused(&web, "cookie", "data", other, "another family");
    cookie[0] = 'a';
    cookie[1] = 'p';
    cookie[2] = 'i';
    refused(&api, "cookie", "data", cookie, "does not fit");
    unit_jobs_close(&u);
}

static void wrong_purposes_are_refused(void)
{
    static const char *const wrong[] = {"",    "jwt", "Cookie",    "cookie ",
                                        "a.b", "a/b", "k\xc3\xa9", "a23456789012345678901234567890123"};
    static const char *const right[] = {"jwt2", "0", "-", "a2345678901234567890123456789012"};
    char signature[SR_SIGNATURE_MAX];
    struct sr_why why = {""};

    open_jobs("purposes");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CU_ASSERT_EQUAL(sr_session_sign(u.jobs, &u.bench, &web, wrong[i], "x", 1, signature, &why),
                        SR_JOB_INVALID);
        CU_ASSERT_STRING_EQUAL(signature, "");
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        sign(&web, right[i], "x", signature);
        CU_ASSERT_EQUAL(verify(&web, right[i], "x", signature, &why), SR_JOB_OK);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_EQUAL(verify(&web, wrong[i], "x", signature, &why), SR_JOB_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "a-z"));
    unit_jobs_close(&u);
}

static void no_character_may_change(void)
{
    char signature[SR_SIGNATURE_MAX];
    struct sr_why why;

    open_jobs("changed");
    sign(&web, "cookie", "data", signature);
    for (size_t i = 0; signature[i] != '\0'; i++) {
        char was = signature[i];
        static const char other[] = "AB2-.= ";
        for (size_t o = 0; o < strlen(other); o++) {
            signature[i] = other[o];
            CU_ASSERT_EQUAL(verify(&web, "cookie", "data", signature, &why),
                            other[o] == was ? SR_JOB_OK : SR_JOB_BAD);
        }
        signature[i] = was;
    }
    CU_ASSERT_EQUAL(verify(&web, "cookie", "data", signature, &why), SR_JOB_OK);
    unit_jobs_close(&u);
}

static void malformed_ones_are_told(void)
{
    static const struct {
        const char *before; /* the MAC */
        const char *after;
        const char *reason;
    } wrong[] = {
        {"", "", "malformed"},
        {".", "", "malformed"},
        {"web.", "", "malformed"},
        {"web..", "", "malformed"},
        {".1.", "", "malformed"},
        {"web.0.", "", "malformed"},
        {"web.01.", "", "malformed"},
        {"web.+1.", "", "malformed"},
        {"web.-1.", "", "malformed"},
        {"web. 1.", "", "malformed"},
        {"web.1 .", "", "malformed"},
        {"web.0x1.", "", "malformed"},
        {"web.1.1.", "", "malformed"},
        {"web.99999999999999999999.", "", "malformed"},
        {"web.18446744073709551617.", "", "malformed"}, /* 1, if it wrapped */
        {" web.1.", "", "another family"},
        {"we.1.", "", "another family"},
        {"webb.1.", "", "another family"},
        {"Web.1.", "", "another family"},
        {"session:web.1.", "", "another family"},
        {"web.1.", "=", "malformed"},
        {"web.1.", "A", "malformed"},
        {"web.1.", "AAAA", "malformed"},
        {"web.1.", "\n", "malformed"},
        {"web.1.", " ", "malformed"},
        {"web.1.", ".", "malformed"},
        {"web.2.", "", "2"}, /* never was */
        {"web.18446744073709551615.", "", "18446744073709551615"},
    };
    char signature[SR_SIGNATURE_MAX];
    char text[2 * SR_SIGNATURE_MAX];
    struct sr_why why;

    open_jobs("malformed");
    sign(&web, "cookie", "data", signature);
    const char *mac = signature + strlen("web.1.");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(text, sizeof(text), "%s%s%s", wrong[i].before, mac, wrong[i].after);
        refused(&web, "cookie", "data", text, wrong[i].reason);
    }
    refused(&web, "cookie", "data", "", "malformed");
    refused(&web, "cookie", "data", "web.1", "malformed");
    refused(&web, "cookie", "data", "web.1.", "malformed");
    memset(text, 'w', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    refused(&web, "cookie", "data", text, "malformed");
    (void)snprintf(text, sizeof(text), "web.1.%.42s", mac);
    refused(&web, "cookie", "data", text, "malformed");
    (void)snprintf(text, sizeof(text), "web.1.%s", mac);
    CU_ASSERT_EQUAL(verify(&web, "cookie", "data", text, &why), SR_JOB_OK);
    unit_jobs_close(&u);
}

static void key_ids_are_read_as_written(void)
{
    static const unsigned long numbers[] = {1, 9, 10, 4294967296, 18446744073709551615UL};
    struct sr_family_name longest = {"session", ""};
    char kid[SR_KID_MAX];
    struct sr_why why = {""};

    memset(longest.name, 'n', sizeof(longest.name) - 1);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        unsigned long version = 0;
        sr_kid_format(&longest, numbers[i], kid);
        CU_ASSERT_EQUAL(sr_kid_parse(kid, strlen(kid), &longest, &version, &why), SR_JOB_OK);
        CU_ASSERT_EQUAL(version, numbers[i]);
    }
    CU_ASSERT_EQUAL(strlen(kid), SR_KID_MAX - 1);
    unsigned long version = 7;
    CU_ASSERT_EQUAL(sr_kid_parse("web.12", 5, &web, &version, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 1); /* only LENGTH bytes of it */
    CU_ASSERT_EQUAL(sr_kid_parse("web.1", 4, &web, &version, &why), SR_JOB_BAD);
    CU_ASSERT_EQUAL(sr_kid_parse("web.1\0", 6, &web, &version, &why), SR_JOB_BAD);
    CU_ASSERT_EQUAL(sr_kid_parse("w\0b.1", 5, &web, &version, &why), SR_JOB_BAD);
    CU_ASSERT_EQUAL(version, 1);
}

static void old_versions_stay_good_and_revoked_ones_do_not(void)
{
    char first[SR_SIGNATURE_MAX];
    char second[SR_SIGNATURE_MAX];
    char third[SR_SIGNATURE_MAX];
    unsigned long version = 0;
    struct sr_why why = {""};

    open_jobs("versions");
    sign(&web, "cookie", "data", first);
    CU_ASSERT_EQUAL(sr_family_rotate(u.jobs, &u.bench, &web, 0, true, &unit_operator, &version, &why),
                    SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 2);
    sign(&web, "cookie", "data", second);
    CU_ASSERT_EQUAL(strncmp(second, "web.2.", 6), 0);
    CU_ASSERT_STRING_NOT_EQUAL(first + 6, second + 6);
    CU_ASSERT_EQUAL(verify(&web, "cookie", "data", first, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(verify(&web, "cookie", "data", second, &why), SR_JOB_OK);
    first[4] = '2';
    refused(&web, "cookie", "data", first, "does not fit");
    first[4] = '1';

    CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &web, &unit_operator, &version, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(version, 3);
    refused(&web, "cookie", "data", second, "2");
    CU_ASSERT_EQUAL(verify(&web, "cookie", "data", first, &why), SR_JOB_OK);
    sign(&web, "cookie", "data", third);
    CU_ASSERT_EQUAL(strncmp(third, "web.3.", 6), 0);
    CU_ASSERT_EQUAL(verify(&web, "cookie", "data", third, &why), SR_JOB_OK);
    CU_ASSERT_EQUAL(sr_family_destroy(u.jobs, &u.bench, &web, 1, false, &unit_operator, &why), SR_JOB_OK);
    refused(&web, "cookie", "data", first, "1");
    unit_jobs_close(&u);
}

static void other_families_do_not_sign(void)
{
    static const struct sr_family_name missing = {"session", "missing"};
    static const struct sr_family_name totp = {"totp", "web"};
    char signature[SR_SIGNATURE_MAX];
    struct sr_why why = {""};

    open_jobs("roles");
    CU_ASSERT_EQUAL(sr_session_sign(u.jobs, &u.bench, &missing, "cookie", "x", 1, signature, &why),
                    SR_JOB_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "missing"));
    CU_ASSERT_EQUAL(sr_session_sign(u.jobs, &u.bench, &totp, "cookie", "x", 1, signature, &why),
                    SR_JOB_INVALID);
    sign(&web, "cookie", "x", signature);
    CU_ASSERT_EQUAL(verify(&totp, "cookie", "x", signature, &why), SR_JOB_INVALID);
    unit_jobs_close(&u);
}

struct signer {
    struct sr_bench bench;
    atomic_bool stop;
    unsigned signatures;
    unsigned failures;
};

static void *sign_on(void *arg)
{
    struct signer *signer = arg;
    char signature[SR_SIGNATURE_MAX];
    struct sr_why why = {""};

    while (!atomic_load(&signer->stop)) {
        signer->signatures++;
        if (sr_session_sign(u.jobs, &signer->bench, &web, "cookie", "x", 1, signature, &why) != SR_JOB_OK)
            signer->failures++;
    }
    return NULL;
}

static void signing_goes_on_while_versions_are_revoked(void)
{
    struct signer signer = {0};
    pthread_t thread;
    unsigned long version = 0;
    struct sr_why why = {""};

    open_jobs("revoking");
    signer.bench = u.bench;
    CU_ASSERT_EQUAL_FATAL(u.module.f->C_OpenSession(u.bench.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                                    NULL, &signer.bench.session),
                          CKR_OK);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, sign_on, &signer), 0);
    for (int i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(sr_family_revoke(u.jobs, &u.bench, &web, &unit_operator, &version, &why), SR_JOB_OK);
    atomic_store(&signer.stop, true);
    CU_ASSERT_EQUAL_FATAL(pthread_join(thread, NULL), 0);
    CU_ASSERT_EQUAL(version, 11);
    CU_ASSERT_TRUE(signer.signatures > 0);
    CU_ASSERT_EQUAL(signer.failures, 0);
    unit_jobs_close(&u);
}

CU_TestInfo session_tests[] = {
    {"what was signed is good", what_was_signed_is_good},
    {"purposes and families are separate", purposes_and_families_are_separate},
    {"wrong purposes are refused", wrong_purposes_are_refused},
    {"no character may change", no_character_may_change},
    {"malformed ones are told", malformed_ones_are_told},
    {"key ids are read as written", key_ids_are_read_as_written},
    {"old versions stay good and revoked ones do not", old_versions_stay_good_and_revoked_ones_do_not},
    {"other families do not sign", other_families_do_not_sign},
    {"signing goes on while versions are revoked", signing_goes_on_while_versions_are_revoked},
    CU_TEST_INFO_NULL,
};
