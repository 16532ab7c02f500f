"""The plugins of a local stack: those it is told of, else the examples of a repository checkout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import satellite
from satellite.contracts.json_text import JSONRefused, parse_json

MANIFEST = "plugin.json"
VARIABLE = "SATELLITE_WORKER_PLUGIN_DIR"


def find_plugin_dirs() -> list[Path]:
    """Return the folders that the workers are told of, else the checkout's `plugins/`, if it is there.

    That stands beside the editable package, else in the current folder.
    """
    if told := os.environ.get(VARIABLE):
        return [Path(folder).absolute() for folder in told.split(os.pathsep) if folder]
    beside_package = Path(satellite.__file__).resolve().parents[3] / "plugins"
    for folder in (beside_package, Path.cwd() / "plugins"):
        if next(folder.glob(f"*/{MANIFEST}"), None) is not None:
            return [folder]
    return []


def read_manifests(plugin_dir: Path) -> dict[str, dict[str, Any]]:
    """Return every manifest by plugin name; one that cannot be read is left to `plugin register`."""
    manifests = {}
    for file in sorted(plugin_dir.glob(f"*/{MANIFEST}")):
        try:
            manifest = parse_json(file.read_bytes())
        except (OSError, JSONRefused):
            continue
        if isinstance(manifest, dict) and isinstance(manifest.get("name"), str):
            manifests[manifest["name"]] = manifest
    return manifests
