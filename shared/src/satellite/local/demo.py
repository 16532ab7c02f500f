"""The first job of a fresh stack: registers the example plugins and runs one on real data, live."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from satellite.client import APIError, Job, SatelliteClient
from satellite.client.progress import progress_display
from satellite.local.plugin_folders import read_manifests

DEMO_PLUGIN = "example-classifier"
EXAMPLE_INPUT = "example-input.json"
DEMO_TIMEOUT_S = 180


def register_plugins(client: SatelliteClient, plugin_dirs: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Register every plugin of the folders; returns their names and, in words, what went wrong."""
    names, problems = [], []
    for name, manifest in (each for folder in plugin_dirs for each in read_manifests(folder).items()):
        try:
            client.register_plugin(manifest)
            names.append(name)
        except APIError as error:
            problems.append(f"Plugin {name} was not registered: {error}")
    return names, problems


def example_input(plugin_dirs: Sequence[Path]) -> Any:
    """Return the demo's input, or None when no folder has one."""
    for plugin_dir in plugin_dirs:
        with contextlib.suppress(OSError, ValueError):
            return json.loads((plugin_dir / DEMO_PLUGIN / EXAMPLE_INPUT).read_text())
    return None


def run_demo(client: SatelliteClient, console: Console, input_data: Any) -> Job:
    """Submit the demo job, show its live progress, and return it finished."""
    job = client.submit(DEMO_PLUGIN, input_data)
    with progress_display(console, f"job {job.id} {job.plugin_name}") as display:
        for event in client.events(job.id, timeout_s=DEMO_TIMEOUT_S):
            display.show(event)
    return client.wait(job.id, timeout_s=DEMO_TIMEOUT_S)


def timings_line(job: Job) -> str:
    """Return the phases of a finished job in one line."""
    timings = job.timings or {}
    phases = (
        f"{name.removesuffix('_ms')} {value:.0f} ms" for name, value in timings.items() if _is_number(value)
    )
    return ", ".join(phases)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
