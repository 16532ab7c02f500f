"""Tries a plugin again whenever a file of its folder changes."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from analysis_server.authoring.checks import check_plugin
from analysis_server.authoring.manifest_file import ManifestUnusable, read_manifest
from analysis_server.authoring.trial import NOT_SOURCE
from satellite.contracts.requires import RuntimeName

LOOK_EVERY_S: Final = 0.3


def watch(folder: Path, runtime: RuntimeName, say: Callable[[str], None]) -> NoReturn:
    """Try a plugin by its examples, now and after each change, until interrupted.

    The environment is kept in between: it is made anew where `requirements.txt` has changed.
    """
    seen: dict[Path, float] = {}
    with tempfile.TemporaryDirectory(prefix="satellite-dev-") as state_dir:
        while True:
            files = _times(folder)
            if files != seen:
                seen = files
                say("\n".join(_try(folder, runtime, Path(state_dir))))
            time.sleep(LOOK_EVERY_S)


def _try(folder: Path, runtime: RuntimeName, state_dir: Path) -> list[str]:
    try:
        manifest = read_manifest(folder)
    except ManifestUnusable as error:
        return [str(error)]
    report = check_plugin(folder, manifest, runtime, near=0, repeats=1, seed=1, state_dir=state_dir)
    return list(report.lines())


def _times(folder: Path) -> dict[Path, float]:
    times = {}
    for path in folder.rglob("*"):
        # An editor renames and removes what it writes.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and not {*NOT_SOURCE}.intersection(path.relative_to(folder).parts):
                times[path] = path.stat().st_mtime
    return times
