/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's target: a policy file, strongroomd.conf. What is read must be whole; what is refused must say
 * why. */
#include "daemon/config.h"
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

volatile unsigned char sr_fuzz_sink;

/* A rule's patterns, against what is and what is not like them. */
static void look_at_rule(const struct sr_rule *rule)
{
    static unsigned char text[] = "tls:web-1";
    struct sr_bytes bytes = {sizeof(text) - 1, text};
    struct sr_subject some = {bytes, bytes, bytes, CKO_PRIVATE_KEY, false};
    struct sr_subject none = {{0, NULL}, {0, NULL}, {0, NULL}, CK_UNAVAILABLE_INFORMATION, true};

    demand(rule->name != NULL && rule->client_count > 0);
    touch(rule->clients, rule->client_count * sizeof(*rule->clients));
    touch(rule->mechanisms, rule->mechanism_count * sizeof(*rule->mechanisms));
    for (size_t i = 0; i < rule->key_count; i++) {
        demand(rule->keys[i].text != NULL);
        sr_fuzz_sink ^= sr_pattern_match(&rule->keys[i], &some);
        sr_fuzz_sink ^= sr_pattern_match(&rule->keys[i], &none);
    }
}

static void look_at(const struct sr_config *config)
{
    demand(config->token_count > 0 && config->socket_count > 0);
    demand(config->max_connections > 0 && config->max_connections_per_user > 0);
    demand(config->jobs_token < config->token_count);
    for (size_t i = 0; i < config->token_count; i++) {
        const struct sr_token_config *t = &config->tokens[i];
        demand(t->name != NULL && t->module != NULL && t->label != NULL && t->pin_file != NULL);
        demand(t->max_sessions > 0);
    }
    for (size_t i = 0; i < config->socket_count; i++) {
        const struct sr_socket_config *s = &config->sockets[i];
        demand(s->name != NULL && s->path != NULL && (!s->administration || s->mode == 0600));
        touch(s->admitted, s->admitted_count * sizeof(*s->admitted));
    }
    for (size_t i = 0; i < config->rule_count; i++)
        look_at_rule(&config->rules[i]);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const char include[] = ".include"; /* a file may name others: not ones of this machine */
    char path[64];
    struct sr_why why = {""};

    if (memmem(data, size, include, sizeof(include) - 1) != NULL)
        return 0;
    int fd = memfd_create("strongroomd.conf", MFD_CLOEXEC);
    demand(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct sr_config *config = sr_config_read(path, &why);
    if (config != NULL)
        look_at(config);
    else
        demand(why.text[0] != '\0' && memchr(why.text, '\0', sizeof(why.text)) != NULL);
    sr_config_free(config);
    (void)clearenv();
    (void)close(fd);
    return 0;
}
