"""What can go wrong with models."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class ModelInvalid(SatelliteError):
    """The model, or the version of it, is not valid; `errors` lists each violation."""

    code = "model_invalid"

    def __init__(self, violations: Sequence[Violation]) -> None:
        named = "; ".join(f"{each.pointer or '/'}: {each.message}" for each in violations)
        super().__init__(f"It cannot be registered: {named}")
        self.violations = tuple(violations)


class ModelNotFound(SatelliteError):
    """There is no such model."""

    code = "model_not_found"


class ModelVersionNotFound(SatelliteError):
    """The model has no such version, or it was deleted."""

    code = "model_version_not_found"


class ModelAliasNotFound(SatelliteError):
    """The model has no such alias."""

    code = "model_alias_not_found"


class ModelTaken(SatelliteError):
    """A model of this name exists with another signature or description; choose another name."""

    code = "model_taken"


class ModelNotYours(SatelliteError):
    """A model belongs to who registered it; ask them or an admin."""

    code = "model_not_yours"


class ModelVersionInUse(SatelliteError):
    """An alias names the version, or a job that has not ended asks it."""

    code = "model_version_in_use"
