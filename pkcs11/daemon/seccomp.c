/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/seccomp.h"

#include "daemon/log.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

bool sr_seccomp_start(enum sr_seccomp mode, struct sr_why *why)
{
    (void)why;
    if (mode != SR_SECCOMP_NO)
        sr_log(SR_LOG_INFO, "system calls are not filtered: this build has a sanitizer");
    return true;
}

#else

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* glibc names its memory */
#endif

/* What strongroomd, its libraries and a token's module in software do: files, memory, threads, Unix sockets.
 * By name, for libraries and kernels know different ones; glibc of Debian 12 and 13 use different sets. */
static const char *const allowed[] = {
    /* files */
    "access", "chdir", "chmod", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3",
    "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2",
    "fchown", "fcntl", "fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate", "getcwd", "getdents",
    "getdents64", "lseek", "link", "linkat", "lstat", "mkdir", "mkdirat", "newfstatat", "open", "openat",
    "openat2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead",
    "readlink", "readlinkat", "readv", "rename", "renameat", "renameat2", "rmdir", "sendfile", "stat",
    "statfs", "statx", "sync_file_range", "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat",
    "utimes", "futimesat", "write", "writev", "_llseek", "fcntl64", "fstat64", "fstatat64", "fstatfs64",
    "ftruncate64", "lstat64", "stat64", "statfs64", "truncate64",
    /* memory; what makes it executable is below */
    "brk", "madvise", "map_shadow_stack", "memfd_create", "mincore", "mlock", "mlock2", "mlockall", "mremap",
    "mseal", "msync", "munlock", "munlockall", "munmap",
    /* threads and time; new threads are below, and clone3 fails by deny_clone3 */
    "clock_getres", "clock_gettime", "clock_nanosleep", "clone3", "exit", "exit_group", "futex",
    "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "get_robust_list", "getcpu", "getitimer",
    "getpriority", "gettimeofday", "membarrier", "nanosleep", "pause", "restart_syscall", "rseq",
    "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
    "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr",
    "sched_getparam", "sched_getscheduler", "sched_setaffinity", "sched_yield", "set_robust_list",
    "set_tid_address", "sigaltstack", "sigreturn", "tgkill", "time", "timer_create", "timer_delete",
    "timer_gettime", "timer_settime", "clock_gettime64", "clock_nanosleep_time64", "futex_time64",
    "rt_sigtimedwait_time64", "ugetrlimit",
    /* waiting */
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd",
    "eventfd2", "pipe", "pipe2", "poll", "ppoll", "pselect6", "select", "signalfd", "signalfd4",
    "timerfd_create", "timerfd_gettime", "timerfd_settime", "wait4", "waitid", "ppoll_time64",
    "pselect6_time64", "_newselect",
    /* sockets; which ones is below */
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom",
    "recvmmsg", "recvmsg", "send", "recv", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
    /* who and where we are */
    "getegid", "geteuid", "getgid", "getgroups", "getpgid", "getpgrp", "getpid", "getppid", "getrandom",
    "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "gettid", "getuid", "kill", "sysinfo",
    "times", "uname"};

/* What nobody makes but who has taken the process over, or wants to. */
static const char *const deadly[] = {
    /* other programs, and others' memory */
    "execve", "execveat", "kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev",
    "ptrace", "userfaultfd",
    /* the kernel */
    "bpf", "delete_module", "finit_module", "init_module", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "ioperm", "iopl", "kexec_file_load", "kexec_load", "perf_event_open", "reboot",
    "swapoff", "swapon",
    /* where we are */
    "chroot", "fsopen", "mount", "move_mount", "open_by_handle_at", "open_tree", "pivot_root", "setns",
    "umount", "umount2", "unshare",
    /* who we are */
    "add_key", "capset", "keyctl", "request_key", "setfsgid", "setfsuid", "setgid", "setgroups", "setregid",
    "setresgid", "setresuid", "setreuid", "setuid"};

/* Names that this version of the library does not know are left out. */
static int add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        if (number != __NR_SCMP_ERROR)
            error = seccomp_rule_add(filter, action, number, 0);
        if (error == -EDOM) /* a call of other machines only */
            error = 0;
    }
    return error;
}

/* One call, allowed where an argument's bits under MASK are VALUE. */
struct allowance {
    int call;
    unsigned argument;
    scmp_datum_t mask;
    scmp_datum_t value;
};

#define ALL_BITS ((scmp_datum_t)UINT32_MAX)

static int add_allowances(scmp_filter_ctx filter)
{
    const scmp_datum_t wx = PROT_WRITE | PROT_EXEC;
    const struct allowance rows[] = {
        /* Threads, and no processes. */
        {SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
        /* Libraries' code is mapped, never written: not both at once, and nothing made executable later. */
        {SCMP_SYS(mmap), 2, wx, 0},
        {SCMP_SYS(mmap), 2, wx, PROT_WRITE},
        {SCMP_SYS(mmap), 2, wx, PROT_EXEC},
        {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
        {SCMP_SYS(socket), 0, ALL_BITS, AF_UNIX},
        {SCMP_SYS(socketpair), 0, ALL_BITS, AF_UNIX},
        /* Is it a terminal, how much is there to read: not what drives a device. */
        {SCMP_SYS(ioctl), 1, ALL_BITS, TCGETS},
        {SCMP_SYS(ioctl), 1, ALL_BITS, 0x802c542a /* TCGETS2 */},
        {SCMP_SYS(ioctl), 1, ALL_BITS, FIONREAD},
        {SCMP_SYS(ioctl), 1, ALL_BITS, FIONBIO},
        {SCMP_SYS(prctl), 0, ALL_BITS, PR_SET_NAME},
        {SCMP_SYS(prctl), 0, ALL_BITS, PR_GET_NAME},
        {SCMP_SYS(prctl), 0, ALL_BITS, PR_GET_DUMPABLE},
        {SCMP_SYS(prctl), 0, ALL_BITS, PR_SET_VMA},
        {SCMP_SYS(prlimit64), 2, (scmp_datum_t)-1, 0}, /* reads, and sets nothing */
    };
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rows[i].call, 1,
                                 SCMP_CMP(rows[i].argument, SCMP_CMP_MASKED_EQ, rows[i].mask, rows[i].value));
    return error;
}

/* A filter before the other one, so that the kernel does not log each thread that is started: glibc starts
 * them by clone where clone3, whose arguments a filter does not see, is not there. */
static int deny_clone3(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int error = filter != NULL ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    if (error == 0)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}

static int fill(scmp_filter_ctx filter, enum sr_seccomp mode)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    /* No code of others' runs here that would have to be kept from measuring ours; older kernels would slow
     * down the whole process. */
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    if (error == 0) /* refused calls stand in the kernel's audit log */
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    if (error == 0)
        error = add_names(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
    if (error == 0)
        error = add_allowances(filter);
    if (error == 0 && mode == SR_SECCOMP_YES) /* what a library without IPv6, say, would be told */
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                 SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    if (error == 0 && mode == SR_SECCOMP_YES)
        error = add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0]));
    return error;
}

bool sr_seccomp_start(enum sr_seccomp mode, struct sr_why *why)
{
    int error = -ENOMEM;

    if (mode == SR_SECCOMP_NO) {
        sr_log(SR_LOG_WARNING, "system calls are not filtered: seccomp = no");
        return true;
    }
    scmp_filter_ctx filter = seccomp_init(mode == SR_SECCOMP_YES ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_LOG);
    if (filter != NULL)
        error = fill(filter, mode);
    if (error == 0)
        error = deny_clone3();
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    if (error != 0) {
        sr_why_set(why, "system calls cannot be filtered: %s; \"seccomp = no\" goes without",
                   strerror(-error));
        return false;
    }
    sr_log(SR_LOG_INFO, mode == SR_SECCOMP_YES ? "system calls are filtered"
                                               : "system calls are logged and not refused: seccomp = log");
    return true;
}

#endif
