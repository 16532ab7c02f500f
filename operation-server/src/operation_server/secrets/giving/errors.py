"""Why no secrets are given."""

from __future__ import annotations

from satellite.errors import SatelliteError


class SecretsMissing(SatelliteError):
    """The plugin needs secrets that the owner of the job has not granted it."""

    code = "secrets_missing"


class AttemptNotActive(SatelliteError):
    """This worker does not run this attempt."""

    code = "attempt_not_active"


class WorkerKeyUnfit(SatelliteError):
    """The public key of the worker is none."""

    code = "worker_key_unfit"
