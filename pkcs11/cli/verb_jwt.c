/* strongroom jwt sign and verify
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "input.h"
#include "options.h"
#include "output.h"
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_ALG "HS256"
#define FAMILY_ARGUMENT "the family's name"

static const char sign_help[] =
    "Usage: strongroom jwt sign FAMILY --claims JSON [OPTION]...\n\n"
    "Prints a JWT (RFC 7519) with these claims. FAMILY is \"web\" or \"session:web\".\n\n"
    "  --claims JSON  an object; \"-\": what stands on standard input, at most 256 KiB\n"
    "  --alg ALG      HS256 or HS512; default: " DEFAULT_ALG "\n" SR_COMMON_HELP;

static const char verify_help[] = "Usage: strongroom jwt verify FAMILY [JWT] [OPTION]...\n\n"
                                  "Checks a JWT, its signature and of its claims exp, nbf and iat, and "
                                  "prints the claims. Without JWT it is\n"
                                  "read from standard input. Exit status: 0 good, 1 not good, 2 called "
                                  "wrongly, 4 could not be checked.\n\n" SR_COMMON_HELP;

/* To be freed with free(); NULL after a failure, which was said. */
static char *given_or_read(const char *text, const char *what)
{
    if (text == NULL)
        return sr_read_text(what);
    char *copy = strdup(text);
    if (copy == NULL)
        sr_say("out of memory");
    return copy;
}

int sr_verb_jwt_sign(int argc, char **argv)
{
    const char *claims_option = NULL;
    const char *alg = DEFAULT_ALG;
    const struct sr_form form = {.verb = "jwt sign",
                                 .help = sign_help,
                                 .options = {{"claims", &claims_option, NULL}, {"alg", &alg, NULL}},
                                 .arguments = {FAMILY_ARGUMENT}};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *family = NULL;
    char *claims = NULL;
    char *jwt = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    if (claims_option == NULL) {
        sr_say("jwt sign: --claims is missing");
        return sr_usage(form.verb);
    }
    exit_status = EXIT_FAILED;
    family = sr_session_family(given.arguments[0]);
    if (family != NULL)
        claims = given_or_read(strcmp(claims_option, "-") == 0 ? NULL : claims_option, "the claims");
    if (claims == NULL)
        goto out;

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_jwt_sign(daemon, family, alg, claims, &jwt, &error);
    if (result != STRONGROOM_OK)
        exit_status = sr_failed(form.verb, result, &error);
    else if (given.json)
        exit_status = sr_print_json(json_pack("{s:s}", "jwt", jwt), false);
    else
        exit_status = sr_print("%s", jwt);
out:
    free(family);
    free(claims);
    free(jwt);
    strongroom_close(daemon);
    return exit_status;
}

static int print_claims(const char *claims, bool json)
{
    if (!json)
        return sr_print("%s", claims);
    json_t *value = sr_answer(claims);
    if (value == NULL)
        return EXIT_FAILED;
    return sr_print_json(json_pack("{s:b, s:n, s:o}", "good", 1, "reason", "claims", value), false);
}

int sr_verb_jwt_verify(int argc, char **argv)
{
    const struct sr_form form = {
        .verb = "jwt verify", .help = verify_help, .arguments = {FAMILY_ARGUMENT, "the JWT"}, .optional = 1};
    struct sr_given given;
    strongroom *daemon = NULL;
    char *family = NULL;
    char *jwt = NULL;
    char *claims = NULL;
    struct strongroom_error error;
    int exit_status;

    if (!sr_options_read(argc, argv, &form, &given, &exit_status))
        return exit_status;
    exit_status = EXIT_UNDECIDED;
    family = sr_session_family(given.arguments[0]);
    jwt = family != NULL ? given_or_read(given.arguments[1], "the JWT") : NULL;
    if (jwt == NULL)
        goto out;

    enum strongroom_result result = strongroom_open(given.socket, &daemon, &error);
    if (result == STRONGROOM_OK)
        result = strongroom_jwt_verify(daemon, family, jwt, &claims, &error);
    exit_status = sr_verdict(&form, &given, result, &error);
    if (result == STRONGROOM_OK)
        exit_status = sr_verdict_printed(print_claims(claims, given.json));
out:
    free(family);
    free(jwt);
    free(claims);
    strongroom_close(daemon);
    return exit_status;
}
