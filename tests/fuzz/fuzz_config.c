/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's target: a policy file, strongroomd.conf. What is read must be whole; what is refused must say
 * why. */
#include "daemon/config.h"
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

volatile unsigned char sr_fuzz_sink;

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
