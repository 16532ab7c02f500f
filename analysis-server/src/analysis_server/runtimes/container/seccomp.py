"""The system calls that plugins in containers may make, as the seccomp profile that the engine is given.

It begins with what Docker allows 64-bit programs without capabilities by default, and leaves out what let a
plugin out of other fences, or reached what no namespace holds (tried on 2026-11-25, see decision 32):
programs for 32 bits, whose calls pass by the filter of `socket`; io_uring, which makes calls that no filter
sees; looking into other processes; IPC of System V and its queues; all kinds of sockets but local ones, the
internet's and the routing tables'. `mknod` stays: without capabilities it makes pipes only.
"""

from __future__ import annotations

import json
from typing import Any, Final

_ALLOW: Final = "SCMP_ACT_ALLOW"
_ERRNO: Final = "SCMP_ACT_ERRNO"
_EPERM, _ENOSYS = 1, 38

_NEW_NAMESPACES: Final = 0x7E020000
"""All flags of `clone` that make a namespace."""
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_NETLINK_ROUTE: Final = 0
_LINUX, _ASK = 0, 0xFFFFFFFF

_NAMES: Final = """
    access faccessat faccessat2 chdir fchdir getcwd chmod fchmod fchmodat fchmodat2 chown fchown
    fchownat lchown creat open openat openat2 close close_range dup dup2 dup3 fcntl flock ioctl umask
    stat fstat lstat newfstatat statx statfs fstatfs cachestat read readv pread64 preadv preadv2 write
    writev pwrite64 pwritev pwritev2 lseek copy_file_range sendfile splice tee vmsplice fallocate
    fadvise64 readahead truncate ftruncate sync syncfs fsync fdatasync sync_file_range link linkat
    symlink symlinkat readlink readlinkat rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir
    mknod mknodat getdents getdents64 utime utimes utimensat futimesat getxattr lgetxattr fgetxattr
    listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch

    accept accept4 bind connect listen shutdown getpeername getsockname getsockopt setsockopt recvfrom
    recvmsg recvmmsg sendto sendmsg sendmmsg

    select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
    eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime pipe pipe2
    io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents

    brk mmap munmap mprotect mremap madvise mincore msync mlock mlock2 mlockall munlock munlockall
    memfd_create memfd_secret mseal map_shadow_stack pkey_alloc pkey_free pkey_mprotect membarrier

    fork vfork execve execveat exit exit_group wait4 waitid set_tid_address set_robust_list
    get_robust_list futex futex_waitv futex_wait futex_wake futex_requeue rseq restart_syscall
    arch_prctl prctl kill tkill tgkill pause alarm sigaltstack pidfd_open pidfd_send_signal
    process_mrelease rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo getpid getppid gettid getpgid getpgrp getsid setpgid
    setsid getuid geteuid getresuid getgid getegid getresgid getgroups setuid setgid setreuid setregid
    setresuid setresgid setfsuid setfsgid setgroups capget capset seccomp landlock_create_ruleset
    landlock_add_rule landlock_restrict_self

    getrlimit setrlimit prlimit64 getrusage getpriority setpriority ioprio_get ioprio_set sysinfo uname
    times sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam
    sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min
    sched_rr_get_interval getcpu getrandom

    time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep adjtimex clock_adjtime
    getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_settime
"""
ALLOWED: Final = tuple(_NAMES.split())
"""Calls whatever their arguments. Names that a kernel or machine does not have are passed over."""


def _rule(name: str, *arguments: tuple[int, int], action: str = _ALLOW) -> dict[str, Any]:
    """Return the rule for a call whose arguments, by position, have these values."""
    compared = [{"index": at, "value": value, "op": "SCMP_CMP_EQ"} for at, value in arguments]
    return {"names": [name], "action": action, "args": compared}


def _rules() -> list[dict[str, Any]]:
    no_namespace = {"index": 0, "value": _NEW_NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    return [
        {"names": ALLOWED, "action": _ALLOW},
        *(_rule("personality", (0, value)) for value in (_LINUX, _ASK)),
        *(_rule("socket", (0, family)) for family in (_AF_UNIX, _AF_INET, _AF_INET6)),
        _rule("socket", (0, _AF_NETLINK), (2, _NETLINK_ROUTE)),
        _rule("socketpair", (0, _AF_UNIX)),
        {"names": ["clone"], "action": _ALLOW, "args": [no_namespace]},
        # Its flags lie in memory, where no filter sees them. C libraries turn to `clone` when told so.
        {"names": ["clone3"], "action": _ERRNO, "errnoRet": _ENOSYS},
    ]


def _profile() -> dict[str, Any]:
    return {
        "defaultAction": _ERRNO,
        "defaultErrnoRet": _EPERM,
        "archMap": [
            {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []},
            {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []},
        ],
        "syscalls": _rules(),
    }


SECCOMP_PROFILE: Final = json.dumps(_profile(), separators=(",", ":"))
"""The profile as the engine's API takes it: its whole text, about 5 kB."""
