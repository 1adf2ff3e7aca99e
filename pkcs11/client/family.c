/* Families of keys.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/handle.h"

enum strongroom_result strongroom_family_create(strongroom *h, const char *family, long long rotate,
                                                long long grace, struct strongroom_error *error)
{
    const struct sr_create_request request = {
        .family = sr_client_string(family), .rotate = (CK_ULONG)rotate, .grace = (CK_ULONG)grace};

    if (rotate < 0 || grace < 0)
        return sr_client_fail(error, STRONGROOM_INVALID, "making the family: a negative duration");
    return sr_client_ask(h, "making the family", SR_CALL_FAMILY_CREATE, &request, NULL, error);
}

enum strongroom_result strongroom_family_rotate(strongroom *h, const char *family, unsigned long seen,
                                                unsigned flags, unsigned long *version,
                                                struct strongroom_error *error)
{
    const struct sr_rotate_request request = {
        .family = sr_client_string(family),
        .seen = seen,
        .flags = (flags & STRONGROOM_FORCE ? SR_ROTATE_FORCE : 0) |
                 (flags & STRONGROOM_DRY_RUN ? SR_ROTATE_DRY_RUN : 0),
    };
    struct sr_version_reply reply = {0};

    *version = 0;
    if (flags & ~(unsigned)(STRONGROOM_FORCE | STRONGROOM_DRY_RUN))
        return sr_client_fail(error, STRONGROOM_INVALID, "rotating: unknown flags 0x%x", flags);
    enum strongroom_result result =
        sr_client_ask(h, "rotating", SR_CALL_FAMILY_ROTATE, &request, &reply, error);
    *version = reply.version;
    return result;
}

enum strongroom_result strongroom_family_revoke(strongroom *h, const char *family, unsigned long *version,
                                                struct strongroom_error *error)
{
    const struct sr_family_request request = {sr_client_string(family)};
    struct sr_version_reply reply = {0};
    enum strongroom_result result =
        sr_client_ask(h, "revoking", SR_CALL_FAMILY_REVOKE, &request, &reply, error);
    *version = reply.version;
    return result;
}

enum strongroom_result strongroom_family_destroy(strongroom *h, const char *family, unsigned long version,
                                                 unsigned flags, struct strongroom_error *error)
{
    const struct sr_version_request request = {sr_client_string(family), version,
                                               flags & STRONGROOM_FORCE ? SR_DESTROY_FORCE : 0};

    if (flags & ~(unsigned)STRONGROOM_FORCE)
        return sr_client_fail(error, STRONGROOM_INVALID, "destroying: unknown flags 0x%x", flags);
    return sr_client_ask(h, "destroying the version", SR_CALL_FAMILY_DESTROY, &request, NULL, error);
}

enum strongroom_result strongroom_family_list(strongroom *h, char **json, struct strongroom_error *error)
{
    return sr_client_ask_text(h, "listing the families", SR_CALL_FAMILY_LIST, NULL, json, error);
}

enum strongroom_result strongroom_family_show(strongroom *h, const char *family, char **json,
                                              struct strongroom_error *error)
{
    const struct sr_family_request request = {sr_client_string(family)};
    return sr_client_ask_text(h, "looking at the family", SR_CALL_FAMILY_SHOW, &request, json, error);
}

enum strongroom_result strongroom_family_history(strongroom *h, const char *family, char **json,
                                                 struct strongroom_error *error)
{
    const struct sr_family_request request = {sr_client_string(family != NULL ? family : "")};
    return sr_client_ask_text(h, "reading the history", SR_CALL_FAMILY_HISTORY, &request, json, error);
}
