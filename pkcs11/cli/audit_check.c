/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_check.h"
#include "cli.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINES_FIRST 4096

static bool is_wanted(const struct sr_audit_check *check, const char *name)
{
    for (size_t i = 0; i < check->wanted_count; i++)
        if (strcmp(check->wanted[i], name) == 0)
            return true;
    return check->wanted_count == 0;
}

static bool is_value(const char *text)
{
    return strlen(text) == SR_CHAIN_HEX && strspn(text, "0123456789abcdef") == SR_CHAIN_HEX;
}

/* Who signed the tip, where somebody did. */
static bool tip_signed_well(const struct sr_audit_check *check, const json_t *tip)
{
    const char *point = sr_text(tip, "public");
    const char *signature = sr_text(tip, "signature");
    char name[SR_CHAIN_HEX + 1];

    if (*signature == '\0' && check->wanted_count == 0)
        return true;
    if (!sr_point_name(point, name) || !is_wanted(check, name) ||
        !sr_signature_good(point, (unsigned long long)check->tip_line, check->tip_value, signature)) {
        sr_say("the tip %s is not signed%s, or was changed", check->tip_path,
               check->wanted_count > 0 ? " by the key that is wanted" : "");
        return false;
    }
    return true;
}

bool sr_audit_check_begin(struct sr_audit_check *check)
{
    json_error_t error;

    for (size_t i = 0; i < check->wanted_count; i++)
        if (!is_value(check->wanted[i])) {
            sr_say("--key: \"%s\" is no name of a key, which has 64 digits of 0-9 and a-f", check->wanted[i]);
            return false;
        }
    if (check->tip_path == NULL)
        return true;
    json_t *tip = strcmp(check->tip_path, "-") == 0 ? json_loadf(stdin, 0, &error)
                                                    : json_load_file(check->tip_path, 0, &error);
    const char *value = sr_text(tip, "chain");
    bool ok = is_value(value) && sr_number(tip, "line", 0) > 0;
    if (!ok) {
        sr_say("%s is no tip, as \"strongroom audit tip\" prints it%s%s", check->tip_path,
               tip == NULL ? ": " : "", tip == NULL ? error.text : "");
    } else {
        (void)snprintf(check->tip_value, sizeof(check->tip_value), "%s", value);
        (void)snprintf(check->tip_time, sizeof(check->tip_time), "%s", sr_text(tip, "time"));
        check->tip_line = sr_number(tip, "line", 0);
        ok = tip_signed_well(check, tip);
    }
    json_decref(tip);
    return ok;
}

void sr_audit_check_end(struct sr_audit_check *check)
{
    free(check->values);
}

/* Checkpoints look back at what was before them in their file. */
static bool remember(struct sr_audit_check *check, const struct sr_chain *chain)
{
    if (chain->number >= check->room) {
        size_t room = check->room == 0 ? LINES_FIRST : check->room * 2;
        while (room <= chain->number)
            room *= 2;
        char(*more)[SR_CHAIN_HEX] = reallocarray(check->values, room, sizeof(*more));
        if (more == NULL) {
            sr_say("out of memory");
            return false;
        }
        memset(more + check->room, 0, (room - check->room) * sizeof(*more));
        check->values = more;
        check->room = room;
    }
    if (chain->number == 1)
        memset(check->values, 0, check->room * sizeof(*check->values));
    memcpy(check->values[chain->number], chain->value, SR_CHAIN_HEX);
    return true;
}

/* A line of strongroomd's own that names the key whose signatures follow. */
static bool name_key(struct sr_audit_check *check, const json_t *line, const struct sr_chain *chain,
                     const char *path)
{
    const char *point = sr_text(line, "public");
    char name[SR_CHAIN_HEX + 1];

    if (*point == '\0')
        return true;
    if (!sr_point_name(point, name)) {
        sr_say("%s, line %zu: what it names is no key", path, chain->number);
        return false;
    }
    if (!is_wanted(check, name)) {
        sr_say("%s, line %zu: its key is %s, which is not the one that is wanted", path, chain->number, name);
        return false;
    }
    if (strcmp(check->name, name) != 0)
        check->names++;
    (void)snprintf(check->point, sizeof(check->point), "%s", point);
    memcpy(check->name, name, sizeof(name));
    return true;
}

static bool check_point(struct sr_audit_check *check, const json_t *line, const struct sr_chain *chain,
                        const char *path)
{
    const char *value = sr_text(line, "value");
    long long at = sr_number(line, "line", 0);

    if (strcmp(sr_text(line, "result"), "ok") != 0)
        return true;
    if (check->point[0] == '\0' || strcmp(sr_text(line, "public-key"), check->name) != 0) {
        sr_say("%s, line %zu: a checkpoint of a key that the log does not name before", path, chain->number);
        return false;
    }
    if (at <= 0 || (size_t)at >= chain->number || !is_value(value) ||
        memcmp(check->values[at], value, SR_CHAIN_HEX) != 0 ||
        !sr_signature_good(check->point, (unsigned long long)at, value, sr_text(line, "signature"))) {
        sr_say("%s, line %zu: the checkpoint is not the key's: the log was made anew, or changed", path,
               chain->number);
        return false;
    }
    check->checkpoints++;
    check->unsigned_lines = chain->number - (size_t)at - 1;
    return true;
}

static bool check_own(struct sr_audit_check *check, const struct sr_chain *chain, const char *path)
{
    json_t *line = json_loadb(chain->line, chain->length, 0, NULL);
    const char *operation = sr_text(line, "operation");
    bool ok = true;

    if (line == NULL) {
        sr_say("%s, line %zu: is no JSON", path, chain->number);
        ok = false;
    } else if (strcmp(operation, "audit.begin") == 0 || strcmp(operation, "audit.start") == 0) {
        ok = name_key(check, line, chain, path);
    } else if (strcmp(operation, "audit.checkpoint") == 0) {
        ok = check_point(check, line, chain, path);
    }
    json_decref(line);
    return ok;
}

bool sr_audit_check_line(struct sr_audit_check *check, const struct sr_chain *chain, const char *path)
{
    static const char own[] = ",\"operation\":\"audit.";

    if (!remember(check, chain))
        return false;
    check->lines++;
    check->unsigned_lines++;
    if (check->tip_path != NULL && memcmp(chain->value, check->tip_value, SR_CHAIN_HEX) == 0)
        check->tip_found = (size_t)check->tip_line == chain->number;
    if (memmem(chain->line, chain->length, own, sizeof(own) - 1) == NULL)
        return true;
    return check_own(check, chain, path);
}

int sr_audit_check_result(const struct sr_audit_check *check)
{
    if (check->tip_path != NULL && !check->tip_found) {
        sr_say(
            "line %lld of %s, whose chain is %s, is not there: the log was cut off before it, or made anew "
            "(or its file is one that was set aside and is not named here)",
            check->tip_line, check->tip_time, check->tip_value);
        return EXIT_FAILED;
    }
    if (check->wanted_count > 0 && check->checkpoints == 0) {
        sr_say("there is no checkpoint of the key that is wanted");
        return EXIT_FAILED;
    }
    if (check->tip_path != NULL && sr_print("the tip of %s is in it", check->tip_time) != EXIT_OK)
        return EXIT_FAILED;
    if (check->checkpoints == 0)
        return sr_print("no checkpoint is signed");
    if (check->names > 1 && sr_print("%zu keys have signed, one after the other", check->names) != EXIT_OK)
        return EXIT_FAILED;
    return sr_print("%zu checkpoints, key %s; %zu lines behind what is signed", check->checkpoints,
                    check->name, check->unsigned_lines);
}
