"""The plugin folders of this repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
PLUGIN_FOLDERS = sorted(file.parent for file in (REPOSITORY_ROOT / "plugins").glob("*/Dockerfile"))
"""Those with an image; `gpu-job` has none, as its jobs run on clusters."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest as plain JSON."""
    return json.loads((folder / "plugin.json").read_text())


def examples(folder: Path) -> list[Any]:
    """Return the example inputs of the manifest, and of `example-input.json` where there is one."""
    more = folder / "example-input.json"
    return [
        *read_manifest(folder)["input_schema"]["examples"],
        *([json.loads(more.read_text())] if more.exists() else []),
    ]
