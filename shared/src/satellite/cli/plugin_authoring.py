"""`satellite plugin init`, `test`, `dev` and `build`: what needs no server."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.output import AsJSON, print_json, print_line
from satellite.cli.plugin_reports import make_room, report_file

Folder = Annotated[Path, typer.Argument(help="The plugin's folder.", file_okay=False, exists=True)]


class TrialRuntime(StrEnum):
    """What a plugin is tried on."""

    PROCESS = "process"
    CONTAINER = "container"


def init(folder: Annotated[Path, typer.Argument(help="A new folder; its name is the plugin's.")]) -> None:
    """Make the folder of a new plugin, which works as it is."""
    from satellite.authoring.new_plugin import make_plugin  # noqa: PLC0415

    for file in make_plugin(folder):
        print_line(str(file))
    print_line(f"Next: satellite plugin test {folder}")


def try_out(  # noqa: PLR0917 - typer reads options from parameters
    folder: Folder,
    runtime: Annotated[TrialRuntime, typer.Option(help="As what it runs.")] = TrialRuntime.PROCESS,
    near: Annotated[int, typer.Option(min=0, max=10_000, help="Inputs near the examples.")] = 30,
    repeats: Annotated[int, typer.Option(min=1, max=100_000, help="Runs of the first example.")] = 20,
    seed: Annotated[int, typer.Option(help="Another choice of those inputs.")] = 1,
    as_json: AsJSON = False,
) -> None:
    """Run a plugin as a worker would: its examples, inputs near them, again and again, and stopped."""
    options = [f"--near={near}", f"--repeats={repeats}", f"--seed={seed}", *(["--json"] if as_json else [])]
    # A report that cannot be kept is no reason not to try.
    with contextlib.suppress(OSError):
        make_room()
        options.append(f"--report={report_file(folder)}")
    raise typer.Exit(_on_runtime(folder, runtime, *options))


def dev(
    folder: Folder,
    runtime: Annotated[TrialRuntime, typer.Option(help="As what it runs.")] = TrialRuntime.PROCESS,
) -> None:
    """Run a plugin's examples now and whenever a file of it changes, until Ctrl-C."""
    raise typer.Exit(_on_runtime(folder, runtime, "--watch"))


def _on_runtime(folder: Path, runtime: TrialRuntime, *options: str) -> int:
    if importlib.util.find_spec("analysis_server") is None:
        raise BadUsage(
            "The runtimes of the workers are not installed here: install satellite-analysis-server."
        )
    command = [sys.executable, "-m", "analysis_server.authoring", str(folder), f"--runtime={runtime}"]
    return subprocess.run([*command, *options], check=False).returncode


def build(folder: Folder, as_json: AsJSON = False) -> None:
    """Build the image that the manifest names, unless it is there and of these very files."""
    from satellite.local.plugin_images import build_image  # noqa: PLC0415

    image = build_image(folder)
    if as_json:
        print_json({"image": image.name, "digest": image.digest, "was_built": image.was_built})
    else:
        print_line(f"{image.name} {'built' if image.was_built else 'is there'}, of files {image.digest[:12]}")
