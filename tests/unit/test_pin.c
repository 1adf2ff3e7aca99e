/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/pin.h"
#include "unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_first_line_is_the_pin(void)
{
    static const char *const files[] = {"s3cret", "s3cret\n", "s3cret\r\n", "s3cret\nanother line\n"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct sr_why why = {""};
        struct sr_pin *pin = sr_pin_read(unit_file("pin", files[i]), &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(pin);
        CU_ASSERT_EQUAL(pin->length, 6);
        CU_ASSERT_EQUAL(memcmp(pin->value, "s3cret\0\0\0", 9), 0);
        sr_pin_free(pin);
    }
}

static void refused(const char *path, const char *reason)
{
    struct sr_why why = {""};
    struct sr_pin *pin = sr_pin_read(path, &why);
    CU_ASSERT_PTR_NULL(pin);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, reason));
    CU_ASSERT_PTR_NULL(strstr(why.text, "s3cret"));
    sr_pin_free(pin);
}

static void a_file_that_others_can_read_is_refused(void)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0700, 0644};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        const char *path = unit_file("open-pin", "s3cret\n");
        CU_ASSERT_EQUAL(chmod(path, modes[i]), 0);
        refused(path, "0600");
    }
    const char *path = unit_file("open-pin", "s3cret\n");
    CU_ASSERT_EQUAL(chmod(path, 0400), 0);
    struct sr_pin *pin = sr_pin_read(path, NULL);
    CU_ASSERT_PTR_NOT_NULL(pin);
    sr_pin_free(pin);
}

static void a_file_of_somebody_else_is_refused(void)
{
    const char *path = unit_file("foreign-pin", "s3cret\n");
    if (geteuid() != 0)
        return; /* nobody else can give files away */
    CU_ASSERT_EQUAL(chown(path, 33, 33), 0);
    refused(path, "chown");
}

static void what_is_no_pin_is_refused(void)
{
    char longest[SR_PIN_MAX + 1];
    char too_long[SR_PIN_MAX + 2];
    memset(longest, '1', SR_PIN_MAX);
    longest[SR_PIN_MAX] = '\0';
    memset(too_long, '1', SR_PIN_MAX + 1);
    too_long[SR_PIN_MAX + 1] = '\0';

    refused(unit_file("empty-pin", ""), "empty");
    refused(unit_file("empty-line", "\ns3cret\n"), "empty");
    refused(unit_file("long-pin", too_long), "longer");
    refused(unit_folder(), "not a regular file");
    refused("/nonexistent/pin", "cannot be read");
    struct sr_pin *pin = sr_pin_read(unit_file("longest-pin", longest), NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pin);
    CU_ASSERT_EQUAL(pin->length, SR_PIN_MAX);
    sr_pin_free(pin);
    CU_ASSERT_PTR_NULL(sr_pin_new(too_long, SR_PIN_MAX + 1));
    sr_pin_free(NULL);
}

CU_TestInfo pin_tests[] = {
    {"the first line is the PIN", the_first_line_is_the_pin},
    {"a file that others can read is refused", a_file_that_others_can_read_is_refused},
    {"a file of somebody else is refused", a_file_of_somebody_else_is_refused},
    {"what is no PIN is refused", what_is_no_pin_is_refused},
    CU_TEST_INFO_NULL,
};
