"""Finds a plugin's source folder for the process runtime."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from satellite.contracts.plugin_manifest import PluginManifest


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
    """The folder of plugin folders, `<name>/plugin.json` in each."""

    def __init__(self, plugin_dir: Path | None) -> None:
        """Look in `plugin_dir`; None means that this worker has no sources."""
        self._plugin_dir = plugin_dir
        self._lock = threading.Lock()
        self._digests: dict[Path, tuple[int, str]] = {}

    def get(self, manifest: PluginManifest, *, digest: str) -> PluginSource:
        """Return the source of a plugin; raise `PluginSourceMissing` with advice."""
        if self._plugin_dir is None:
            raise PluginSourceMissing(
                "The process runtime needs the plugin's source; set SATELLITE_WORKER_PLUGIN_DIR to the "
                "folder that holds it, or use the container runtime."
            )
        folder = self._plugin_dir / manifest.name
        found = self._digest_in(folder)
        if found != digest:
            raise PluginSourceMissing(
                f"{folder / 'plugin.json'} is not {manifest.name} {manifest.version} as it was registered. "
                "Put the source of this version there, or register the changed plugin as a new version."
            )
        return PluginSource(folder=folder, digest=digest)

    def _digest_in(self, folder: Path) -> str:
        path = folder / "plugin.json"
        try:
            changed_at = path.stat().st_mtime_ns
            with self._lock:
                known = self._digests.get(path)
            if known is not None and known[0] == changed_at:
                return known[1]
            digest = PluginManifest.model_validate(json.loads(path.read_bytes())).digest()
        except FileNotFoundError:
            raise PluginSourceMissing(
                f"This worker has no source of plugin {folder.name!r}: there is no {path}."
            ) from None
        except (OSError, ValueError, ValidationError) as error:
            raise PluginSourceMissing(f"{path} is not a usable plugin manifest: {error}") from error
        with self._lock:
            self._digests[path] = (changed_at, digest)
        return digest
