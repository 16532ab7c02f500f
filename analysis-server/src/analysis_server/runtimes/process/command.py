"""How a plugin is started without a container: its command, its environment variables, its limits."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from analysis_server.runtimes.container.template import FAKE_GPU_PREFIX, OPEN_FILES_LIMIT
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.process.source import PluginSource
from satellite.contracts.plugin_manifest import PluginManifest

APP: Final = "app"
TMP: Final = "tmp"
"""Of a run's folder: where the plugin is, and where it may write as in a container's `/tmp`."""
DEFAULT_COMMAND: Final = ("python", "main.py")
FILE_BYTES_MAX: Final = 1024**3
ADDRESS_SPACE_FLOOR_MIB: Final = 4096

# Limits are set by a shell and `setpriv` rather than by `preexec_fn`, which may deadlock in a process with
# threads and forbids vfork, and rather than by a Python launcher, which costs 20 ms a start.
_LIMITED: Final = 'ulimit -c 0; ulimit -n {files}; ulimit -f {blocks}; {memory} exec "$@"'
# The mark comes first, under its name in dash and BusyBox, else in bash; without it nothing may start.
_MARKED: Final = "ulimit -w {mark} 2>/dev/null || ulimit -x {mark} || exit 126; "


def limited_command(command: list[str], manifest: PluginManifest, *, mark: int) -> list[str]:
    """Wrap a command so that it starts marked, under the manifest's limits, and dies with this worker."""
    script = _MARKED.format(mark=mark) + _LIMITED.format(
        files=OPEN_FILES_LIMIT, blocks=FILE_BYTES_MAX // 512, memory=_address_space(manifest)
    )
    shell = ["/bin/sh", "-c", script, "plugin", *command]
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--no-new-privs", "--", *shell] if setpriv else shell


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
    secrets: dict[str, str],
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
        "OMP_NUM_THREADS": str(max(1, round(manifest.resources.cpus))),
        "CUDA_VISIBLE_DEVICES": ",".join(
            gpu for gpu in request.gpu_ids if not gpu.startswith(FAKE_GPU_PREFIX)
        ),
        **manifest.env,
        **secrets,
    }


def make_places(folder: Path, source: PluginSource) -> None:
    """Make a run's folder like a container: the plugin's files where it is, and a place to write."""
    (folder / TMP).mkdir()
    (folder / APP).mkdir()
    for entry in source.folder.iterdir():
        (folder / APP / entry.name).symlink_to(entry)


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
