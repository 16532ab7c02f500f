"""What a plugin sees of the machine's files in a mount namespace: its own places, and not those of others.

Where everybody may write, and where nobody but root may enter, an empty place is put over what is there, and
the folders that the plugin needs are shown through it under their own names.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from satellite.contracts.plugin_manifest import PluginResources

INODES_MAX: Final = 16_384
_TMP, _SHM = "/tmp", "/dev/shm"  # noqa: S108
_SHARED_TMP: Final = "/var/tmp"  # noqa: S108
_OTHERS_MAY_PASS: Final = 0o001
_FIRST_DESCRIPTOR: Final = 4
_ENTERED: Final = "size=1m,mode=0755"


def prepare_view(table: Path, *, shown: Iterable[Path], resources: PluginResources, start_in: Path) -> str:
    """Return the commands after which a shell, root in a mount namespace, finds only `shown` there.

    What they mount is written to `table`, so that one call does it: each program that is started costs more
    than all mounts. The last command enters `start_in`. One that fails ends the shell.
    """
    needed = _outermost(path.resolve() for path in shown)
    tmp = _open_to_all(resources.tmp_mib)
    places = {Path(_TMP): tmp, Path(_SHARED_TMP): tmp, Path(_SHM): _open_to_all(resources.shm_mib)}
    places |= {folder: _ENTERED for path in needed for folder in _closed_above(path)}
    hidden = _outermost(each for each in places if each.is_dir())
    below = [path for path in needed if any(path.is_relative_to(folder) for folder in hidden)]
    # By descriptors, which lead to what has been hidden by then. A shell has them up to 9.
    held = list(enumerate(below, _FIRST_DESCRIPTOR))
    lines = [
        *(f"satellite {_in_table(at)} tmpfs {places[at]},nosuid,nodev 0 0" for at in hidden),
        *(f"/proc/self/fd/{number} {_in_table(path)} none bind,X-mount.mkdir 0 0" for number, path in held),
    ]
    table.write_text("\n".join(lines) + "\n")
    commands = [
        "umask 022",
        *(f"exec {number}<{_quoted(path)}" for number, path in held),
        f"mount -c -a -T {_quoted(table)}",
        *(f"exec {number}<&-" for number, _ in held),
        f"cd {_quoted(start_in)}",
    ]
    return "".join(f"{command} || exit 126; " for command in commands)


def _open_to_all(size_mib: int) -> str:
    return f"size={size_mib}m,nr_inodes={INODES_MAX},mode=1777,noexec"


def _closed_above(path: Path) -> Iterator[Path]:
    """Return the folders above a path that others than their user cannot enter."""
    for folder in path.parents:
        if not folder.stat().st_mode & _OTHERS_MAY_PASS:
            yield folder


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that lie below none of the others."""
    found = sorted(set(paths))
    return [
        path for path in found if not any(path != other and path.is_relative_to(other) for other in found)
    ]


def interpreter_folders(environment: Path) -> Iterator[Path]:
    """Return the installations that an environment's Python leads to, link by link."""
    path = environment / "bin" / "python"
    while path.is_symlink():
        path = path.parent / path.readlink()
        yield path.parents[1]


def _in_table(path: Path) -> str:
    """Return a path as a line of a table of mounts has it."""
    return "".join(f"\\{ord(char):03o}" if char in " \t\n\\" else char for char in os.fspath(path))


def _quoted(path: Path) -> str:
    return shlex.quote(os.fspath(path))
