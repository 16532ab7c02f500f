"""What a plugin is handed besides its stdin: the input as an argument, and its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import SecretStr

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


@dataclass(frozen=True, slots=True)
class PluginSecrets:
    """The secrets of a worker by their names: `SATELLITE_SECRET_<NAME>` of its environment."""

    known: Mapping[str, SecretStr] = field(default_factory=dict)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Take what an environment holds."""
        return cls(
            {
                name.removeprefix(SECRET_PREFIX): SecretStr(value)
                for name, value in environ.items()
                if name.startswith(SECRET_PREFIX)
            }
        )

    def values(self, manifest: PluginManifest) -> dict[str, str]:
        """Return the secrets that the manifest names; raise `SecretMissing` for one that is not here."""
        found: dict[str, str] = {}
        for name in manifest.secrets:
            value = self.known.get(name)
            if value is None:
                raise SecretMissing(f"This worker has no secret {name}; set {SECRET_PREFIX}{name} for it.")
            found[name] = value.get_secret_value()
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
