"""What is said when the engine has no image, refuses a container, or does not answer."""

from __future__ import annotations

import structlog
from docker.errors import APIError, ImageNotFound

from analysis_server.runtimes.container.engine import ENGINE_FAULTS
from analysis_server.runtimes.run.plugin_input import InputTooLong, SecretMissing
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.contracts.plugin_manifest import PluginManifest

logger = structlog.get_logger(__name__)


def image_missing(manifest: PluginManifest) -> JobError:
    """Return the error of an image that the engine does not have."""
    image = manifest.docker_image
    return JobError(
        kind=ErrorKind.IMAGE,
        message=f"The engine has no image {image!r}. On the worker's machine run `docker pull {image}`, "
        f"or build it in the plugin's folder with `docker build -t {image} .`",
    )


def engine_fault(error: Exception) -> JobError:
    """Return the error of an engine that refused a call or did not answer."""
    if isinstance(error, APIError) and error.is_client_error():
        explanation = str(error.explanation or error)
        if "executable file not found" in explanation or "no such file or directory" in explanation:
            return JobError(
                kind=ErrorKind.IMAGE, message=f"The image cannot run the plugin's command: {explanation}"
            )
        return JobError(kind=ErrorKind.INTERNAL, message=f"The engine refused the container: {explanation}")
    return JobError(kind=ErrorKind.INTERNAL, message=f"The container engine does not answer: {error}")


def explain(error: Exception, manifest: PluginManifest) -> JobError:
    """Tell why a container could not be run."""
    if isinstance(error, InputTooLong | SecretMissing):
        return JobError(kind=error.kind, message=str(error))
    if isinstance(error, ImageNotFound):
        return image_missing(manifest)
    if isinstance(error, ENGINE_FAULTS):
        return engine_fault(error)
    logger.error("container not run", plugin=manifest.name, exc_info=error)
    return JobError(kind=ErrorKind.INTERNAL, message=f"The container runtime failed: {error}")
