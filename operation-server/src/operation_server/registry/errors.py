"""What can go wrong with models."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from operation_server.registry.gates.verdict import GateVerdict
from satellite.errors import SatelliteError


class ModelInvalid(SatelliteError):
    """The model, or the version of it, is not valid; `errors` lists each violation."""

    code = "model_invalid"
    refusal = "It cannot be registered"

    def __init__(self, violations: Sequence[Violation]) -> None:
        named = "; ".join(f"{each.pointer or '/'}: {each.message}" for each in violations)
        super().__init__(f"{self.refusal}: {named}")
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


class ModelGateClosed(SatelliteError):
    """A gate guards the alias, and the version does not pass it; `errors` lists what it misses."""

    code = "model_gate_closed"

    def __init__(self, name: str, alias: str, version: int, verdict: GateVerdict) -> None:
        told = "; ".join(verdict.faults)
        super().__init__(
            f"{name}@{version} does not pass the gate of {name}@{alias}: {told}. To move it anyway state "
            "`override` with a reason."
        )
        self.violations = tuple(Violation("/version", fault) for fault in verdict.faults)


class ModelAliasGuarded(SatelliteError):
    """A gate guards the alias, so it cannot be deleted."""

    code = "model_alias_guarded"


class ModelGateNotFound(SatelliteError):
    """The model has no gate."""

    code = "model_gate_not_found"


class EvaluationNotFound(SatelliteError):
    """The version has no such evaluation."""

    code = "evaluation_not_found"


class TrainingPointless(SatelliteError):
    """What the training makes could not be loaded."""

    code = "training_pointless"


class ModelVersionInUse(SatelliteError):
    """An alias names the version, or a job that has not ended asks it."""

    code = "model_version_in_use"
