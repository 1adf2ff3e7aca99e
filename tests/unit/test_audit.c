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

static char path[256];
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

CU_TestInfo audit_tests[] = {
    {"a line is as described", a_line_is_as_described},
    {"what is not known is null", what_is_not_known_is_null},
    {"the chain goes on", the_chain_goes_on},
    {"an unfinished line is marked", an_unfinished_line_is_marked},
    {"a line without its line feed is a line", a_line_without_its_line_feed_is_a_line},
    {"others' files are refused", others_files_are_refused},
    {"two cannot write it", two_cannot_write_it},
    {"a full disk is said, and the chain goes on", a_full_disk_is_said_and_the_chain_goes_on},
    CU_TEST_INFO_NULL,
};
