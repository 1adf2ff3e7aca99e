/* strongroom init
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "init.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAEMON_USER "strongroom"
#define WEB_USER "www-data"

static const char help[] =
    "Usage: strongroom init [OPTION]...\n\n"
    "Makes a SoftHSM token with random PINs, the files that hold them, and the daemon's configuration.\n"
    "Nothing that exists is overwritten.\n\n"
    "  --label LABEL     the token's name (default: strongroom)\n"
    "  --user USER       whom strongroomd will run as, and so the owner of the token and its PIN (default "
    "for root:\n"
    "                    " DAEMON_USER "; otherwise yourself, and nobody else)\n"
    "  --use WHO         user:NAME or group:NAME that may use keys; may be repeated (default: yourself, for "
    "root also\n"
    "                    user:" WEB_USER " where there is one)\n"
    "  --manage WHO      who may also make and destroy keys; may be repeated (default: yourself)\n"
    "  --config-dir DIR  default: /etc/strongroom\n"
    "  --state-dir DIR   for the token; default: /var/lib/strongroom\n"
    "  --run-dir DIR     for the daemon's sockets; default: /run/strongroom\n"
    "  --softhsm PATH    SoftHSM's module (default: where Debian keeps it)\n";

static const char *find_softhsm(void)
{
    static const char *const places[] = {
        "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

/* Values go into configuration files, where other characters may mean something. */
static bool is_plain(const char *what, const char *value, const char *allowed)
{
    for (const char *c = value; *c != '\0'; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              strchr(allowed, *c) != NULL)) {
            sr_say("%s \"%s\": letters, digits and any of \"%s\" only", what, value, allowed);
            return false;
        }
    if (*value == '\0')
        sr_say("%s is empty", what);
    return *value != '\0';
}

static bool is_path(const char *what, const char *value)
{
    if (*value == '/')
        return is_plain(what, value, "/._-+@");
    sr_say("%s \"%s\" is not an absolute path", what, value);
    return false;
}

static bool is_label(const char *value)
{
    size_t length = strlen(value);
    if (!is_plain("--label", value, " ._-+@"))
        return false;
    if (length <= 32 && value[0] != ' ' && value[length - 1] != ' ')
        return true;
    sr_say("--label \"%s\": a token's label has at most 32 bytes, and no blank at either end", value);
    return false;
}

static bool exists(bool group, const char *name)
{
    return group ? getgrnam(name) != NULL : getpwnam(name) != NULL;
}

/* Appends WHO to a list of strongroomd.conf. */
static bool admit(char **list, const char *option, const char *who)
{
    bool group = strncmp(who, "group:", 6) == 0;
    char *longer;

    if (!group && strncmp(who, "user:", 5) != 0) {
        sr_say("%s %s: write user:NAME or group:NAME", option, who);
        return false;
    }
    if (!is_plain(option, who, ":._-@") || !exists(group, strchr(who, ':') + 1)) {
        sr_say("%s %s: there is no such %s on this machine", option, who, group ? "group" : "user");
        return false;
    }
    if (asprintf(&longer, "%s%s%s", *list, **list != '\0' ? ", " : "", who) < 0) {
        sr_say("out of memory");
        return false;
    }
    free(*list);
    *list = longer;
    return true;
}

/* Completes a list that is empty with the user called NAME. */
static bool admit_default(char **list, const char *option, const char *name)
{
    char who[6 + 64];
    if (**list != '\0')
        return true;
    (void)snprintf(who, sizeof(who), "user:%s", name);
    return admit(list, option, who);
}

/* Who is admitted, where the options do not say. A web server reads its configuration as root, keys included,
 * and then uses them as another user. */
static bool choose_admitted(struct sr_init_plan *plan)
{
    bool web = geteuid() == 0 && *plan->use == '\0' && exists(false, WEB_USER);

    return admit_default(&plan->manage, "--manage", plan->self) &&
           admit_default(&plan->use, "--use", plan->self) &&
           (!web || admit(&plan->use, "--use", "user:" WEB_USER));
}

/* Whom the daemon runs as. */
static bool choose_user(struct sr_init_plan *plan)
{
    bool root = geteuid() == 0;

    if (plan->user == NULL)
        plan->user = root ? DAEMON_USER : plan->self;
    const struct passwd *pw = getpwnam(plan->user);
    if (pw == NULL) {
        sr_say("there is no user %s for strongroomd to run as: make it with \"useradd --system --user-group "
               "--no-create-home --shell /usr/sbin/nologin %s\", or name another with --user",
               plan->user, plan->user);
        return false;
    }
    if (!root && pw->pw_uid != geteuid()) {
        sr_say("only root can make a token for another user: leave --user out, or run this as root");
        return false;
    }
    if (pw->pw_uid == 0) {
        sr_say("strongroomd does not need root's rights: name a user of its own with --user");
        return false;
    }
    plan->uid = pw->pw_uid;
    plan->gid = pw->pw_gid;
    return true;
}

static bool check_paths(const struct sr_init_plan *plan)
{
    if (plan->module == NULL) {
        sr_say("SoftHSM's module is not where Debian keeps it: install the package softhsm2, or name the "
               "module with "
               "--softhsm");
        return false;
    }
    if (!is_label(plan->label) || !is_path("--softhsm", plan->module) ||
        !is_path("--config-dir", plan->config_dir) || !is_path("--state-dir", plan->state_dir) ||
        !is_path("--run-dir", plan->run_dir))
        return false;
    if (access(plan->module, R_OK) == 0)
        return true;
    sr_say("--softhsm %s cannot be read: %s", plan->module, strerror(errno));
    return false;
}

static void print_plan(const struct sr_init_plan *plan)
{
    (void)printf("token     \"%s\" in %s, for the user %s\n"
                 "PINs      %s (strongroomd reads it), %s (keep it elsewhere)\n"
                 "config    %s, %s\n"
                 "admitted  use: %s; manage: %s\n"
                 "\n"
                 "Next:\n"
                 "  strongroomd -c %s     as the user %s, or with systemd\n"
                 "  strongroom status --socket %s/admin\n"
                 "  strongroom key generate tls:www --type ec:P-256 --pem www.key --socket %s/admin\n",
                 plan->label, plan->token_dir, plan->user, plan->pin_file, plan->so_pin_file,
                 plan->daemon_conf, plan->softhsm_conf, plan->use, plan->manage, plan->daemon_conf,
                 plan->user, plan->run_dir, plan->run_dir);
}

/* Takes the options over. EXIT_OK; EXIT_USAGE after a message; *HELP where that was asked for. */
static int read_options(int argc, char **argv, struct sr_init_plan *plan, bool *wants_help)
{
    static const struct option options[] = {
        {"label", required_argument, NULL, 'l'},
        {"user", required_argument, NULL, 'u'},
        {"use", required_argument, NULL, 'e'},
        {"manage", required_argument, NULL, 'm'},
        {"config-dir", required_argument, NULL, 'c'},
        {"state-dir", required_argument, NULL, 's'},
        {"run-dir", required_argument, NULL, 'r'},
        {"softhsm", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        bool ok = true;
        switch (option) {
        case 'l':
            plan->label = optarg;
            break;
        case 'u':
            plan->user = optarg;
            break;
        case 'e':
            ok = admit(&plan->use, "--use", optarg);
            break;
        case 'm':
            ok = admit(&plan->manage, "--manage", optarg);
            break;
        case 'c':
            plan->config_dir = optarg;
            break;
        case 's':
            plan->state_dir = optarg;
            break;
        case 'r':
            plan->run_dir = optarg;
            break;
        case 'p':
            plan->module = optarg;
            break;
        case 'h':
            *wants_help = true;
            break;
        default:
            ok = false;
            break;
        }
        if (!ok)
            return EXIT_USAGE;
    }
    if (optind == argc)
        return EXIT_OK;
    sr_say("init takes no argument: \"%s\"", argv[optind]);
    return EXIT_USAGE;
}

int sr_verb_init(int argc, char **argv)
{
    const struct passwd *pw = getpwuid(geteuid());
    struct sr_init_plan plan = {
        .label = "strongroom",
        .module = find_softhsm(),
        .config_dir = "/etc/strongroom",
        .state_dir = "/var/lib/strongroom",
        .run_dir = "/run/strongroom",
        .self = pw != NULL ? strdup(pw->pw_name) : NULL,
        .use = strdup(""),
        .manage = strdup(""),
    };
    bool wants_help = false;
    int exit_status = EXIT_FAILED;

    if (plan.self == NULL || plan.use == NULL || plan.manage == NULL) {
        sr_say(pw == NULL ? "the user who runs this has no name on this machine" : "out of memory");
        goto out;
    }
    exit_status = read_options(argc, argv, &plan, &wants_help);
    if (exit_status != EXIT_OK || wants_help) {
        if (wants_help)
            (void)fputs(help, stdout);
        else
            (void)sr_usage("init");
        goto out;
    }
    if (!check_paths(&plan) || !choose_admitted(&plan) || !choose_user(&plan)) {
        exit_status = sr_usage("init");
        goto out;
    }
    exit_status = sr_init_make(&plan) ? EXIT_OK : EXIT_FAILED;
    if (exit_status == EXIT_OK)
        print_plan(&plan);
out:
    sr_init_plan_free(&plan);
    return exit_status;
}
