"""The port by which runtimes get stored secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from analysis_server.runtimes.secrets.errors import SecretMissing
from satellite.contracts.identity import AttemptKey


class StoredSecrets(Protocol):
    """Fetches the secrets of attempts. Safe to use from any thread."""

    def fetch(self, key: AttemptKey) -> Mapping[str, str]:
        """Return the values of the secrets that the plugin of an attempt needs, by their names.

        Raises:
            SecretMissing: one of them is not there, or this worker may not ask.
            SecretsUnavailable: nobody answers.
        """


class NoStoredSecrets:
    """Of a worker that was not told where to ask."""

    def fetch(self, key: AttemptKey) -> Mapping[str, str]:
        """Refuse.

        Raises:
            SecretMissing: in any case.
        """
        del key
        raise SecretMissing(
            "This worker cannot ask for stored secrets; set SATELLITE_WORKER_API_URL and "
            "SATELLITE_WORKER_API_TOKEN for it."
        )
