"""Which runtime the local stack uses, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum

from satellite.container_engine.address import EngineAddress


class RuntimeOption(StrEnum):
    """What `--runtime` takes."""

    AUTO = "auto"
    CONTAINER = "container"
    PROCESS = "process"
    BOTH = "container,process"

    @property
    def has_containers(self) -> bool:
        """Tell whether a container engine is used."""
        return self in {RuntimeOption.CONTAINER, RuntimeOption.BOTH}


@dataclass(frozen=True, kw_only=True)
class RuntimeDecision:
    """The runtime and, in words, why."""

    runtime: RuntimeOption
    reason: str


def decide_runtime(option: RuntimeOption) -> RuntimeDecision:
    """Return the runtime to use; `auto` takes containers wherever an engine answers."""
    if option is not RuntimeOption.AUTO:
        return RuntimeDecision(runtime=option, reason="asked for")
    problem = EngineAddress.read(os.environ).problem()
    if problem is None:
        return RuntimeDecision(runtime=RuntimeOption.CONTAINER, reason="a container engine answers")
    return RuntimeDecision(runtime=RuntimeOption.PROCESS, reason=problem)
