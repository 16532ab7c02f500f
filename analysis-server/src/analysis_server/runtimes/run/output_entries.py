"""What lies in the folder that a plugin writes to, seen without following or opening any of it.

Plugins write there what they like, and when they like. So each name is looked up in a folder that is held
open, and folders are entered name by name with `O_NOFOLLOW`: no link leads out, whenever it appears. As much
as `openat2` with `RESOLVE_BENEATH` that holds, and on any kernel.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from satellite.visible_text import make_visible

OUTPUT_VARIABLE: Final = "SATELLITE_OUTPUT_DIR"
CHECKPOINT_VARIABLE: Final = "SATELLITE_CHECKPOINT_DIR"
DEEPEST: Final = 16
"""Each folder that is entered is held open."""
TOLD_CHARS: Final = 200
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class OutputUnfit(ValueError):
    """Something that a plugin has written cannot be taken."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"The plugin left {make_visible(name)[:TOLD_CHARS]!r} in ${OUTPUT_VARIABLE}, {what}."
        )


class OutputEntry(NamedTuple):
    """A name in the folder of a run, or below it."""

    parent: int
    """A descriptor of the folder that holds it, open as long as nobody asks for the next one."""
    leaf: str
    name: str
    """Its path in the folder of the run."""
    found: os.stat_result

    @property
    def size_bytes(self) -> int:
        """Return what it counts: with holes what it seems to be, with room taken in advance what it takes."""
        is_file = stat.S_ISREG(self.found.st_mode)
        return max(self.found.st_size, self.found.st_blocks * 512) if is_file else 0


def output_entries(folder: Path, *, has_ended: bool) -> Iterator[OutputEntry]:
    """Yield all that is there, folders before what they hold; what vanishes meanwhile is left out.

    While the plugin runs, so is what cannot be entered.

    Raises:
        OutputUnfit: the plugin has ended, and a folder cannot be entered or is too deep.
    """
    opened = os.open(folder, _FOLDER)
    try:
        yield from _below(opened, "", has_ended=has_ended, depth=1)
    finally:
        os.close(opened)


def _below(parent: int, prefix: str, *, has_ended: bool, depth: int) -> Iterator[OutputEntry]:
    with os.scandir(parent) as found:
        for each in found:
            try:
                seen = each.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            entry = OutputEntry(parent, each.name, prefix + each.name, seen)
            yield entry
            if stat.S_ISDIR(seen.st_mode):
                yield from _inside(entry, has_ended=has_ended, depth=depth)


def _inside(entry: OutputEntry, *, has_ended: bool, depth: int) -> Iterator[OutputEntry]:
    if depth == DEEPEST:
        if has_ended:
            raise OutputUnfit(entry.name, f"a folder deeper than {DEEPEST}")
        return
    try:
        opened = os.open(entry.leaf, _FOLDER, dir_fd=entry.parent)
    except OSError as error:
        if has_ended:
            raise OutputUnfit(entry.name, f"which cannot be entered ({error.strerror})") from error
        return
    try:
        yield from _below(opened, f"{entry.name}/", has_ended=has_ended, depth=depth + 1)
    finally:
        os.close(opened)
