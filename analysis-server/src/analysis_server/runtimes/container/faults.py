"""What is said when the engine has no image, refuses a container, or does not answer."""

from __future__ import annotations

import re
from typing import Final

import structlog
from docker.errors import APIError, ImageNotFound

from analysis_server.runtimes.container.creation import EngineUnfit
from analysis_server.runtimes.container.engine import ENGINE_FAULTS, ImageReferenceBad
from analysis_server.runtimes.container.fenced_network import NetworkUnfenced
from analysis_server.runtimes.container.folder import FolderUnseen
from analysis_server.runtimes.run.model_files import ModelChanged
from analysis_server.runtimes.run.plugin_input import InputTooLong
from analysis_server.runtimes.run.start_failure import NOT_ALLOWED, NOT_THERE, WRONG_FORMAT
from analysis_server.runtimes.run.verdict import cannot_run
from analysis_server.runtimes.secrets.errors import SecretsNotGiven
from satellite.contracts.image_reference import WANTED
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.contracts.plugin_manifest import PluginManifest

logger = structlog.get_logger(__name__)

TOLD_CHARS: Final = 500

NO_COMMAND: Final = (
    "the image has neither ENTRYPOINT nor CMD, or the program has no name. Add one, or give `command` in the "
    "manifest."
)
NO_PLACE: Final = "a VOLUME of the image lies where nothing can be mounted. Leave it out."
NO_FOLDER: Final = "the image's WORKDIR is no folder that can be entered. Correct it."
_RUNC: Final = r"start(?:ing)? container process(?: caused)?: exec:"
_OF_THE_IMAGE: Final = {
    r"No command specified|no command or entrypoint": NO_COMMAND,
    r"error mounting .* to rootfs": NO_PLACE,
    r"working directory .* is invalid|chdir to cwd|not a directory": NO_FOLDER,
    rf"{_RUNC}.* permission denied": NOT_ALLOWED,
    rf"{_RUNC}.* format error": WRONG_FORMAT,
    rf"{_RUNC}|executable file .*not found": NOT_THERE,
}
"""What engines say of an image that will do no better on the next attempt; other refusals may pass."""


def image_missing(manifest: PluginManifest) -> JobError:
    """Return the error of an image that the engine does not have."""
    image = manifest.docker_image
    return JobError(
        kind=ErrorKind.IMAGE,
        message=f"The engine has no image {image!r}. On the worker's machine run `docker pull {image}`, "
        f"or build it in the plugin's folder with `docker build -t {image} .`",
    )


def no_reference(manifest: PluginManifest) -> JobError:
    """Return the error of an image under whose name no engine can have one."""
    return JobError(
        kind=ErrorKind.IMAGE,
        message=f"{manifest.docker_image[:200]!r} cannot be an image: {WANTED}. Register the plugin with "
        "such a name under a new version.",
    )


def engine_fault(error: Exception, manifest: PluginManifest) -> JobError:
    """Return the error of an engine that lacks something, refused a call or did not answer."""
    if isinstance(error, NetworkUnfenced):
        # This worker will have none on the next attempt either.
        return JobError(kind=ErrorKind.RESOURCES, message=str(error))
    if isinstance(error, EngineUnfit):
        return JobError(kind=ErrorKind.INTERNAL, message=str(error))
    if not isinstance(error, APIError):
        return JobError(kind=ErrorKind.INTERNAL, message=f"The container engine does not answer: {error}")
    explanation = str(error.explanation or error)
    if "invalid reference format" in explanation:
        return no_reference(manifest)
    for pattern, reason in _OF_THE_IMAGE.items():
        if re.search(pattern, explanation):
            told = f"{reason} The engine says: {explanation[:TOLD_CHARS]}"
            return cannot_run(manifest, told)
    return JobError(kind=ErrorKind.INTERNAL, message=f"The engine refused the container: {explanation}")


def explain(error: Exception, manifest: PluginManifest) -> JobError:
    """Tell why a container could not be run."""
    if isinstance(error, InputTooLong | SecretsNotGiven):
        return JobError(kind=error.kind, message=str(error))
    if isinstance(error, FolderUnseen | ModelChanged):
        # Another worker may have one that its engine finds.
        return JobError(kind=ErrorKind.INTERNAL, message=str(error))
    if isinstance(error, ImageReferenceBad):
        return no_reference(manifest)
    if isinstance(error, ImageNotFound):
        return image_missing(manifest)
    if isinstance(error, (EngineUnfit, NetworkUnfenced, *ENGINE_FAULTS)):
        return engine_fault(error, manifest)
    logger.error("container not run", plugin=manifest.name, exc_info=error)
    return JobError(kind=ErrorKind.INTERNAL, message=f"The container runtime failed: {error}")
