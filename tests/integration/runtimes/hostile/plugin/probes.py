"""A plugin that tries to get out, each try in a process of its own, and tells how far each came.

Its input names the tries with their arguments. Of each the answer says what it came back with (`done`), the
error that it was refused with (`refused`), or the signal that ended it (`killed`). What it is to `keep` it
does itself, and then stays. For machines of the kind x86-64.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
TRY_S = 20
TOKEN = os.environ.get("TOKEN", "")
"""Stands in the command lines of what is left behind."""

NAMESPACES = {
    "mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
    "pid": 0x20000000, "net": 0x40000000, "time": 0x80,
}  # fmt: skip
SYSCALLS = {
    "ptrace": (101, 16, 1, 0, 0), "process_vm_readv": (310, 1, 0, 0, 0, 0, 0), "pidfd_getfd": (438, 0, 0, 0),
    "add_key": (248, b"user", b"name", b"x", 1, -3), "keyctl": (250, 0, -3, 1),
    "request_key": (249, b"user", b"name", None, -3),
    "bpf": (321, 5, None, 0), "perf_event_open": (298, ctypes.create_string_buffer(128), 0, -1, -1, 0),
    "userfaultfd": (323, 0), "io_uring_setup": (425, 8, ctypes.create_string_buffer(120)),
    "open_by_handle_at": (304, -100, ctypes.create_string_buffer(128), 0),
    "name_to_handle_at": (303, -100, b"/", ctypes.create_string_buffer(128), bytes(8), 0),
    "mount": (165, b"none", b"/tmp", b"tmpfs", 0, None), "umount": (166, b"/tmp", 2),
    "fsopen": (430, b"tmpfs", 0), "open_tree": (428, -100, b"/", 1), "pivot_root": (155, b"/tmp", b"/tmp"),
    "chroot": (161, b"/tmp"), "clone of a user namespace": (56, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0),
    "clone3": (435, ctypes.create_string_buffer(88), 88), "setuid": (105, 0), "setgroups": (116, 1, bytes(4)),
    "init_module": (175, b"", 0, b""), "kexec_load": (246, 0, 0, None, 0), "iopl": (172, 3),
    "syslog": (103, 3, ctypes.create_string_buffer(64), 64), "quotactl": (179, 0, None, 0, None),
    "settimeofday": (164, b"\0" * 16, None), "sethostname": (170, b"x", 1), "swapon": (167, b"/tmp/x", 0),
    "msgget": (68, 0, 0o1600), "shmget": (29, 0, 4096, 0o1600), "semget": (64, 0, 1, 0o1600),
    "mq_open": (240, b"queue", 0o102, 0o600, None), "modify_ldt": (154, 0, None, 0),
    "personality without random addresses": (135, 0x40000),
}  # fmt: skip


def syscall(*arguments: Any) -> int:
    result = LIBC.syscall(*[ctypes.c_long(each) if isinstance(each, int) else each for each in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def call(name: str) -> int:
    return syscall(*SYSCALLS[name])


def connect(host: str, port: int) -> str:
    with socket.create_connection((host, port), timeout=1.5) as connection:
        return connection.recv(64).decode()


def reach(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def serve_oneself() -> str:
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    listener.accept()[0].sendall(b"welcome")
    return client.recv(64).decode()


def serve(port: int) -> None:
    """Greet whoever connects, in a process that stays."""
    listener = socket.create_server(("", port))
    if os.fork():
        return
    while True:
        connection, _ = listener.accept()
        connection.sendall(b"welcome")
        connection.close()


def look_up(name: str) -> str:
    return str(socket.getaddrinfo(name, 80)[0][4][0])


def open_socket(family: int, kind: int, protocol: int = 0) -> None:
    socket.socket(family, kind, protocol).close()


def ask_as_32_bit() -> int:
    """Ask for the process id as a program for 32 bits does: `mov eax, 20; int 0x80; ret`."""
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))())


def unshare(name: str) -> None:
    syscall(272, NAMESPACES[name])


def enter(name: str) -> None:
    with Path(f"/proc/1/ns/{name}").open() as namespace:
        syscall(308, namespace.fileno(), 0)


def write(path: str, text: str) -> str:
    Path(path).write_text(text)
    return Path(path).read_text()


def read(path: str) -> str:
    return Path(path).read_bytes()[:4096].decode(errors="replace").replace("\0", " ")


def exists(path: str) -> bool:
    return Path(path).exists()


def listing(path: str) -> list[str]:
    return sorted(each.name for each in Path(path).iterdir())


def make_node(path: str, kind: int, major: int = 0, minor: int = 0) -> None:
    os.mknod(path, kind | 0o666, os.makedev(major, minor))


def run_program(*command: str) -> str:
    read_end, write_end = os.pipe()
    child = os.posix_spawn(
        command[0], list(command), dict(os.environ), file_actions=[(os.POSIX_SPAWN_DUP2, write_end, 1)]
    )
    os.close(write_end)
    told = os.read(read_end, 65536).decode()
    os.waitpid(child, 0)
    return told


def fill(folder: str, mib: int) -> int:
    """Write a file until nothing more fits, and return how many bytes that were."""
    path, written = Path(folder, "large"), 0
    path.touch()
    try:
        with path.open("wb", buffering=0) as file:
            for _ in range(mib):
                written += file.write(bytes(1024 * 1024))
    except OSError as error:
        return written if error.errno == errno.ENOSPC else -1
    finally:
        path.unlink(missing_ok=True)
    return written


def fill_with_files(folder: str, count: int) -> int:
    """Make empty files until none can be made, and return how many that were."""
    made = 0
    try:
        for made in range(count):
            os.close(os.open(f"{folder}/{made}", os.O_CREAT | os.O_WRONLY))
    except OSError as error:
        return made if error.errno == errno.ENOSPC else -1
    finally:
        for number in range(made):
            Path(folder, str(number)).unlink()
    return made


def fork_all(most: int) -> int:
    """Start processes until none can be started, and return how many that were."""
    children = []
    try:
        for _ in range(most):
            child = os.fork()
            if not child:
                signal.pause()
            children.append(child)
    except OSError:
        pass
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return len(children)


def take_what_a_user_has() -> None:
    """Take all inotify instances and all memory for pipes that one user may have."""
    instances: list[int] = []
    while len(instances) < 1000:
        try:
            instances.append(inotify())
        except OSError:
            break
    pipes: list[tuple[int, int]] = []
    while len(pipes) < 100:
        pipes.append(os.pipe())
        try:
            fcntl.fcntl(pipes[-1][1], fcntl.F_SETPIPE_SZ, 1024 * 1024)
        except OSError:
            break


def inotify() -> int:
    return syscall(294, 0)


def pipe_bytes() -> int:
    return fcntl.fcntl(os.pipe()[0], fcntl.F_GETPIPE_SZ)


def environments() -> list[str]:
    """Return the environments of all processes that can be seen."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found.append(path.read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def status() -> dict[str, str]:
    pairs = (line.partition(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {name: value.strip() for name, _, value in pairs}


def end_all() -> None:
    """Kill whatever may be killed."""
    os.kill(-1, signal.SIGKILL)


def stay() -> None:
    """Ignore what can be ignored, leave children of all kinds behind, and stop."""
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(number, signal.SIG_IGN)
    for _ in range(2):
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            os.execve(sys.executable, [sys.executable, "-c", f"import time; {TOKEN!r}; time.sleep(600)"], {})
    os.kill(os.getpid(), signal.SIGSTOP)


def hog_processors(count: int, wall_s: float) -> float:
    """Compute in many processes and return the processor seconds that all of them got, for one second."""
    for _ in range(count):
        if not os.fork():
            until = time.monotonic() + wall_s
            while time.monotonic() < until:
                pass
            os._exit(0)
    began = time.monotonic()
    for _ in range(count):
        os.wait()
    used = os.times()
    return (used.children_user + used.children_system) / (time.monotonic() - began)


def hog_memory(how: str) -> None:
    hoard: list[Any] = []
    while True:
        if how == "heap":
            hoard.append(os.urandom(1024) * 4096)
        elif how == "memfd":
            hoard.append(os.memfd_create("x"))
            os.write(hoard[-1], bytes(4 * 1024 * 1024))
        elif how == "children":
            hoard.append(os.fork())
            if not hoard[-1]:
                mine = os.urandom(1024) * 16384
                signal.pause()
                os._exit(len(mine))
        else:
            hoard.append(socket.socketpair())
            for end in hoard[-1]:
                end.setblocking(False)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * 1024 * 1024)
                try:
                    while True:
                        end.send(bytes(65536))
                except BlockingIOError:
                    continue


def flood(descriptor: int) -> None:
    while True:
        os.write(descriptor, b"y" * 65535 + b"\n")


def bomb() -> None:
    """Fork without end."""
    while True:
        try:
            os.fork()
        except OSError:
            continue


def user() -> list[int]:
    return [os.getuid(), os.getgid(), *os.getgroups()]


TRIES: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        call, connect, reach, serve_oneself, serve, look_up, open_socket, ask_as_32_bit, unshare, enter,
        write, read, exists, listing, make_node, run_program, fill, fill_with_files, fork_all,
        take_what_a_user_has, inotify, pipe_bytes, environments, status, end_all, stay, hog_processors,
        hog_memory, flood, bomb, user,
    )
}  # fmt: skip


def attempt(name: str, arguments: Sequence[Any]) -> dict[str, Any]:
    try:
        return {"done": TRIES[name](*arguments)}
    except OSError as error:
        # Errors of name resolution have numbers of their own.
        return {"refused": errno.errorcode.get(error.errno or 0, str(error))}


def attempt_apart(name: str, arguments: Sequence[Any]) -> dict[str, Any]:
    """Try in a process of its own: some tries end it."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(TRY_S)
        told = json.dumps(attempt(name, arguments)).encode()
        os.write(write_end, struct.pack("I", len(told)) + told)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as answers:
        head = answers.read(4)
        told = answers.read(struct.unpack("I", head)[0]) if head else b""
    _, how = os.waitpid(child, 0)
    if told:
        return dict(json.loads(told))
    return {"killed": signal.Signals(os.WTERMSIG(how)).name} if os.WIFSIGNALED(how) else {"ended": how}


def main() -> None:
    job = json.load(sys.stdin)
    answer = {key: attempt_apart(name, arguments) for key, (name, *arguments) in job["tries"].items()}
    for name, *arguments in job.get("keep", ()):
        attempt(name, arguments)
    if "keep" in job:
        print("holding", file=sys.stderr, flush=True)
        time.sleep(600)
    print(json.dumps({"answer": answer}))


if __name__ == "__main__":
    main()
