/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/current.h"

void sr_current_begin(struct sr_current *current, struct sr_config *config)
{
    (void)pthread_mutex_init(&current->lock, NULL);
    (void)atomic_fetch_add(&config->refs, 1);
    config->generation = 1;
    current->config = config;
    atomic_store(&current->generation, 1);
}

void sr_current_end(struct sr_current *current)
{
    if (current->config == NULL)
        return;
    sr_config_free(current->config);
    current->config = NULL;
    (void)pthread_mutex_destroy(&current->lock);
}

struct sr_config *sr_current_take(struct sr_current *current)
{
    (void)pthread_mutex_lock(&current->lock);
    struct sr_config *config = current->config;
    (void)atomic_fetch_add(&config->refs, 1);
    (void)pthread_mutex_unlock(&current->lock);
    return config;
}

void sr_current_follow(struct sr_current *current, struct sr_config **held)
{
    if (atomic_load_explicit(&current->generation, memory_order_acquire) == (*held)->generation)
        return;
    sr_config_free(*held);
    *held = sr_current_take(current);
}

void sr_current_set(struct sr_current *current, struct sr_config *config)
{
    (void)pthread_mutex_lock(&current->lock);
    struct sr_config *old = current->config;
    config->generation = old->generation + 1;
    current->config = config;
    atomic_store(&current->generation, config->generation);
    (void)pthread_mutex_unlock(&current->lock);
    sr_config_free(old);
}
