"""Why a plugin is not given its secrets."""

from __future__ import annotations

from satellite.contracts.outcome import ErrorKind


class SecretsNotGiven(Exception):
    """A plugin cannot be given its secrets; `kind` is what its job fails with."""

    kind = ErrorKind.INTERNAL


class SecretMissing(SecretsNotGiven):
    """There is no such secret for the job, and there will be none on the next attempt."""

    kind = ErrorKind.RESOURCES


class SecretsUnavailable(SecretsNotGiven):
    """The secrets cannot be had at this moment."""


class SecretPlaceUnfit(SecretsNotGiven):
    """This worker has no place in memory for the files of secrets."""

    kind = ErrorKind.RESOURCES
