/* What would be allowed: the policy's answer for a user who need not be there.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/attributes.h"
#include "cryptoki/names.h"
#include "cryptoki/uri.h"
#include "daemon/custody.h"
#include "daemon/custody_switch.h"
#include "daemon/work.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 4096

/* What a client asked, understood. */
struct test {
    const char *user;
    const char *uri;
    const char *socket; /* "": any */
    enum sr_operation operation;
    struct sr_peer peer;
    P11KitUri *parsed;
    char label[sizeof(((CK_TOKEN_INFO *)NULL)->label)]; /* of the token; without its end */
    struct sr_subject subject;
    struct sr_question question;
};

static CK_RV invalid(struct sr_work *work, const char *what, const char *value, const char *advice)
{
    return sr_explain(work, SR_CKR_JOB(SR_CODE_INVALID), "%s \"%.200s\": %s", what, value, advice);
}

/* The text as a string in scratch memory; NULL where it is too long or has a zero byte in it. */
static const char *string_of(struct sr_work *work, const struct sr_bytes *bytes)
{
    if (bytes->length > WORD_MAX || (bytes->length > 0 && memchr(bytes->data, '\0', bytes->length) != NULL))
        return NULL;
    char *copy = sr_scratch_get(&work->scratch, bytes->length + 1);
    if (copy == NULL)
        return NULL;
    if (bytes->length > 0)
        memcpy(copy, bytes->data, bytes->length);
    copy[bytes->length] = '\0';
    return copy;
}

/* The user's ids, as a process of that user has them after a login. A number without a name has no groups. */
static bool find_user(struct test *test)
{
    char room[16384];
    struct passwd entry;
    struct passwd *found = NULL;
    char *end;
    int count = SR_GROUPS_MAX;

    errno = 0;
    unsigned long uid = strtoul(test->user, &end, 10);
    bool number = *test->user >= '0' && *test->user <= '9' && *end == '\0' && errno == 0 && uid < (uid_t)-1;
    if (number)
        (void)getpwuid_r((uid_t)uid, &entry, room, sizeof(room), &found);
    else
        (void)getpwnam_r(test->user, &entry, room, sizeof(room), &found);
    if (found == NULL) {
        test->peer.uid = (uid_t)uid;
        test->peer.gid = (gid_t)-1;
        return number;
    }
    test->peer.uid = found->pw_uid;
    test->peer.gid = found->pw_gid;
    if (getgrouplist(found->pw_name, found->pw_gid, test->peer.groups, &count) >= 0)
        test->peer.group_count = (size_t)count;
    return true;
}

/* The URI as the description of one key. */
static bool describe(struct sr_work *work, struct test *test, struct sr_why *why)
{
    const struct sr_config *tokens = work->daemon->config;
    const CK_ATTRIBUTE *a;
    size_t n;

    if (!sr_uri_parse(test->uri, &test->parsed, why))
        return false;
    const CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(test->parsed);
    size_t length = strnlen((const char *)info->label, sizeof(info->label));
    while (length > 0 && info->label[length - 1] == ' ')
        length--;
    memcpy(test->label, info->label, length);
    if (length == 0 && tokens->token_count == 1) {
        length = strnlen(tokens->tokens[0].label, sizeof(test->label));
        memcpy(test->label, tokens->tokens[0].label, length);
    }
    if (length == 0) {
        sr_why_set(why, "strongroomd has several tokens: name one of them with token=");
        return false;
    }
    sr_uri_template(test->parsed, &a, &n);
    const CK_ATTRIBUTE *label = sr_attribute_find(a, n, CKA_LABEL);
    const CK_ATTRIBUTE *id = sr_attribute_find(a, n, CKA_ID);
    test->subject.token = (struct sr_bytes){.length = length, .data = (unsigned char *)test->label};
    if (label != NULL)
        test->subject.label = (struct sr_bytes){.length = label->ulValueLen, .data = label->pValue};
    if (id != NULL)
        test->subject.id = (struct sr_bytes){.length = id->ulValueLen, .data = id->pValue};
    test->subject.class = sr_attribute_ulong(sr_attribute_find(a, n, CKA_CLASS), CK_UNAVAILABLE_INFORMATION);
    return true;
}

static bool needs_no_key(enum sr_operation operation)
{
    return operation == SR_OPERATION_DIGEST || operation == SR_OPERATION_RANDOM ||
           operation == SR_OPERATION_SEED;
}

static CK_RV understand(struct sr_work *work, const struct sr_policy_test_request *r, struct test *test)
{
    const char *operation = string_of(work, &r->operation);
    const char *mechanism = string_of(work, &r->mechanism);
    struct sr_why why = {""};

    test->user = string_of(work, &r->user);
    test->uri = string_of(work, &r->uri);
    test->socket = string_of(work, &r->socket);
    if (operation == NULL || mechanism == NULL || test->user == NULL || test->uri == NULL ||
        test->socket == NULL)
        return sr_explain(work, SR_CKR_JOB(SR_CODE_INVALID), "a word is too long, or has a zero byte in it");
    test->operation = sr_operation_named(operation);
    if (test->operation == SR_OPERATION_NONE)
        return invalid(work, "the operation", operation, "there is none; strongroomd.conf(5) lists them");
    if (!find_user(test))
        return invalid(work, "the user", test->user, "there is none of that name on this machine");
    test->question.mechanism = CK_UNAVAILABLE_INFORMATION;
    if (*mechanism != '\0' && !sr_mechanism_named(mechanism, &test->question.mechanism))
        return invalid(work, "the mechanism", mechanism,
                       "it is not known by name; write its number, as in 0x80000001");
    if (!describe(work, test, &why))
        return invalid(work, "the key", test->uri, why.text);
    if (!needs_no_key(test->operation)) {
        test->question.subject = &test->subject;
        test->question.on_token = true;
        test->question.made =
            test->operation == SR_OPERATION_GENERATE || test->operation == SR_OPERATION_CREATE;
    }
    return CKR_OK;
}

/* Why a client of the socket is refused although lines allow the operation; NULL: it is not. */
static const char *against(const struct test *test, const struct sr_asker *asker)
{
    enum sr_operation op = test->operation;
    struct sr_question question = test->question;
    struct sr_grant grant;
    bool key = test->subject.class == CKO_PRIVATE_KEY || test->subject.class == CKO_SECRET_KEY;

    if (question.subject == NULL)
        return NULL;
    if (op != SR_OPERATION_FIND && op != SR_OPERATION_READ &&
        sr_custody_reserved(test->subject.label.data, test->subject.label.length))
        return "the key belongs to a job (custody rule 5)";
    if (op == SR_OPERATION_CREATE && key && sr_custody_on(asker->config, SR_CUSTODY_IMPORT) &&
        !sr_policy_imports(asker, &question, &grant))
        return "keys of plain bytes are not imported without \"import = yes\" (custody rule 3)";
    question.mechanism = CK_UNAVAILABLE_INFORMATION;
    if (!question.made && !sr_policy_grant(asker, &question, SR_OPERATION_FIND, &grant))
        return "no line gives \"find\" of the key, so it is not there for this user";
    return NULL;
}

/* Why no line allows it, where that is not simply so. */
static const char *hint(const struct test *test, const struct sr_asker *asker)
{
    struct sr_question question = test->question;
    struct sr_subject subject = test->subject;
    struct sr_grant grant;

    question.mechanism = CK_UNAVAILABLE_INFORMATION;
    if (test->question.mechanism != CK_UNAVAILABLE_INFORMATION &&
        sr_policy_grant(asker, &question, test->operation, &grant))
        return "; with other mechanisms it is allowed";
    subject.any_class = true;
    question.subject = &subject;
    if (test->question.subject != NULL && test->subject.class == CK_UNAVAILABLE_INFORMATION &&
        sr_policy_grant(asker, &question, test->operation, &grant))
        return "; it depends on the key's type, which the URI does not name (type=private, secret-key, "
               "public)";
    return "";
}

static CK_RV answer_with(struct sr_work *work, struct sr_policy_test_reply *answer, bool allowed,
                         const char *text)
{
    answer->allowed = allowed;
    return sr_work_bytes(work, text, strlen(text), &answer->text);
}

static void where(const struct sr_grant *grant, const char *socket, const char *file, char *text, size_t size)
{
    if (grant->line > 0)
        (void)snprintf(text, size, "[%s] %s, line %u of %s, on the socket [%s]", grant->section, grant->key,
                       grant->line, file, socket);
    else
        (void)snprintf(text, size, "[%s] %s of %s, on the socket [%s]", grant->section, grant->key, file,
                       socket);
}

static CK_RV decide(struct sr_work *work, const struct test *test, struct sr_policy_test_reply *answer)
{
    const struct sr_config *config = work->config;
    const char *reason = NULL;
    const char *more = "";
    char text[1024];
    bool asked = false;

    for (size_t i = 0; i < config->socket_count; i++) {
        const struct sr_asker asker = {config, i, &test->peer};
        struct sr_grant grant;
        if (*test->socket != '\0' && strcmp(test->socket, config->sockets[i].name) != 0)
            continue;
        asked = true;
        if (!sr_policy_grant(&asker, &test->question, test->operation, &grant)) {
            more = *more == '\0' ? hint(test, &asker) : more;
            continue;
        }
        reason = against(test, &asker);
        if (reason != NULL)
            continue;
        where(&grant, config->sockets[i].name, work->daemon->file, text, sizeof(text));
        return answer_with(work, answer, true, text);
    }
    if (!asked)
        return invalid(work, "the socket", test->socket,
                       "the configuration has no socket's section of that name");
    if (reason != NULL)
        return answer_with(work, answer, false, reason);
    (void)snprintf(text, sizeof(text), "no line of %s gives uid %u \"%s\"%s%.400s%s%s%s%s",
                   work->daemon->file, (unsigned)test->peer.uid, sr_operation_name(test->operation),
                   test->question.subject != NULL ? " of " : "",
                   test->question.subject != NULL ? test->uri : "", *test->socket != '\0' ? " on [" : "",
                   test->socket, *test->socket != '\0' ? "]" : "", more);
    return answer_with(work, answer, false, text);
}

CK_RV sr_handle_policy_test(struct sr_work *work, const void *request, void *reply)
{
    struct test test = {.parsed = NULL};

    CK_RV rv = understand(work, request, &test);
    if (rv == CKR_OK)
        rv = decide(work, &test, reply);
    p11_kit_uri_free(test.parsed);
    return rv;
}
