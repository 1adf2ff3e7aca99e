/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log as a file: opened, appended to, gone on with. */
#include "daemon/audit.h"
#include "unit.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define HEX 64
#define REST                                                                                                 \
    "Z\",\"uid\":7,\"pid\":8,\"operation\":\"session.sign\",\"family\":\"session:web\",\"version\":3,"       \
    "\"result\":\"ok\",\"us\":154,\"chain\":\""

static const struct sr_audit_entry entry = {.uid = 7,
                                            .pid = 8,
                                            .operation = "session.sign",
                                            .family = "session:web",
                                            .version = 3,
                                            .result = "ok",
                                            .us = 154};

static const struct sr_audit_options plain = {.checkpoint = 1000};

static char path[320];
static char text[1 << 18];
static size_t length;

static void name_file(const char *name)
{
    (void)snprintf(path, sizeof(path), "%s/%s", unit_folder(), name);
}

static void read_file(void)
{
    FILE *file = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    (void)fclose(file);
}

static void write_lines(int n)
{
    struct sr_why why = {""};
    struct sr_audit *audit = sr_audit_open(path, &plain, &why);
    CU_ASSERT_STRING_EQUAL(why.text, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
    for (int i = 0; i < n; i++)
        CU_ASSERT_TRUE(sr_audit_write(audit, &entry, &why));
    sr_audit_close(audit);
}

static void sha256(const char *a, const char *b, size_t b_length, char hex[HEX + 1])
{
    unsigned char raw[32] = {0};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    CU_ASSERT_FATAL(md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
                    EVP_DigestUpdate(md, a, strlen(a)) == 1 && EVP_DigestUpdate(md, b, b_length) == 1 &&
                    EVP_DigestFinal_ex(md, raw, NULL) == 1);
    EVP_MD_CTX_free(md);
    for (size_t i = 0; i < sizeof(raw); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", raw[i]);
}

/* How many lines there are that follow from one another; lines without a whole chain are passed over.
 */
static int follow(void)
{
    char before[HEX + 1] = ZEROS;
    char wanted[HEX + 1];
    int n = 0;
    char *end;

    read_file();
    for (char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        char *chain = strstr(line, ",\"chain\":\"");
        if (chain == NULL || strlen(chain) != 76)
            continue;
        sha256(before, line, (size_t)(chain - line), wanted);
        CU_ASSERT_EQUAL(memcmp(chain + 10, wanted, HEX), 0);
        memcpy(before, wanted, sizeof(before));
        n++;
    }
    return n;
}

static void a_line_is_as_described(void)
{
    struct stat st;
    name_file("form");
    write_lines(1);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
    read_file();
    CU_ASSERT_EQUAL(strncmp(text, "{\"time\":\"20", 11), 0);
    CU_ASSERT_EQUAL(strncmp(text + 28, ".", 1), 0);
    CU_ASSERT_PTR_EQUAL(strstr(text, REST), text + 35);
    CU_ASSERT_EQUAL(follow(), 1);
}

static void what_is_not_known_is_null(void)
{
    struct sr_audit_entry bare = entry;
    struct sr_why why;
    name_file("bare");
    struct sr_audit *audit = sr_audit_open(path, &plain, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
    bare.family = NULL;
    bare.version = 0;
    CU_ASSERT_TRUE(sr_audit_write(audit, &bare, &why));
    sr_audit_close(audit);
    read_file();
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"family\":null,\"version\":null,\"result\""));
}

static void the_chain_goes_on(void)
{
    name_file("goes-on");
    write_lines(3);
    write_lines(0);
    write_lines(500); /* more than is read back */
    write_lines(2);
    CU_ASSERT_EQUAL(follow(), 505);
}

static void an_unfinished_line_is_marked(void)
{
    char fragment[HEX + 1];
    name_file("unfinished");
    write_lines(2);
    read_file();
    size_t whole = length;
    for (size_t cut = 1; cut < 200; cut += 33) {
        FILE *file = fopen(path, "we");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        CU_ASSERT_EQUAL(fwrite(text, 1, whole, file), whole);
        CU_ASSERT_EQUAL(fwrite(text, 1, cut, file), cut);
        (void)fclose(file);
        write_lines(1);
        char begun[256];
        memcpy(begun, text, cut);
        begun[cut] = '\n';
        sha256("", begun, cut + 1, fragment);
        CU_ASSERT_EQUAL(follow(), 4);
        read_file();
        CU_ASSERT_EQUAL(text[whole + cut], '\n');
        const char *mark = strstr(text + whole + cut, "\"operation\":\"audit.resume\"");
        CU_ASSERT_PTR_NOT_NULL_FATAL(mark);
        mark = strstr(mark, "\"fragment\":\"");
        CU_ASSERT_PTR_NOT_NULL_FATAL(mark);
        CU_ASSERT_EQUAL(memcmp(mark + 12, fragment, HEX), 0);
    }
}

/* All that was not written is the line feed. */
static void a_line_without_its_line_feed_is_a_line(void)
{
    name_file("no-feed");
    write_lines(2);
    read_file();
    CU_ASSERT_EQUAL(truncate(path, (off_t)length - 1), 0);
    write_lines(1);
    CU_ASSERT_EQUAL(follow(), 3);
    CU_ASSERT_PTR_NULL(strstr(text, "audit.resume"));
}

static void others_files_are_refused(void)
{
    struct sr_why why = {""};
    CU_ASSERT_PTR_NULL(sr_audit_open(unit_folder(), &plain, &why));
    CU_ASSERT_PTR_NULL(sr_audit_open("/dev/null", &plain, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "regular"));

    name_file("open-to-others");
    write_lines(1);
    CU_ASSERT_EQUAL(chmod(path, 0620), 0);
    CU_ASSERT_PTR_NULL(sr_audit_open(path, &plain, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "0620"));
    CU_ASSERT_EQUAL(chmod(path, 0640), 0);
    write_lines(1);
    if (geteuid() == 0) {
        CU_ASSERT_EQUAL(chown(path, 1, 1), 0);
        CU_ASSERT_PTR_NULL(sr_audit_open(path, &plain, &why));
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "uid 1 "));
    }
    CU_ASSERT_PTR_NULL(sr_audit_open(unit_file("notes", "what I must not forget\n"), &plain, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "not an audit log"));
}

static void two_cannot_write_it(void)
{
    struct sr_why why = {""};
    name_file("two");
    struct sr_audit *audit = sr_audit_open(path, &plain, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
    CU_ASSERT_PTR_NULL(sr_audit_open(path, &plain, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "in use"));
    sr_audit_close(audit);
}

/* A limit on the size of files is a disk that is full: the line that does not fit is written in part. */
static void a_full_disk_is_said_and_the_chain_goes_on(void)
{
    struct sr_why why = {""};
    struct rlimit old;
    name_file("full");
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    struct sr_audit *audit = sr_audit_open(path, &plain, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
    CU_ASSERT_TRUE(sr_audit_write(audit, &entry, &why));
    read_file();
    struct rlimit small = {length + 100, old.rlim_max};
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 3; i++) {
        why.text[0] = '\0';
        CU_ASSERT_FALSE(sr_audit_write(audit, &entry, &why));
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, path));
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "withheld"));
    }
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &old), 0);
    CU_ASSERT_TRUE(sr_audit_write(audit, &entry, &why));
    sr_audit_close(audit);
    CU_ASSERT_EQUAL(follow(), 3); /* the first, the mark, the last */
    (void)signal(SIGXFSZ, SIG_DFL);
}

/* What a client chooses is in a line: none of it may end a text, or the line. */
static void texts_of_any_bytes_are_json(void)
{
    static char long_text[5000];
    struct sr_audit_entry any = entry;
    struct sr_why why;

    name_file("texts");
    struct sr_audit *audit = sr_audit_open(path, &plain, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
    any.uses_key = true;
    any.client = "01234567";
    any.key = "a\"b\\c\nd\x7f\xc3\xa9";
    any.mechanism = "0x80000001";
    any.rule = "rule";
    any.template = "CKA_SENSITIVE";
    any.object = "pkcs11:object=x";
    CU_ASSERT_TRUE(sr_audit_write(audit, &any, &why));
    memset(long_text, '"', sizeof(long_text) - 1);
    any.key = any.object = any.rule = any.template = long_text;
    CU_ASSERT_TRUE(sr_audit_write(audit, &any, &why));
    memset(long_text, 'x', sizeof(long_text) - 1);
    CU_ASSERT_TRUE(sr_audit_write(audit, &any, &why));
    sr_audit_close(audit);
    CU_ASSERT_EQUAL(follow(), 3);
    read_file();
    CU_ASSERT_PTR_NOT_NULL(strstr(
        text, "\"pid\":8,\"client\":\"01234567\",\"operation\":\"session.sign\","
              "\"key\":\"a\\u0022b\\u005cc\\u000ad\\u007f\\u00c3\\u00a9\","
              "\"mechanism\":\"0x80000001\",\"result\":\"ok\",\"us\":154,"
              "\"object\":\"pkcs11:object=x\",\"rule\":\"rule\",\"template\":\"CKA_SENSITIVE\",\"chain\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\\u0022...\","));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "xxx...\","));
}

/* Writes a line with no room for it, RESULT being what comes of that. */
static void write_without_room(struct sr_audit *audit, bool result)
{
    struct sr_why why = {""};
    struct rlimit old;
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    read_file();
    struct rlimit small = {length, old.rlim_max}; /* for not a byte */
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
    CU_ASSERT_EQUAL(sr_audit_write(audit, &entry, &why), result);
    CU_ASSERT_EQUAL(sr_audit_ready(audit, &why), result);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, path));
    CU_ASSERT_EQUAL(sr_audit_write(audit, &entry, &why), result);
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
}

static void lost_lines_are_counted(void)
{
    struct sr_why why = {""};
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        const struct sr_audit_options options = {.checkpoint = 1000, .goes_on_when_full = goes_on == 1};
        name_file(goes_on ? "goes-on-when-full" : "refuses-when-full");
        struct sr_audit *audit = sr_audit_open(path, &options, &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
        CU_ASSERT_TRUE(sr_audit_ready(audit, &why));
        CU_ASSERT_TRUE(sr_audit_write(audit, &entry, &why));
        write_without_room(audit, goes_on);
        CU_ASSERT_TRUE(sr_audit_ready(audit, &why));
        CU_ASSERT_TRUE(sr_audit_write(audit, &entry, &why));
        sr_audit_close(audit);
        CU_ASSERT_EQUAL(follow(), 3);
        read_file();
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"operation\":\"audit.resume\",\"family\":null,\"version\":null,"
                                            "\"result\":\"lost\",\"us\":0,\"lost\":2,"));
    }
}

static const unsigned char signature_made[SR_AUDIT_SIGNATURE] = "as good as any signature";
static unsigned char digest_signed[SR_AUDIT_DIGEST];

static bool sign(void *arg, const unsigned char digest[SR_AUDIT_DIGEST],
                 unsigned char signature[SR_AUDIT_SIGNATURE], struct sr_why *why)
{
    const bool *able = arg;
    memcpy(digest_signed, digest, sizeof(digest_signed));
    memcpy(signature, signature_made, SR_AUDIT_SIGNATURE);
    if (!*able)
        sr_why_set(why, "the token is \"away\"");
    return *able;
}

static size_t count_of(const char *what)
{
    size_t n = 0;
    read_file();
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

/* The last line says of which line it is a checkpoint, and is behind it. */
static void checkpoints_sign_a_line_before_them(void)
{
    bool able = true;
    struct sr_audit_signer signer = {.sign = sign, .arg = &able, .point = {4, 1, 2}};
    struct sr_why why = {""};
    char wanted[200];
    char digest[HEX + 1];
    char chain[HEX + 1];

    name_file("checkpoint");
    struct sr_audit *audit = sr_audit_open(path, &plain, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
    CU_ASSERT_TRUE(sr_audit_begin(audit, &signer, NULL, &why));
    CU_ASSERT_TRUE(sr_audit_write(audit, &entry, &why));
    read_file();
    memcpy(chain, text + length - HEX - 3, HEX);
    chain[HEX] = '\0';
    char *tip = sr_audit_tip(audit, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tip);
    (void)snprintf(wanted, sizeof(wanted), "{\"file\":\"checkpoint\",\"line\":2,\"chain\":\"%s\",", chain);
    CU_ASSERT_EQUAL(strncmp(tip, wanted, strlen(wanted)), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(tip, "\"signature\":\"617320676f6f64"));
    free(tip);
    CU_ASSERT_TRUE(sr_audit_stop(audit, 5000));
    sr_audit_close(audit);
    CU_ASSERT_EQUAL(follow(), 3);
    (void)snprintf(wanted, sizeof(wanted), "\"line\":2,\"value\":\"%s\",\"public-key\":\"", chain);
    CU_ASSERT_EQUAL(count_of(wanted), 1);
    CU_ASSERT_EQUAL(count_of("\"public\":\"040102"), 1);
    (void)snprintf(wanted, sizeof(wanted), "strongroom-audit-1\n2\n%s\n", chain);
    sha256("", wanted, strlen(wanted), digest);
    for (size_t i = 0; i < sizeof(digest_signed); i++) {
        char two[3];
        (void)snprintf(two, sizeof(two), "%02x", digest_signed[i]);
        CU_ASSERT_EQUAL(memcmp(two, digest + 2 * i, 2), 0);
    }

    able = false;
    audit = sr_audit_open(path, &plain, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
    CU_ASSERT_TRUE(sr_audit_begin(audit, &signer, NULL, &why));
    CU_ASSERT_PTR_NULL(sr_audit_tip(audit, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "away"));
    CU_ASSERT_TRUE(sr_audit_stop(audit, 5000));
    sr_audit_close(audit);
    CU_ASSERT_EQUAL(follow(), 5); /* with audit.start and another checkpoint */
    CU_ASSERT_EQUAL(count_of("\"result\":\"unsigned\",\"us\":0,\"line\":4,\"value\""), 1);
    CU_ASSERT_EQUAL(count_of("\"why\":\"the token is \\u0022away\\u0022\""), 1);
}

static void wait_for(const char *name)
{
    struct stat st;
    for (int i = 0; i < 500 && stat(name, &st) != 0; i++)
        (void)usleep(10000);
    CU_ASSERT_EQUAL(stat(name, &st), 0);
}

static void files_are_set_aside(void)
{
    const struct sr_audit_options options = {.checkpoint = 1000, .rotate = 4096};
    struct sr_why why = {""};
    char aside[sizeof(path) + 16];
    struct stat st;

    name_file("rotated");
    (void)snprintf(aside, sizeof(aside), "%s.000041", path);
    FILE *taken = fopen(aside, "we"); /* a name that is taken is left alone */
    CU_ASSERT_PTR_NOT_NULL_FATAL(taken);
    (void)fclose(taken);
    struct sr_audit *audit = sr_audit_open(path, &options, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(audit);
    CU_ASSERT_TRUE(sr_audit_begin(audit, NULL, "there is no token", &why));
    for (int i = 0; i < 30; i++)
        CU_ASSERT_TRUE(sr_audit_write(audit, &entry, &why));
    (void)snprintf(aside, sizeof(aside), "%s.000042", path);
    wait_for(aside);
    CU_ASSERT_TRUE(sr_audit_write(audit, &entry, &why));
    CU_ASSERT_TRUE(sr_audit_stop(audit, 5000));
    sr_audit_close(audit);
    read_file();
    char *previous = strstr(text, "\"operation\":\"audit.begin\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(previous);
    previous = strstr(previous, "\"after\":\"rotated.000042\",\"previous\":\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(previous);
    char value[HEX + 1];
    memcpy(value, previous + 37, HEX);
    value[HEX] = '\0';
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
    size_t end = strlen(path);
    (void)snprintf(path + end, sizeof(path) - end, ".000042");
    read_file();
    CU_ASSERT_EQUAL(memcmp(text + length - HEX - 3, value, HEX), 0);
    CU_ASSERT_EQUAL(count_of("\"operation\":\"audit.checkpoint\""), 1);
    CU_ASSERT_EQUAL(count_of("\"why\":\"there is no token\""), 2);
    CU_ASSERT_EQUAL(follow(), (int)count_of("\n"));
}

/* Killed between its two renamings: the new file is the log. Killed before them: it is not needed. */
static void a_rotation_that_was_begun_is_finished(void)
{
    char new[sizeof(path) + 16];
    struct stat st;

    name_file("begun");
    write_lines(2);
    (void)snprintf(new, sizeof(new), "%s.new", path);
    CU_ASSERT_EQUAL(rename(path, new), 0);
    write_lines(1);
    CU_ASSERT_EQUAL(follow(), 3);
    CU_ASSERT_NOT_EQUAL(stat(new, &st), 0);
}

CU_TestInfo audit_tests[] = {
    {"a line is as described", a_line_is_as_described},
    {"what is not known is null", what_is_not_known_is_null},
    {"the chain goes on", the_chain_goes_on},
    {"an unfinished line is marked", an_unfinished_line_is_marked},
    {"a line without its line feed is a line", a_line_without_its_line_feed_is_a_line},
    {"others' files are refused", others_files_are_refused},
    {"two cannot write it", two_cannot_write_it},
    {"a full disk is said, and the chain goes on", a_full_disk_is_said_and_the_chain_goes_on},
    {"texts of any bytes are JSON", texts_of_any_bytes_are_json},
    {"lost lines are counted", lost_lines_are_counted},
    {"checkpoints sign a line before them", checkpoints_sign_a_line_before_them},
    {"files are set aside", files_are_set_aside},
    {"a rotation that was begun is finished", a_rotation_that_was_begun_is_finished},
    CU_TEST_INFO_NULL,
};
