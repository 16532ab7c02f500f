"""The manifest of a plugin's folder, as its author wrote it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from satellite.contracts.plugin_manifest import PluginManifest
from satellite.errors import SatelliteError


class ManifestUnusable(SatelliteError):
    """There is no manifest, or it is none; each fault is a line."""

    code = "manifest_unusable"


def read_manifest(folder: Path) -> PluginManifest:
    """Return the manifest of a folder.

    Raises:
        ManifestUnusable: it cannot be read, or keys of it are wrong.
    """
    file = folder / "plugin.json"
    try:
        return PluginManifest.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ManifestUnusable(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        faults = [f"{file}: {'/'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise ManifestUnusable("\n".join(faults)) from error
