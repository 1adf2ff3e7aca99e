/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pin_file.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *beside(const char *file)
{
    static char name[4096];
    (void)snprintf(name, sizeof(name), "%s.new", file);
    return name;
}

/* A PIN file as before any change. */
static const char *fresh(void)
{
    const char *file = unit_file("changing-pin", "old-0000\n");
    (void)unlink(beside(file));
    return file;
}

/* Prepares a change to TEXT; the descriptor, or -1. */
static int prepare(const char *file, const char *text, struct sr_why *why)
{
    struct sr_pin *pin = sr_pin_new(text, strlen(text));
    CU_ASSERT_PTR_NOT_NULL_FATAL(pin);
    int fd = sr_pin_file_prepare(file, pin, why);
    sr_pin_free(pin);
    return fd;
}

static void expect(const char *file, const char *text)
{
    struct sr_why why = {""};
    struct sr_pin *pin = sr_pin_read(file, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pin);
    CU_ASSERT_STRING_EQUAL(pin->value, text);
    sr_pin_free(pin);
}

static void a_new_pin_takes_the_place_of_the_old_one(void)
{
    const char *file = fresh();
    struct stat st;
    struct sr_why why = {""};

    CU_ASSERT_EQUAL(chmod(file, 0400), 0);
    int fd = prepare(file, "new-1111", &why);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    expect(file, "old-0000");
    expect(beside(file), "new-1111");
    (void)close(fd);
    struct sr_pin *pending = sr_pin_file_pending(file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pending);
    CU_ASSERT_STRING_EQUAL(pending->value, "new-1111");
    sr_pin_free(pending);
    CU_ASSERT_TRUE(sr_pin_file_commit(file, &why));
    expect(file, "new-1111");
    CU_ASSERT_EQUAL(stat(file, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0400);
    CU_ASSERT_NOT_EQUAL(access(beside(file), F_OK), 0);
    CU_ASSERT_PTR_NULL(sr_pin_file_pending(file));
    CU_ASSERT_FALSE(sr_pin_file_commit(file, &why));
    expect(file, "new-1111");
}

static void an_abandoned_change_leaves_nothing(void)
{
    const char *file = fresh();
    struct sr_why why = {""};
    int fd = prepare(file, "new-1111", &why);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    sr_pin_file_abandon(file); /* whoever changes it is still at work */
    expect(beside(file), "new-1111");
    (void)close(fd);
    sr_pin_file_abandon(file);
    CU_ASSERT_NOT_EQUAL(access(beside(file), F_OK), 0);
    expect(file, "old-0000");
}

static void a_second_change_waits_for_the_first_to_be_settled(void)
{
    const char *file = fresh();
    struct sr_why why = {""};
    int fd = prepare(file, "new-1111", &why);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(prepare(file, "new-2222", &why), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "restart strongroomd"));
    CU_ASSERT_PTR_NULL(strstr(why.text, "2222"));
    (void)close(fd);
    expect(beside(file), "new-1111");
    sr_pin_file_abandon(file);
}

static void a_link_stays_a_link(void)
{
    const char *file = fresh();
    char name[4096];
    struct stat st;
    struct sr_why why = {""};

    (void)snprintf(name, sizeof(name), "%s.link", file);
    (void)unlink(name);
    CU_ASSERT_EQUAL_FATAL(symlink(file, name), 0);
    int fd = prepare(name, "new-1111", &why);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    (void)close(fd);
    CU_ASSERT_TRUE(sr_pin_file_commit(name, &why));
    CU_ASSERT_EQUAL(lstat(name, &st), 0);
    CU_ASSERT_TRUE(S_ISLNK(st.st_mode));
    expect(file, "new-1111");
    (void)unlink(name);
}

static void what_a_first_line_cannot_be_is_known(void)
{
    static const struct {
        const char *pin;
        bool fits;
    } pins[] = {{"1234", true}, {"with blanks ", true}, {"", false}, {"a\nb", false}, {"a\r", false}};
    for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
        struct sr_pin *pin = sr_pin_new(pins[i].pin, strlen(pins[i].pin));
        CU_ASSERT_PTR_NOT_NULL_FATAL(pin);
        CU_ASSERT_EQUAL(sr_pin_file_holds(pin), pins[i].fits);
        sr_pin_free(pin);
    }
}

CU_TestInfo pin_file_tests[] = {
    {"a new PIN takes the place of the old one", a_new_pin_takes_the_place_of_the_old_one},
    {"an abandoned change leaves nothing", an_abandoned_change_leaves_nothing},
    {"a second change waits for the first to be settled", a_second_change_waits_for_the_first_to_be_settled},
    {"a link stays a link", a_link_stays_a_link},
    {"what a first line cannot be is known", what_a_first_line_cannot_be_is_known},
    CU_TEST_INFO_NULL,
};
