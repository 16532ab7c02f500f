"""Finds a plugin's source folder for the process runtime."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from satellite.contracts.plugin_manifest import PluginManifest

MANIFEST: Final = "plugin.json"


class PluginSourceMissing(LookupError):
    """This worker has no source of exactly this plugin."""

    def __str__(self) -> str:
        """Return the message without the quotes of a key error."""
        return str(self.args[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSource:
    """A folder whose `plugin.json` is the manifest with this digest."""

    folder: Path
    digest: str

    @property
    def requirements(self) -> Path:
        """Return where the pinned dependencies stand, if there are any."""
        return self.folder / "requirements.txt"


class PluginSources:
    """Folders of plugin folders, `<name>/plugin.json` in each."""

    def __init__(self, plugin_dirs: Sequence[Path]) -> None:
        """Look in these, in their order; without any this worker has no sources."""
        self._plugin_dirs = plugin_dirs
        self._lock = threading.Lock()
        self._digests: dict[Path, tuple[int, str]] = {}

    def get(self, manifest: PluginManifest, *, digest: str) -> PluginSource:
        """Return the source of a plugin; raise `PluginSourceMissing` with advice."""
        if not self._plugin_dirs:
            raise PluginSourceMissing(
                "The process runtime needs the plugin's source; set SATELLITE_WORKER_PLUGIN_DIR to the "
                "folder that holds it, or use the container runtime."
            )
        folders = [each / manifest.name for each in self._plugin_dirs]
        there = [folder for folder in folders if (folder / MANIFEST).exists()]
        for folder in there:
            if self._digest_in(folder) == digest:
                return PluginSource(folder=folder, digest=digest)
        if not there:
            places = " or ".join(str(folder / MANIFEST) for folder in folders)
            raise PluginSourceMissing(
                f"This worker has no source of plugin {manifest.name!r}: there is no {places}."
            )
        raise PluginSourceMissing(
            f"{there[0] / MANIFEST} is not {manifest.name} {manifest.version} as it was registered. "
            "Put the source of this version there, or register the changed plugin as a new version."
        )

    def _digest_in(self, folder: Path) -> str:
        path = folder / MANIFEST
        try:
            changed_at = path.stat().st_mtime_ns
            with self._lock:
                known = self._digests.get(path)
            if known is not None and known[0] == changed_at:
                return known[1]
            digest = PluginManifest.model_validate(json.loads(path.read_bytes())).digest()
        except (OSError, ValueError, ValidationError) as error:
            raise PluginSourceMissing(f"{path} is not a usable plugin manifest: {error}") from error
        with self._lock:
            self._digests[path] = (changed_at, digest)
        return digest
