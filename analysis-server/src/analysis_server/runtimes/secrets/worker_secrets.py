"""Secrets that the worker itself has: variables that its operator has set, the same for all users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import SecretStr

from analysis_server.runtimes.secrets.errors import SecretMissing
from satellite.contracts.plugin_manifest import PluginManifest

SECRET_PREFIX = "SATELLITE_SECRET_"  # noqa: S105 - a prefix of names


@dataclass(frozen=True, slots=True)
class WorkerSecrets:
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
        """Return those that the manifest names; raise `SecretMissing` for one that is not here."""
        found: dict[str, str] = {}
        for name in manifest.worker_secrets:
            value = self.known.get(name)
            if value is None:
                raise SecretMissing(f"This worker has no secret {name}; set {SECRET_PREFIX}{name} for it.")
            found[name] = value.get_secret_value()
        return found
