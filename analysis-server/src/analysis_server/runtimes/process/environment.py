"""Makes each plugin's own virtual environment, once, with uv."""

from __future__ import annotations

import compileall
import contextlib
import fcntl
import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import structlog

import satellite
from analysis_server.runtimes.process.source import PluginSource

logger = structlog.get_logger(__name__)

MAKE_TIMEOUT_S = 1_800
TOLD_CHARS = 2_000


class EnvironmentNotMade(RuntimeError):
    """A plugin's environment could not be made."""


class Environments(Protocol):
    """Where the environment of a plugin is."""

    def ensure(self, source: PluginSource) -> Path:
        """Return the environment's folder, made now if need be; raise `EnvironmentNotMade`."""


class OwnEnvironment:
    """The environment of this program, for plugins that come with it and need nothing else."""

    def ensure(self, source: PluginSource) -> Path:
        """Return it."""
        del source
        return Path(sys.prefix)


class PluginEnvironments:
    """The environments of a worker, one folder each, shared by all processes of the worker."""

    def __init__(self, folder: Path, *, uv: str | None = None, variables: Mapping[str, str]) -> None:
        """Keep them under `folder`; `uv` has only these variables, and is found where it is not given."""
        self._folder = folder
        self._uv = uv
        self._variables = variables

    def ensure(self, source: PluginSource) -> Path:
        """Return the environment's folder, made now if need be; raise `EnvironmentNotMade`.

        Several processes may ask at once: one makes it, the others wait, and nobody sees a half-made one,
        because it is renamed into place when it is complete.
        """
        ready = self._folder / f"{source.folder.name}-{environment_key(source)}"
        if ready.is_dir():
            return ready
        self._folder.mkdir(parents=True, exist_ok=True)
        with _locked(ready.with_suffix(".lock")):
            if not ready.is_dir():
                self._make(source, ready)
        return ready

    def _make(self, source: PluginSource, ready: Path) -> None:
        making = Path(tempfile.mkdtemp(prefix=f"{ready.name}.making-", dir=self._folder))
        # Others than the worker's user run plugins in it.
        making.chmod(0o755)
        try:
            self._call(
                "venv", "--quiet", "--relocatable", "--allow-existing", "--python", sys.executable, making
            )
            self._install(source, making)
            add_sdk(making)
            making.rename(ready)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        logger.info("environment made", plugin=source.folder.name, folder=str(ready))

    def _install(self, source: PluginSource, making: Path) -> None:
        if not source.requirements.is_file():
            return
        # Those who run plugins in it cannot write there what Python would keep from being compiled again.
        command = (
            "pip", "install", "--quiet", "--compile-bytecode", "--python", making, "-r", source.requirements,
        )  # fmt: skip
        try:
            # What the cache holds is enough for pinned requirements, and needs no network.
            self._call(*command, "--offline")
        except EnvironmentNotMade:
            self._call(*command)

    def _call(self, *arguments: str | Path) -> None:
        uv = self._uv or find_uv(self._variables.get("PATH"))
        try:
            subprocess.run(
                [uv, "--no-config", *map(str, arguments)],
                check=True, capture_output=True, text=True, timeout=MAKE_TIMEOUT_S,
                env=self._variables, umask=0o022,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise EnvironmentNotMade(
                f"uv {arguments[0]} failed: {error.stderr.strip()[:TOLD_CHARS]}"
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentNotMade(f"uv could not make the environment: {error}") from error


def find_uv(path: str | None) -> str:
    """Return uv beside this interpreter, else on the path."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv", path=path)
    if found is None:
        raise EnvironmentNotMade("uv was not found; install it or set SATELLITE_WORKER_UV to its path.")
    return found


def environment_key(source: PluginSource) -> str:
    """Return a digest of all that an environment is made from."""
    digest = hashlib.sha256(source.digest.encode())
    with contextlib.suppress(FileNotFoundError):
        digest.update(source.requirements.read_bytes())
    digest.update(_sdk_and_interpreter())
    return digest.hexdigest()[:16]


def add_sdk(environment: Path) -> None:
    """Put `satellite.plugin`, and nothing else of Satellite, where the environment finds it."""
    sdk = sdk_folder()
    package = next(environment.glob("lib/python*/site-packages")) / "satellite"
    package.mkdir(exist_ok=True)
    if sdk.is_dir():
        shutil.copytree(
            sdk, package / "plugin", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
    init = package / "__init__.py"
    if not init.exists():
        init.write_text('"""The part of Satellite that plugins use."""\n')
    compileall.compile_dir(package, quiet=1)


def sdk_folder() -> Path:
    """Return the source of the plugin SDK."""
    return Path(next(iter(satellite.__path__))) / "plugin"


@functools.cache
def _sdk_and_interpreter() -> bytes:
    digest = hashlib.sha256(f"{sys.version}{sys.executable}".encode())
    for path in sorted(sdk_folder().rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
