"""What can go wrong with rollouts."""

from __future__ import annotations

from operation_server.registry.errors import ModelInvalid
from satellite.errors import SatelliteError


class RolloutInvalid(ModelInvalid):
    """The rollout cannot be begun; `errors` lists each violation."""

    code = "rollout_invalid"
    refusal = "The rollout cannot begin"


class RolloutNotFound(SatelliteError):
    """The model has no rollout, or none that is running."""

    code = "rollout_not_found"
