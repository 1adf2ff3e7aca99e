/* Work that is done as the daemon's user: files that root makes in the token's folder, the daemon could not
 * read, and in a folder that belongs to somebody else root had better not remove any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "init.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool become(const struct sr_init_plan *plan)
{
    if (plan->uid == geteuid())
        return true;
    if (initgroups(plan->user, plan->gid) == 0 && setgid(plan->gid) == 0 && setuid(plan->uid) == 0)
        return true;
    sr_say("this process cannot become the user %s: %s", plan->user, strerror(errno));
    return false;
}

bool sr_as_daemon(const struct sr_init_plan *plan, bool (*work)(const void *arg), const void *arg)
{
    int status;
    pid_t pid = fork();

    if (pid < 0) {
        sr_say("no process can be started: %s", strerror(errno));
        return false;
    }
    if (pid == 0) {
        (void)umask(S_IRWXG | S_IRWXO);
        /* _exit: the module's clean-up at exit is known to crash, and there is nothing to flush. */
        _exit(become(plan) && work(arg) ? EXIT_OK : EXIT_FAILED);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) {
            sr_say("the process that makes the token is lost: %s", strerror(errno));
            return false;
        }
    if (WIFSIGNALED(status))
        sr_say("the process that makes the token ended by signal %d", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_OK;
}
