/* A client's login as a token's security officer: the daemon's own record of it, as the sessions are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "daemon/client.h"

/* Under the client's lock. PKCS#11 v3.0 §5.6.8 */
static CK_RV may_become(const struct sr_client *client, size_t token)
{
    if (client->officer.pin != NULL)
        return client->officer.token == token ? CKR_USER_ALREADY_LOGGED_IN
                                              : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    for (size_t i = 0; i < client->sessions.count; i++) {
        const struct sr_client_session *s = client->sessions.at[i];
        if (s != NULL && s->token == token && !(s->flags & CKF_RW_SESSION))
            return CKR_SESSION_READ_ONLY_EXISTS;
    }
    return CKR_OK;
}

CK_RV sr_client_may_become_officer(struct sr_client *client, size_t token)
{
    (void)pthread_mutex_lock(&client->lock);
    CK_RV rv = may_become(client, token);
    (void)pthread_mutex_unlock(&client->lock);
    return rv;
}

CK_RV sr_client_become_officer(struct sr_client *client, size_t token, struct sr_pin *pin)
{
    (void)pthread_mutex_lock(&client->lock);
    CK_RV rv = may_become(client, token);
    if (rv == CKR_OK) {
        client->officer.token = token;
        client->officer.pin = pin;
        pin = NULL;
    }
    (void)pthread_mutex_unlock(&client->lock);
    sr_pin_free(pin);
    return rv;
}

bool sr_client_is_officer(const struct sr_client *client, size_t token)
{
    return client->officer.pin != NULL && client->officer.token == token;
}

struct sr_pin *sr_client_officer_pin(struct sr_client *client, size_t token)
{
    struct sr_pin *copy = NULL;
    (void)pthread_mutex_lock(&client->lock);
    if (sr_client_is_officer(client, token))
        copy = sr_pin_new(client->officer.pin->value, client->officer.pin->length);
    (void)pthread_mutex_unlock(&client->lock);
    return copy;
}

void sr_client_set_officer_pin(struct sr_client *client, size_t token, struct sr_pin *pin)
{
    (void)pthread_mutex_lock(&client->lock);
    if (sr_client_is_officer(client, token)) {
        sr_pin_free(client->officer.pin);
        client->officer.pin = pin;
        pin = NULL;
    }
    (void)pthread_mutex_unlock(&client->lock);
    sr_pin_free(pin);
}

/* Under the client's lock. */
static void end(struct sr_client *client, size_t token)
{
    if (!sr_client_is_officer(client, token))
        return;
    sr_pin_free(client->officer.pin);
    client->officer.pin = NULL;
}

void sr_client_end_officer(struct sr_client *client, size_t token)
{
    (void)pthread_mutex_lock(&client->lock);
    end(client, token);
    (void)pthread_mutex_unlock(&client->lock);
}

void sr_client_end_idle_officer(struct sr_client *client, size_t token)
{
    for (size_t i = 0; i < client->sessions.count; i++) {
        const struct sr_client_session *s = client->sessions.at[i];
        if (s != NULL && s->token == token)
            return;
    }
    end(client, token);
}
