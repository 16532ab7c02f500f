"""No plugin gets at the kernel by what the kernel offers programs."""

from __future__ import annotations

import socket
import stat
from collections.abc import Callable

import pytest

from analysis_server.runtimes.plugin_users import CONTAINER_USERS
from tests.integration.runtimes.hostile.conftest import Told, Try
from tests.integration.runtimes.hostile.plugin.probes import NAMESPACES, SYSCALLS

pytestmark = pytest.mark.docker

AF_ALG, AF_VSOCK, AF_BLUETOOTH, AF_TIPC, AF_CAN = 38, 40, 31, 30, 29
ROUTE, SOCK_DIAG, XFRM, AUDIT, NETFILTER, UEVENT = 0, 4, 6, 9, 12, 15
RAW = socket.SOCK_RAW

SOCKETS = {
    "raw": (socket.AF_INET, RAW, 1), "raw of version 6": (socket.AF_INET6, RAW, 58),
    "packet": (socket.AF_PACKET, RAW), "vsock": (AF_VSOCK, socket.SOCK_STREAM),
    "crypto": (AF_ALG, socket.SOCK_SEQPACKET), "bluetooth": (AF_BLUETOOTH, RAW), "tipc": (AF_TIPC, RAW),
    "can": (AF_CAN, RAW), "diag": (socket.AF_NETLINK, RAW, SOCK_DIAG), "xfrm": (socket.AF_NETLINK, RAW, XFRM),
    "audit": (socket.AF_NETLINK, RAW, AUDIT), "netfilter": (socket.AF_NETLINK, RAW, NETFILTER),
    "uevent": (socket.AF_NETLINK, RAW, UEVENT),
}  # fmt: skip
USUAL_SOCKETS = {
    "stream": (socket.AF_INET, socket.SOCK_STREAM), "datagram": (socket.AF_INET6, socket.SOCK_DGRAM),
    "local": (socket.AF_UNIX, socket.SOCK_STREAM), "route": (socket.AF_NETLINK, RAW, ROUTE),
}  # fmt: skip
WRITES = {
    "/proc/sys/kernel/core_pattern": "|/tmp/x", "/proc/sys/kernel/randomize_va_space": "0",
    "/proc/sys/net/ipv4/ip_forward": "1", "/proc/sysrq-trigger": "b", "/proc/irq/default_smp_affinity": "1",
    "/sys/kernel/mm/transparent_hugepage/enabled": "never", "/sys/fs/cgroup/cgroup.procs": "1",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "-1", "/proc/self/uid_map": "0 0 1",
    "/proc/1/oom_score_adj": "-1000", "/proc/self/oom_score_adj": "-1000", "/etc/passwd": "x",
    "/app/probes.py": "x", "/usr/bin/x": "x",
}  # fmt: skip
MASKED = ["kallsyms", "config.gz", "cmdline", "interrupts", "kcore", "keys", "timer_list", "modules", "iomem"]

TRIES: dict[str, Try] = {
    **{f"call {name}": ("call", name) for name in SYSCALLS},
    **{f"unshare {name}": ("unshare", name) for name in NAMESPACES},
    **{f"enter {name}": ("enter", name) for name in ("net", "mnt", "user", "pid")},
    **{f"socket {name}": ("open_socket", *how) for name, how in {**SOCKETS, **USUAL_SOCKETS}.items()},
    **{f"write {path}": ("write", path, text) for path, text in WRITES.items()},
    **{f"read {name}": ("read", f"/proc/{name}") for name in MASKED},
    "32 bits": ("ask_as_32_bit",),
    "setuid program": ("run_program", "/setuid-id", "-u"),
    "block device": ("make_node", "/tmp/disk", stat.S_IFBLK, 254, 0),
    "character device": ("make_node", "/tmp/mem", stat.S_IFCHR, 1, 1),
    "pipe": ("make_node", "/tmp/pipe", stat.S_IFIFO),
    "user": ("user",),
    "status": ("status",),
}  # fmt: skip
REFUSED = {"EPERM", "EACCES", "ENOSYS", "EROFS", "ENOENT"}
DEFINED = {"clone3": "ENOSYS"}


@pytest.mark.parametrize("name", SYSCALLS)
def test_a_call_that_no_plugin_needs_is_refused(told: Callable[[str], Told], name: str) -> None:
    assert told(f"call {name}") == {"refused": DEFINED.get(name, "EPERM")}


@pytest.mark.parametrize("name", NAMESPACES)
def test_no_namespace_is_made(told: Callable[[str], Told], name: str) -> None:
    assert told(f"unshare {name}") == {"refused": "EPERM"}


@pytest.mark.parametrize("name", ["net", "mnt", "user", "pid"])
def test_no_namespace_is_entered(told: Callable[[str], Told], name: str) -> None:
    assert told(f"enter {name}")["refused"] in REFUSED


@pytest.mark.parametrize("name", SOCKETS)
def test_a_socket_past_the_network_namespace_is_refused(told: Callable[[str], Told], name: str) -> None:
    assert told(f"socket {name}") == {"refused": "EPERM"}


@pytest.mark.parametrize("name", USUAL_SOCKETS)
def test_usual_sockets_can_be_made(told: Callable[[str], Told], name: str) -> None:
    assert told(f"socket {name}") == {"done": None}


def test_a_32_bit_call_ends_the_program(told: Callable[[str], Told]) -> None:
    assert told("32 bits") == {"killed": "SIGSYS"}


@pytest.mark.parametrize("path", WRITES)
def test_nothing_of_the_kernel_and_of_the_image_is_written(told: Callable[[str], Told], path: str) -> None:
    assert told(f"write {path}").get("refused") in REFUSED


@pytest.mark.parametrize("name", MASKED)
def test_what_tells_of_the_machine_is_empty(told: Callable[[str], Told], name: str) -> None:
    assert told(f"read {name}") in ({"done": ""}, {"refused": "ENOENT"})


def test_devices_are_not_made_and_pipes_are(told: Callable[[str], Told]) -> None:
    assert told("block device") == told("character device") == {"refused": "EPERM"}
    assert told("pipe") == {"done": None}


def test_it_has_a_user_without_rights_or_groups(told: Callable[[str], Told]) -> None:
    [user] = set(told("user")["done"])
    assert user in CONTAINER_USERS
    assert told("setuid program") == {"done": f"{user}\n"}
    status = told("status")["done"]
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
