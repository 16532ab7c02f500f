"""The input of a plugin that takes it as an argument."""

from __future__ import annotations

from analysis_server.runtimes.port import RunRequest
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.plugin_manifest import InputVia

ARGUMENT_BYTES_MAX = 128 * 1024 - 1
"""Linux's limit for one argument."""


class InputTooLong(ValueError):
    """The input is more than its plugin can be given."""

    kind = ErrorKind.INPUT


def job_arguments(request: RunRequest) -> list[str] | None:
    """Return the input as the one argument, None for a plugin that reads stdin."""
    if request.manifest.input_via is InputVia.STDIN:
        return None
    if len(request.input_json) > ARGUMENT_BYTES_MAX:
        raise InputTooLong(
            f"The input has {len(request.input_json)} bytes; as an argument it may have {ARGUMENT_BYTES_MAX}."
        )
    return [request.input_json.decode()]
