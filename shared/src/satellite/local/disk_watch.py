"""Warns in good time before the disk of a local stack is full, and says when there is room again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

LOW_MIB = 100
ENOUGH_MIB = 150
LOOK_EVERY_S = 5.0


async def watch_disk(
    folder: Path,
    *,
    warn: Callable[[str], None],
    note: Callable[[str], None],
    every_s: float = LOOK_EVERY_S,
) -> None:
    """Look at the disk of a folder until cancelled; tells each change once."""
    is_low = False
    while True:
        free_mib = shutil.disk_usage(folder).free // 2**20
        if free_mib < LOW_MIB and not is_low:
            is_low = True
            warn(f"Only {free_mib} MiB are free on the disk of {folder}; when it is full no job is accepted")
        elif free_mib > ENOUGH_MIB and is_low:
            is_low = False
            note(f"There is room again on the disk of {folder}: {free_mib} MiB")
        await asyncio.sleep(every_s)
