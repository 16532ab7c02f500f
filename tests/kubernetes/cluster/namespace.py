"""Namespaces of a cluster's own: for networks, mounts and processes.

The machine's engine and firewall are not seen from inside, and with the first process all others end, and all
mounts and rules of the firewall are gone. A second engine beside the machine's would take away its rules, and
with `--bridge=none` its bridge (2026-11-25).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fixtures.servers import wait_until

PODS = "10.212.0.0/16"
NODE_ADDRESS = "10.212.0.1"
BRIDGE = "pods"
SERVICES = "10.213.0.0/16"
OUTSIDE, OUTER, INNER = "satellite-kube", "10.214.0.1/30", "10.214.0.2/30"
INNER_ADDRESS = INNER.partition("/")[0]
"""Where the machine reaches what is inside."""

KERNEL = "vm/{overcommit_memory,panic_on_oom} kernel/{panic,panic_on_oops} kernel/keys/root_max{keys,bytes}"
"""What a kubelet sets of the machine's kernel; here it writes to files in their place."""
FIRST_PROCESS = f"""
set -e
mount --make-rshared /
mount --bind "$1/log" /var/log
mkdir -p "$1"/kernel/{{vm,kernel/keys}}
for name in {KERNEL}; do
    cat "/proc/sys/$name" >"$1/kernel/$name"
    mount --bind "$1/kernel/$name" "/proc/sys/$name"
done
sysctl -qw net.ipv4.ip_forward=1
ip link set lo up
ip link add {BRIDGE} type bridge
ip addr add {NODE_ADDRESS}/16 dev {BRIDGE}
ip link set {BRIDGE} up
touch "$1/is-made"
# It also collects processes that have lost their parents.
sleep infinity; :
"""


@dataclass
class Namespaces:
    """A place in which parts of a cluster are started."""

    folder: Path
    first: int
    """The process that holds it, by its number outside."""
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str | Path) -> None:
        """Start a part; what it says is in `log/NAME`."""
        with (self.folder / "log" / name).open("ab") as said:
            self.parts[name] = subprocess.Popen(
                [*self._enter(), *command], stdout=said, stderr=said, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    def check(self) -> None:
        """Fail if a part has ended."""
        for name, part in self.parts.items():
            assert part.poll() is None, f"{name} ended with {part.returncode}:\n{self.said(name)}"

    def said(self, name: str, *, chars: int = 3000) -> str:
        """Return the last that a part has said."""
        return (self.folder / "log" / name).read_text(errors="replace")[-chars:]

    def _enter(self) -> Sequence[str]:
        return ("nsenter", "-t", str(self.first), "--net", "--mount", "--pid")


@contextlib.contextmanager
def own_namespaces(folder: Path) -> Iterator[Namespaces]:
    """Lend namespaces until the block ends; the machine reaches Services in them."""
    (folder / "log").mkdir()
    with (folder / "log" / "first").open("wb") as said:
        holder = subprocess.Popen(
            # With whoever started it, killed or not.
            ["setpriv", "--pdeathsig", "KILL",
             "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             "bash", "-c", FIRST_PROCESS, "bash", folder],
            stdin=subprocess.DEVNULL, stderr=said, start_new_session=True,
        )  # fmt: skip
    namespaces: Namespaces | None = None
    try:
        wait_until(lambda: holder.poll() is not None or (folder / "is-made").exists())
        assert holder.poll() is None, "this machine allows no namespaces"
        namespaces = Namespaces(folder, _only_child(holder.pid))
        _connect(namespaces.first)
        yield namespaces
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(_only_child(holder.pid) if namespaces is None else namespaces.first, signal.SIGKILL)
        holder.wait(60)
        for part in namespaces.parts.values() if namespaces else ():
            part.wait(60)
        subprocess.run(["ip", "link", "del", OUTSIDE], capture_output=True)


def _only_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _connect(first: int) -> None:
    inside = f"nsenter -t {first} --net ip"
    for command in (
        f"ip link add {OUTSIDE} type veth peer name outside netns {first}",
        f"ip addr add {OUTER} dev {OUTSIDE}",
        f"ip link set {OUTSIDE} up",
        f"{inside} addr add {INNER} dev outside",
        f"{inside} link set outside up",
        f"{inside} route add default via {OUTER.partition('/')[0]}",
        f"ip route add {SERVICES} via {INNER_ADDRESS}",
    ):
        subprocess.run(command.split(), check=True, capture_output=True, timeout=30)
