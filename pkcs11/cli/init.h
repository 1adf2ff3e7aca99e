/* strongroom init: what is to be made, and the steps.
 *
 * Each step says itself, on standard error, why it failed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STRONGROOM_CLI_INIT_H
#define STRONGROOM_CLI_INIT_H

#include <stdbool.h>
#include <sys/types.h>

/* Random hexadecimal digits: 192 bits. */
#define SR_NEW_PIN_SIZE 49

struct sr_init_plan {
    const char *label;
    const char *module;
    const char *config_dir;
    const char *state_dir;
    const char *run_dir;
    const char *user; /* the daemon's, who owns the token and reads the PIN */
    uid_t uid;
    gid_t gid;
    char *self; /* the user who runs this */
    char *use;  /* lists as in strongroomd.conf */
    char *manage;

    char *daemon_conf; /* sr_init_make sets these, from the folders above */
    char *softhsm_conf;
    char *pin_file;
    char *so_pin_file;
    char *token_dir;
    char *registry;
    char *audit;
};

/* Makes everything: folders where they are missing, PIN files, configuration, token. Overwrites nothing; on
 * failure nothing of it stays behind. */
bool sr_init_make(struct sr_init_plan *plan);

void sr_init_plan_free(struct sr_init_plan *plan);

/* Fills PIN. False where the kernel has no random bytes. The caller cleanses it. */
bool sr_new_pin(char pin[SR_NEW_PIN_SIZE]);

/* Runs WORK(ARG) in a child process that has become the daemon's user (with umask 077), and waits for it. The
 * result is WORK's; false as well where the child cannot become that user or does not end by itself. Where
 * the daemon's user is this process's own, nothing but the process changes. */
bool sr_as_daemon(const struct sr_init_plan *plan, bool (*work)(const void *arg), const void *arg);

struct sr_new_token {
    const struct sr_init_plan *plan;
    const char *pin;
    const char *so_pin;
};

/* Makes the token with its two PINs: loads SoftHSM into this process, so it runs in a child. ARG is a struct
 * sr_new_token. */
bool sr_init_token(const void *arg);

/* The texts of the two configuration files; to be freed with free(), NULL when out of memory. */
char *sr_init_softhsm_conf(const struct sr_init_plan *plan);
char *sr_init_daemon_conf(const struct sr_init_plan *plan);

#endif
