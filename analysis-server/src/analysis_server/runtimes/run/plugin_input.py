"""What a plugin is handed besides its stdin: the input as an argument, and its secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping

from analysis_server.runtimes.port import RunRequest
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.plugin_manifest import InputVia, PluginManifest

ARGUMENT_BYTES_MAX = 128 * 1024 - 1
"""Linux's limit for one argument."""

SECRET_PREFIX = "SATELLITE_SECRET_"  # noqa: S105 - a prefix of names


class InputTooLong(ValueError):
    """The input does not fit into one argument."""

    kind = ErrorKind.INPUT


class SecretMissing(LookupError):
    """This worker does not have a secret that the plugin needs."""

    kind = ErrorKind.RESOURCES

    def __str__(self) -> str:
        """Return the message without the quotes of a key error."""
        return str(self.args[0])


class PluginSecrets:
    """The secrets of this worker: `SATELLITE_SECRET_<NAME>` of its environment."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Read from `environment`, by default the process's."""
        self._environment = os.environ if environment is None else environment

    def values(self, manifest: PluginManifest) -> dict[str, str]:
        """Return the secrets that the manifest names; raise `SecretMissing` for one that is not here."""
        found: dict[str, str] = {}
        for name in manifest.secrets:
            value = self._environment.get(SECRET_PREFIX + name)
            if value is None:
                raise SecretMissing(f"This worker has no secret {name}; set {SECRET_PREFIX}{name} for it.")
            found[name] = value
        return found


def job_arguments(request: RunRequest) -> list[str] | None:
    """Return the input as the one argument, None for a plugin that reads stdin."""
    if request.manifest.input_via is InputVia.STDIN:
        return None
    if len(request.input_json) > ARGUMENT_BYTES_MAX:
        raise InputTooLong(
            f"The input has {len(request.input_json)} bytes; as an argument it may have {ARGUMENT_BYTES_MAX}."
        )
    return [request.input_json.decode()]
