"""How a plugin is started without a container: its command, its environment variables, its limits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from analysis_server.runtimes.plugin_users import USER_NAME
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.process.source import PluginSource
from analysis_server.runtimes.run.cards import real_cards
from analysis_server.runtimes.run.checkpoints import CHECKPOINTS
from analysis_server.runtimes.run.inputs import make_inputs_folder
from analysis_server.runtimes.run.limits import OPEN_FILES_LIMIT
from analysis_server.runtimes.run.output_entries import CHECKPOINT_VARIABLE, OUTPUT_VARIABLE
from analysis_server.runtimes.run.outputs import OUTPUTS, make_outputs_folder
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode

APP: Final = "app"
TMP: Final = "tmp"
VIEW: Final = "view"
"""Of a run's folder: where the plugin is, where it may write as in a container's `/tmp`, and what it sees."""
DEFAULT_COMMAND: Final = ("python", "main.py")
FILE_BYTES_MAX: Final = 1024**3
ADDRESS_SPACE_FLOOR_MIB: Final = 4096
PROCESSES_MAX: Final = 256

# Limits are set by a shell rather than by `preexec_fn`, which may deadlock in a process with threads and
# forbids vfork, and rather than by a Python launcher, which costs 20 ms a start.
_LIMITS: Final = "ulimit -c 0; ulimit -n {files}; ulimit -f {blocks}; {memory} {processes}"
# The mark comes first, under its name in dash and BusyBox, else in bash; without it nothing may start.
_MARKED: Final = "ulimit -w {mark} 2>/dev/null || ulimit -x {mark} || exit 126; "
# Likewise under two names. What is counted is a user's, so only one that is the run's own has such a limit.
_PROCESSES: Final = "ulimit -p {most} 2>/dev/null || ulimit -u {most} || exit 126;"


def limits_script(request: RunRequest, *, mark: int, own_user: bool) -> str:
    """Return the commands by which a shell marks itself and takes the manifest's limits on."""
    return _MARKED.format(mark=mark) + _LIMITS.format(
        files=OPEN_FILES_LIMIT,
        blocks=max(FILE_BYTES_MAX, request.output_bytes_max) // 512,
        memory=_address_space(request.manifest),
        processes=_PROCESSES.format(most=PROCESSES_MAX) if own_user else "",
    )


def plugin_command(manifest: PluginManifest, *, source: PluginSource, environment: Path) -> list[str]:
    """Return the manifest's command with its files found in the source, its programs in the environment.

    In the image the source is the working directory; here that only links to it, so paths become absolute.
    """
    program, *arguments = manifest.command or DEFAULT_COMMAND
    installed = environment / "bin" / program
    is_installed = "/" not in program and installed.exists()
    program = str(installed) if is_installed else _in_source(program, source)
    return [program, *(_in_source(argument, source) for argument in arguments)]


def plugin_variables(
    request: RunRequest,
    *,
    source: PluginSource,
    environment: Path,
    folder: Path,
    secrets: Mapping[str, str],
) -> dict[str, str]:
    """Return the whole environment of the plugin: nothing of the worker's own is passed on."""
    manifest = request.manifest
    return {
        "PATH": f"{environment / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(environment),
        "PYTHONPATH": str(source.folder),
        "PYTHONUNBUFFERED": "1",
        "HOME": str(folder / TMP),
        "TMPDIR": str(folder / TMP),
        "LANG": "C.UTF-8",
        "USER": USER_NAME,
        "OMP_NUM_THREADS": str(max(1, round(manifest.resources.cpus))),
        "CUDA_VISIBLE_DEVICES": ",".join(real_cards(request.gpu_ids)),
        **manifest.env,
        **secrets,
        **_output_place(request, folder),
        **request.trace_variables,
    }


def _output_place(request: RunRequest, folder: Path) -> dict[str, str]:
    # A server works for many jobs, and what it writes is nobody's.
    if not request.shares_files or request.manifest.mode is not PluginMode.ONESHOT:
        return {}
    places = {OUTPUT_VARIABLE: str(folder / OUTPUTS)}
    if request.keeps_checkpoints:
        places[CHECKPOINT_VARIABLE] = str(folder / CHECKPOINTS)
    return places


def make_places(
    folder: Path, source: PluginSource, *, user: int | None, keeps_checkpoints: bool = False
) -> None:
    """Make a run's folder like a container: the plugin's files where it is, a place for `user` to write."""
    (folder / TMP).mkdir()
    if user is not None:
        for place in (folder, folder / TMP):
            os.chown(place, user, user)
    (folder / APP).mkdir()
    for entry in source.folder.iterdir():
        (folder / APP / entry.name).symlink_to(entry)
    make_inputs_folder(folder)
    make_outputs_folder(folder, user=user)
    if keeps_checkpoints:
        make_outputs_folder(folder, user=user, name=CHECKPOINTS)


def _in_source(argument: str, source: PluginSource) -> str:
    if argument.startswith("-"):
        return argument
    path = source.folder / argument.removeprefix("/app/")
    return str(path) if argument and path.is_file() else argument


def _address_space(manifest: PluginManifest) -> str:
    # Drivers of graphics cards reserve far more address space than memory.
    if manifest.resources.gpus:
        return ""
    memory_mib = manifest.resources.memory_mib
    return f"ulimit -v {max(4 * memory_mib, memory_mib + ADDRESS_SPACE_FLOOR_MIB) * 1024};"
