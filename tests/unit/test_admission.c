/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/admission.h"
#include "unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sr_admitted lines[] = {
    {.group = false, .id = 1000, .right = SR_RIGHT_USE},
    {.group = true, .id = 50, .right = SR_RIGHT_USE},
    {.group = true, .id = 60, .right = SR_RIGHT_MANAGE},
};
static const struct sr_socket_config socket_config = {.name = (char *)"s",
                                                      .path = (char *)"/s",
                                                      .admitted = lines,
                                                      .admitted_count = sizeof(lines) / sizeof(lines[0])};

static void who_is_not_named_is_not_admitted(void)
{
    struct sr_peer root = {.pid = 1, .uid = 0, .gid = 0};
    struct sr_peer namesake = {.pid = 1, .uid = 50, .gid = 1000}; /* numbers of the other kind */
    CU_ASSERT_EQUAL(sr_admission(&socket_config, &root), SR_RIGHT_NONE);
    CU_ASSERT_EQUAL(sr_admission(&socket_config, &namesake), SR_RIGHT_NONE);
}

static void the_strongest_line_counts(void)
{
    struct sr_peer user = {.pid = 1, .uid = 1000, .gid = 1000};
    CU_ASSERT_EQUAL(sr_admission(&socket_config, &user), SR_RIGHT_USE);
    user.gid = 60;
    CU_ASSERT_EQUAL(sr_admission(&socket_config, &user), SR_RIGHT_MANAGE);
    struct sr_peer member = {.pid = 1, .uid = 2000, .gid = 2000, .groups = {50}, .group_count = 1};
    CU_ASSERT_EQUAL(sr_admission(&socket_config, &member), SR_RIGHT_USE);
}

static void groups_are_the_connecting_process_s(void)
{
    int pair[2];
    struct sr_peer me = {.pid = getpid(), .uid = getuid(), .gid = getgid()};
    struct sr_peer other = {.pid = getppid(), .uid = getuid(), .gid = getgid()};
    struct sr_peer dropped = {.pid = getpid(), .uid = getuid() + 1, .gid = getgid()};
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    CU_ASSERT_TRUE(sr_peer_complete(pair[0], &me));
    CU_ASSERT_EQUAL(me.group_count, (size_t)getgroups(0, NULL));
    CU_ASSERT_FALSE(sr_peer_complete(pair[0], &other));
    /* Who dropped its user after connecting has not kept the groups of the other one. */
    CU_ASSERT_TRUE(sr_peer_complete(pair[0], &dropped));
    CU_ASSERT_EQUAL(dropped.group_count, 0);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static struct sr_admitted permission_lines[] = {
    {.group = false, .id = 1000, .permission = "session.sign"},
    {.group = true, .id = 50, .permission = "session"},
    {.group = false, .id = 2000, .right = SR_RIGHT_MANAGE},
    {.group = false, .id = 3000, .right = SR_RIGHT_USE},
};
static const struct sr_socket_config with_permissions = {.name = (char *)"s",
                                                         .path = (char *)"/s",
                                                         .admitted = permission_lines,
                                                         .admitted_count = sizeof(permission_lines) /
                                                                           sizeof(permission_lines[0])};

/* PEER has exactly the permissions of LIST, which ends with NULL. */
static void has_exactly(const struct sr_peer *peer, const char *const *list)
{
    for (const char *const *p = sr_permissions; *p != NULL; p++) {
        bool expected = false;
        for (const char *const *l = list; *l != NULL; l++)
            expected = expected || strcmp(*l, *p) == 0;
        CU_ASSERT_EQUAL(sr_admission_permits(&with_permissions, peer, *p), expected);
    }
}

static void a_permission_is_given_by_itself_or_its_group(void)
{
    static const char *const one[] = {"session.sign", NULL};
    static const char *const both[] = {"session.sign", "session.verify", NULL};
    struct sr_peer user = {.pid = 1, .uid = 1000, .gid = 1000};
    struct sr_peer member = {.pid = 1, .uid = 4000, .gid = 4000, .groups = {50}, .group_count = 1};
    has_exactly(&user, one);
    has_exactly(&member, both);
    CU_ASSERT_FALSE(sr_admission_permits(&with_permissions, &member, "sessions.sign"));
    CU_ASSERT_FALSE(sr_admission_permits(&with_permissions, &user, "session.signs"));
    CU_ASSERT_FALSE(sr_admission_permits(&with_permissions, &user, "session"));
}

static void a_right_to_manage_is_none_to_use_families(void)
{
    static const char *const families[] = {"family.manage", "family.list", NULL};
    static const char *const none[] = {NULL};
    struct sr_peer manager = {.pid = 1, .uid = 2000, .gid = 2000};
    struct sr_peer user = {.pid = 1, .uid = 3000, .gid = 3000};
    struct sr_peer root = {.pid = 1, .uid = 0, .gid = 0};
    has_exactly(&manager, families);
    has_exactly(&user, none);
    has_exactly(&root, none);
}

static void a_permission_admits_and_is_no_right(void)
{
    struct sr_peer user = {.pid = 1, .uid = 1000, .gid = 1000};
    struct sr_peer root = {.pid = 1, .uid = 0, .gid = 0};
    CU_ASSERT_TRUE(sr_admission_admits(&with_permissions, &user));
    CU_ASSERT_EQUAL(sr_admission(&with_permissions, &user), SR_RIGHT_NONE);
    CU_ASSERT_FALSE(sr_admission_admits(&with_permissions, &root));
    user.uid = 3000;
    CU_ASSERT_TRUE(sr_admission_admits(&with_permissions, &user));
    CU_ASSERT_EQUAL(sr_admission(&with_permissions, &user), SR_RIGHT_USE);
}

CU_TestInfo admission_tests[] = {
    {"who is not named is not admitted", who_is_not_named_is_not_admitted},
    {"the strongest line counts", the_strongest_line_counts},
    {"a permission is given by itself or its group", a_permission_is_given_by_itself_or_its_group},
    {"a right to manage is none to use families", a_right_to_manage_is_none_to_use_families},
    {"a permission admits and is no right", a_permission_admits_and_is_no_right},
    {"groups are the connecting process's", groups_are_the_connecting_process_s},
    CU_TEST_INFO_NULL,
};
