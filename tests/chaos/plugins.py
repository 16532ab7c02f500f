"""The plugins of a chaos run: one program, registered as a oneshot, a server, and a server of batches."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

ONESHOT = "chaos-oneshot"
SERVER = "chaos-server"
BATCHED = "chaos-batched"

MODES: dict[str, dict[str, Any]] = {
    ONESHOT: {"mode": "oneshot"},
    SERVER: {"mode": "server"},
    BATCHED: {"mode": "server", "batch": {"max_size": 16, "max_wait_ms": 20}},
}
SOURCE = Path(__file__).with_name("plugin")
REPOSITORY = Path(__file__).parents[2]


def write_plugins(folder: Path, *, marks: Path | None) -> Path:
    """Write the plugins below `folder` and return their folder; without `marks` they write none."""
    # Images are built with the SDK from beside the plugins, as in the checkout.
    (folder / "shared").symlink_to(REPOSITORY / "shared")
    for name in MODES:
        shutil.copytree(SOURCE, folder / "plugins" / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "plugins" / name / "plugin.json").write_text(json.dumps(manifest(name, marks=marks)))
    return folder / "plugins"


def manifest(name: str, *, marks: Path | None) -> dict[str, Any]:
    """Return the manifest of one of the plugins."""
    return {
        "name": name,
        "version": "1.0.0",
        "docker_image": f"satellite/{name}:1.0.0",
        **MODES[name],
        "input_schema": {"type": "object", "required": ["number", "how", "seconds"]},
        "output_schema": {"type": "object", "required": ["number", "execution"]},
        "resources": {"cpus": 0.1, "memory_mib": 64},
        "timeout_s": 60,
        "env": {} if marks is None else {"CHAOS_MARKS": str(marks)},
    }
