/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listener.h"
#include "daemon/connection.h"
#include "daemon/reload.h"
#include "daemon/share.h"
#include "daemon/turn_away.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* Credentials come with every message from here on; accepted sockets inherit it (unix(7)). */
static bool want_credentials(int fd)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0;
}

static int passed_by_systemd(const struct sr_socket_config *socket)
{
    int count = sd_listen_fds(0);
    for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++)
        if (sd_is_socket_unix(fd, SOCK_STREAM, 1, socket->path, 0) > 0)
            return fd;
    return -1;
}

/* Removes the socket of a daemon that is gone: one that nobody listens on. */
static bool remove_stale(const struct sockaddr_un *address, struct sr_why *why)
{
    struct stat st;
    if (lstat(address->sun_path, &st) != 0)
        return true;
    if (!S_ISSOCK(st.st_mode)) {
        sr_why_set(why, "%s exists and is no socket; move it away or choose another path", address->sun_path);
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        sr_why_set(why, "no socket can be made: %s", strerror(errno));
        return false;
    }
    bool alive =
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno != ECONNREFUSED;
    (void)close(fd);
    if (alive) {
        sr_why_set(why, "%s is in use: another strongroomd runs", address->sun_path);
        return false;
    }
    if (unlink(address->sun_path) != 0) {
        sr_why_set(why, "the stale socket %s cannot be removed: %s", address->sun_path, strerror(errno));
        return false;
    }
    return true;
}

static int make_socket(const struct sr_socket_config *config, struct sr_why *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(config->path) >= sizeof(address.sun_path)) {
        sr_why_set(why, "[%s] path is longer than the %zu bytes that a Unix socket may have", config->name,
                   sizeof(address.sun_path) - 1);
        return -1;
    }
    memcpy(address.sun_path, config->path, strlen(config->path) + 1);
    if (!remove_stale(&address, why))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Nobody may connect between bind and chmod. */
    mode_t before = umask(0777);
    bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    (void)umask(before);
    if (!bound || chmod(config->path, config->mode) != 0 || listen(fd, SOMAXCONN) != 0) {
        sr_why_set(why, "the socket %s cannot be made: %s", config->path, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return -1;
    }
    return fd;
}

int sr_listen(const struct sr_socket_config *socket, struct sr_why *why)
{
    int fd = passed_by_systemd(socket);
    if (fd < 0)
        fd = make_socket(socket, why);
    if (fd >= 0 && !want_credentials(fd)) {
        sr_why_set(why, "the socket %s cannot tell its clients' credentials: %s", socket->path,
                   strerror(errno));
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static void accept_one(struct sr_daemon *daemon, size_t place, int listener)
{
    /* Only this thread replaces it (sr_reload). */
    const struct sr_config *current = daemon->current.config;
    const struct sr_socket_config *config = &current->sockets[place];
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
            sr_log(SR_LOG_ERROR, "a connection on %s cannot be accepted: %s", config->path, strerror(errno));
            struct timespec pause = {.tv_nsec = 100L * 1000 * 1000};
            (void)nanosleep(&pause, NULL);
        }
        return;
    }
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        (void)close(fd);
        return;
    }
    struct sr_why why = {""};
    if (sr_share_take(current, config, peer.uid, &why))
        sr_connection_start(daemon, place, fd, peer.uid);
    else
        sr_turn_away(fd, config, peer.uid, &why);
}

/* Was the signal that came SIGHUP? Then the configuration was read again. */
static bool hung_up(struct sr_daemon *daemon, int signals)
{
    struct signalfd_siginfo signal;

    if (read(signals, &signal, sizeof(signal)) != sizeof(signal) || signal.ssi_signo != SIGHUP)
        return false;
    (void)sd_notify(0, "RELOADING=1");
    sr_reload(daemon);
    (void)sd_notify(0, "READY=1");
    return true;
}

void sr_accept_loop(struct sr_daemon *daemon, const int *listeners, int stop_fd)
{
    size_t count = daemon->config->socket_count;
    struct pollfd *fds = calloc(count + 1, sizeof(*fds));
    if (fds == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
    fds[count] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
    while (fds[count].revents == 0 || hung_up(daemon, stop_fd)) {
        if (poll(fds, count + 1, -1) < 0) {
            fds[count].revents = 0;
            continue;
        }
        for (size_t i = 0; i < count; i++)
            if (fds[i].revents != 0)
                accept_one(daemon, i, listeners[i]);
    }
    free(fds);
}
