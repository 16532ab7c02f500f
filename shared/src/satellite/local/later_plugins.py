"""Plugins that the first job does without, and whose images would keep it waiting: they are made after it.

Such a plugin is registered like all others and paused until then, so that its jobs wait instead of failing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from satellite.contracts.python_task import PYTHON_TASK
from satellite.local.plugin_folders import MANIFEST
from satellite.local.plugin_images import ImageBuildFailed, build_image, is_built

if TYPE_CHECKING:
    from satellite.client import SatelliteClient

LATER: Final = (PYTHON_TASK,)
"""A minute where pandas and scikit-learn are not near; only the first start of a machine knows it."""


class LaterPlugins:
    """Those of one home; whom it has paused it knows also after it was killed."""

    def __init__(self, home: Path) -> None:
        """Keep under `home` what was paused."""
        self._home = home

    def find(self, plugin_dirs: Sequence[Path]) -> list[Path]:
        """Return the folders of those that have to wait, none where no engine answers."""
        folders = [folder / name for folder in plugin_dirs for name in LATER]
        try:
            return [
                each
                for each in folders
                if (each / MANIFEST).exists() and (self._mark(each).exists() or not is_built(each))
            ]
        except ImageBuildFailed:
            return []

    def pause(self, client: SatelliteClient, plugin_dir: Path) -> None:
        """Let the jobs of one wait, unless somebody lets them anyway.

        Raises:
            SatelliteError: the server refuses it.
        """
        if not client.get_plugin(plugin_dir.name).control.is_paused:
            self._mark(plugin_dir).touch()
            client.pause_plugin(plugin_dir.name)

    def install(self, client: SatelliteClient, plugin_dir: Path, *, with_image: bool) -> None:
        """Make the image of one, and let its jobs begin, which tell what is wrong if it cannot be made.

        Raises:
            SatelliteError: its image cannot be made, or the server refuses something.
        """
        try:
            if with_image:
                build_image(plugin_dir)
        finally:
            if self._mark(plugin_dir).exists():
                client.resume_plugin(plugin_dir.name)
                self._mark(plugin_dir).unlink()

    def _mark(self, plugin_dir: Path) -> Path:
        return self._home / f"paused-{plugin_dir.name}"
