"""What the kernel and this worker's rights allow to fence a process, found by trying it once.

As root a plugin gets a user of its own, no capabilities, and namespaces of its own: no network, no processes
but its own, a small `/tmp`. Without root it gets what unprivileged namespaces give. It is less than a
container; what is missing is told by `weaknesses`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from analysis_server.runtimes.plugin_users import PROCESS_USERS

TRIAL_S: Final = 10
_NAMESPACES: Final = ("--ipc", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
_UNPRIVILEGED: Final = ("--user", "--map-current-user")

_READABLE: Final = (
    "Plugins run as processes: files that every user of the machine may read are open to them, system calls "
    "are not filtered, and only each file that they write is limited, not all together."
)
_OPEN: Final = "Plugins with `network` reach this machine and its neighbours."
_AS_ROOT: Final = (
    "Plugins run as root, because `setpriv` cannot change the user here: they may do all that root may."
)
_AS_WORKER: Final = (
    "Plugins run as the worker's user, because it is not root: they can read and change its files, those of "
    "other runs among them."
)
_SHARED: Final = (
    "Plugins share the machine's network, processes and `/tmp`, because `unshare` makes no namespaces here: "
    "they reach its services, and can read what processes of their user were started with, secrets included."
)
_SHARED_FILES: Final = "Plugins share the machine's `/tmp`, because the worker cannot mount others over it."
_TMP: Final = "/tmp"  # noqa: S108


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSandbox:
    """Which fences there are."""

    is_root: bool
    own_user: bool
    namespaces: bool
    own_places: bool
    """Whether the places where all may write are the plugin's own; only root mounts them."""

    @classmethod
    def detect(cls) -> Self:
        """Try each fence on a program that does nothing."""
        is_root = os.geteuid() == 0
        apart = [*_apart(is_root=is_root, network=False), "--"]
        return cls(
            is_root=is_root,
            own_user=is_root and _works([*_as_user(PROCESS_USERS[0]), "--", "true"]),
            namespaces=_works([*apart, "true"]),
            own_places=is_root and _works([*apart, "mount", "-c", "-t", "tmpfs", "satellite", _TMP]),
        )

    def weaknesses(self) -> Iterator[str]:
        """Tell, a sentence each, what is not stopped."""
        yield _READABLE
        yield _OPEN
        if not self.own_user:
            yield _AS_ROOT if self.is_root else _AS_WORKER
        if not self.namespaces:
            yield _SHARED
        elif not self.own_places:
            yield _SHARED_FILES

    def command(self, command: list[str], *, prepare: str, user: int | None, network: bool) -> list[str]:
        """Return the command that runs a command behind the fences, after the script `prepare`.

        `user` is what `own_user` asks for. What is started ends with this process, and as the plugin ends,
        though a signal may show as the exit code that shells make of it.
        """
        drop = " ".join(_as_user(user)) if user is not None else _quietly("setpriv --no-new-privs")
        if not self.namespaces:
            return [*_dying_with_us(), "/bin/sh", "-c", f'{prepare} exec {drop} "$@"', "plugin", *command]
        # The first process of a namespace must collect others and is safe from its own signals, so it is the
        # shell that stays; what it would say of the plugin's end by itself is not heard.
        stay = f'exec 3>&2 2>/dev/null; {drop} "$@" 2>&3 3>&-; exit $?'
        loopback = "" if network or not self.is_root else _quietly("ip link set lo up 2>/dev/null;")
        apart = _apart(is_root=self.is_root, network=network)
        return [
            *_dying_with_us(), *apart, "--",
            "/bin/sh", "-c", f"{prepare} {loopback} {stay}", "plugin", *command,
        ]  # fmt: skip


def _dying_with_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--no-new-privs", "--"] if setpriv else []


def _as_user(user: int) -> list[str]:
    return [
        "setpriv", "--no-new-privs", f"--reuid={user}", f"--regid={user}", "--clear-groups",
        "--bounding-set=-all", "--inh-caps=-all",
    ]  # fmt: skip


def _apart(*, is_root: bool, network: bool) -> list[str]:
    rights = () if is_root else _UNPRIVILEGED
    return ["unshare", *rights, *_NAMESPACES, *(() if network else ("--net",))]


def _quietly(command: str) -> str:
    """Return a command for a shell, nothing where its program is not installed."""
    return command if shutil.which(command.partition(" ")[0]) else ""


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=TRIAL_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
