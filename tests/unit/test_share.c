/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/share.h"
#include "unit.h"

#include <string.h>

static const struct sr_config config = {.max_connections = 10, .max_connections_per_user = 6};
static const struct sr_socket_config service = {.name = "service"};
static const struct sr_socket_config admin = {.name = "admin", .administration = true};

/* How many of TRIES connections UID gets; the words for the first that it does not get contain SAYS. */
static int take(const struct sr_socket_config *socket, uid_t uid, int tries, const char *says)
{
    struct sr_why why = {""};
    int taken = 0;
    while (taken < tries && sr_share_take(&config, socket, uid, &why))
        taken++;
    CU_ASSERT_TRUE(taken == tries || strstr(why.text, says) != NULL);
    return taken;
}

static void give(const struct sr_socket_config *socket, uid_t uid, int count)
{
    while (count-- > 0)
        sr_share_give(socket, uid);
}

static void nobody_takes_all(void)
{
    CU_ASSERT_EQUAL(take(&service, 1, 100, "uid 1 has 6 connections open"), 6);
    CU_ASSERT_EQUAL(take(&service, 2, 100, "10 connections are open"), 4);
    CU_ASSERT_EQUAL(take(&service, 3, 1, "(max-connections)"), 0);
    give(&service, 1, 1);
    CU_ASSERT_EQUAL(take(&service, 3, 1, ""), 1);
    CU_ASSERT_EQUAL(take(&service, 1, 1, "(max-connections)"), 0);
    give(&service, 1, 5);
    give(&service, 2, 4);
    give(&service, 3, 1);
}

static void administrators_have_their_own(void)
{
    CU_ASSERT_EQUAL(take(&service, 1, 6, ""), 6);
    CU_ASSERT_EQUAL(take(&service, 2, 4, ""), 4);
    CU_ASSERT_EQUAL(take(&admin, 1, 100, "for administration"), SR_SHARE_ADMINISTRATION);
    give(&admin, 1, 1);
    CU_ASSERT_EQUAL(take(&admin, 0, 2, "for administration"), 1);
    give(&admin, 1, SR_SHARE_ADMINISTRATION);
    give(&service, 1, 6);
    give(&service, 2, 4);
}

static void what_is_given_back_can_be_taken(void)
{
    for (int round = 0; round < 3; round++) {
        /* More users than there are connections, one after the other. */
        for (uid_t uid = 0; uid < 100; uid++) {
            CU_ASSERT_EQUAL(take(&service, uid, 2, ""), 2);
            give(&service, uid, 2);
        }
        for (uid_t uid = 0; uid < 10; uid++)
            CU_ASSERT_EQUAL(take(&service, uid, 1, ""), 1);
        CU_ASSERT_EQUAL(take(&service, 50, 1, "10 connections are open"), 0);
        for (uid_t uid = 0; uid < 10; uid++)
            give(&service, uid, 1);
    }
}

CU_TestInfo share_tests[] = {
    {"nobody takes all connections", nobody_takes_all},
    {"administrators have their own", administrators_have_their_own},
    {"what is given back can be taken", what_is_given_back_can_be_taken},
    CU_TEST_INFO_NULL,
};
