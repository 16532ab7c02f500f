"""Builds the images of plugin folders, for the local stack and the tests.

It talks to the engine through the `docker` package, because where only the engine's socket is there
(inside a container, with Podman) the command line tool is not. The build context is made here and holds
only what a plugin's Dockerfile may copy, wherever it lies on this machine: the plugin's folder as
`plugins/<its name>/`, and the SDK as `shared/src/satellite/`. Its digest is a label of the image, so an
image is built again exactly when one of these files has changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import satellite
from satellite.errors import SatelliteError

if TYPE_CHECKING:
    import docker

DIGEST_LABEL = "satellite.plugin.digest"
SDK = ("__init__.py", "plugin")
SDK_IN_CONTEXT = "shared/src/satellite"
NOT_SOURCE = {"__pycache__", "tests", ".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", "model.pickle"}
BUILD_TIMEOUT_S = 900
NO_BASE_IMAGE = ("pull access denied", "manifest unknown", "not found", "no such host", "lookup ", "dial tcp")


ContextFile: TypeAlias = tuple[str, Path]
"""A file's name in the build context, and the file."""


class ImageBuildFailed(SatelliteError):
    """The image of a plugin could not be built."""

    code = "image_build_failed"


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """An image that is there now, and whether it had to be built."""

    name: str
    digest: str
    was_built: bool


def build_image(plugin_dir: Path) -> BuiltImage:
    """Make sure that the plugin's `docker_image` exists and is made of the present files.

    Raises:
        ImageBuildFailed: there is no engine, the base image cannot be had, or a step failed.
    """
    name = _read_image_name(plugin_dir)
    files = list(_context_files(plugin_dir))
    digest = _digest(files)
    with contextlib.closing(_connect()) as engine, _alone(plugin_dir):
        if _find_digest(engine, name) == digest:
            return BuiltImage(name=name, digest=digest, was_built=False)
        dockerfile = f"{_in_context(plugin_dir)}/Dockerfile"
        _build(engine, name, _pack(files), dockerfile=dockerfile, digest=digest)
    return BuiltImage(name=name, digest=digest, was_built=True)


@contextlib.contextmanager
def _alone(plugin_dir: Path) -> Iterator[None]:
    """Let nobody else build from this folder meanwhile: the next one finds the image, and makes none."""
    with (plugin_dir / "plugin.json").open() as manifest:
        fcntl.flock(manifest, fcntl.LOCK_EX)
        yield


def content_digest(plugin_dir: Path) -> str:
    """Return the digest of all files that a plugin is made of, with which its image is labelled."""
    return _digest(list(_context_files(plugin_dir)))


def is_built(plugin_dir: Path) -> bool:
    """Tell whether the plugin's `docker_image` exists and is made of the present files.

    Raises:
        ImageBuildFailed: there is no engine, or no manifest.
    """
    with contextlib.closing(_connect()) as engine:
        return _find_digest(engine, _read_image_name(plugin_dir)) == content_digest(plugin_dir)


def missing_images(plugin_dir: Path, *, but: Collection[Path] = ()) -> list[str]:
    """Return the names of the plugins whose images `build_missing_images` would build."""
    return [each.name for each in _with_dockerfile(plugin_dir, but) if not _is_surely_built(each)]


def _is_surely_built(plugin_dir: Path) -> bool:
    try:
        return is_built(plugin_dir)
    except ImageBuildFailed:
        # What is wrong is told when it is built.
        return False


def build_missing_images(plugin_dir: Path, *, but: Collection[Path] = ()) -> list[BuiltImage]:
    """Build the image of every plugin in the checkout's `plugins/` that has a Dockerfile, but of some.

    Raises:
        ImageBuildFailed: names every plugin whose image is missing; the other images are there.
    """
    images, problems = [], []
    for folder in _with_dockerfile(plugin_dir, but):
        try:
            images.append(build_image(folder))
        except ImageBuildFailed as error:
            problems.append(str(error))
    if problems:
        raise ImageBuildFailed("; ".join(dict.fromkeys(problems)))
    return images


def _with_dockerfile(plugin_dir: Path, but: Collection[Path]) -> list[Path]:
    folders = sorted(dockerfile.parent for dockerfile in plugin_dir.glob("*/Dockerfile"))
    return [each for each in folders if each not in but]


def _read_image_name(plugin_dir: Path) -> str:
    try:
        return str(json.loads((plugin_dir / "plugin.json").read_text())["docker_image"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImageBuildFailed(f"{plugin_dir}/plugin.json names no docker_image: {error}") from error


def _in_context(plugin_dir: Path) -> str:
    return f"plugins/{plugin_dir.resolve().name}"


def _context_files(plugin_dir: Path) -> Iterator[ContextFile]:
    yield from _files_below(plugin_dir, _in_context(plugin_dir))
    sdk = Path(satellite.__file__).parent
    for part in SDK:
        yield from _files_below(sdk / part, f"{SDK_IN_CONTEXT}/{part}")


def _files_below(part: Path, name: str) -> Iterator[ContextFile]:
    if part.is_file():
        yield name, part
    for path in sorted(part.rglob("*")):
        inside = path.relative_to(part)
        if path.is_file() and NOT_SOURCE.isdisjoint(inside.parts):
            yield f"{name}/{inside.as_posix()}", path


def _digest(files: list[ContextFile]) -> str:
    digest = hashlib.sha256()
    for name, path in files:
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _pack(files: list[ContextFile]) -> io.BytesIO:
    """Return the build context as a tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, path in files:
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            # The plugin runs as nobody, who must be able to read it whatever the checkout's umask is.
            entry.mode = 0o644
            with path.open("rb") as content:
                archive.addfile(entry, content)
    packed.seek(0)
    return packed


def _connect() -> docker.DockerClient:
    # Imported here, because the local stack also runs where there is no engine and no such package.
    from docker.errors import DockerException  # noqa: PLC0415

    from satellite.container_engine.client import connect  # noqa: PLC0415

    try:
        return connect(timeout_s=BUILD_TIMEOUT_S)
    except DockerException as error:
        raise ImageBuildFailed(f"no container engine answers: {error}") from error


def _find_digest(engine: docker.DockerClient, name: str) -> str | None:
    """Return the digest label of an image, or None when there is no such image or label."""
    from docker.errors import ImageNotFound  # noqa: PLC0415

    try:
        return engine.images.get(name).labels.get(DIGEST_LABEL)
    except ImageNotFound:
        return None


def _build(
    engine: docker.DockerClient, name: str, context: io.BytesIO, *, dockerfile: str, digest: str
) -> None:
    from docker.errors import APIError, BuildError  # noqa: PLC0415

    try:
        engine.images.build(
            fileobj=context,
            custom_context=True,
            dockerfile=dockerfile,
            tag=name,
            labels={DIGEST_LABEL: digest},
            network_mode="host",
            rm=True,
            forcerm=True,
        )
    except BuildError as error:
        raise ImageBuildFailed(_explain(name, error.msg, list(error.build_log))) from error
    except APIError as error:
        raise ImageBuildFailed(_explain(name, str(error.explanation or error), [])) from error


def _explain(name: str, message: str, log: list[Any]) -> str:
    """Return one sentence that says why the build failed."""
    words = " ".join(message.split())
    said = [str(line.get("stream", "")).strip() for line in log if isinstance(line, dict)]
    started = any(line.startswith("--->") for line in said)
    if not started and any(sign in words for sign in NO_BASE_IMAGE):
        reason = f"its base image cannot be pulled ({words}); .ci/base-images makes it here"
        return f"{name} was not built, because {reason}"
    last = next((line for line in reversed(said) if line and not line.startswith(("Step ", "--->"))), "")
    return f"{name} was not built: {words}" + (f" (last output: {last[-300:]!r})" if last else "")
