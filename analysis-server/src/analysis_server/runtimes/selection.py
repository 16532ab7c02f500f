"""Which runtime a worker uses, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from analysis_server.runtimes.container.engine import ENGINE_FAULTS, probe
from analysis_server.runtimes.container.engine_address import EngineAddress
from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import Runtime
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.shelf import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables

RuntimeName = Literal["container", "process"]
RuntimePreference = Literal["auto", "container", "process"]

NOT_ISOLATED = "plugins are limited but not isolated from this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeChoice:
    """The name of the runtime, and a sentence on why it is this one."""

    name: RuntimeName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOptions:
    """What the runtimes need to know of their worker."""

    stack_id: str
    state_dir: Path
    plugin_dir: Path | None = None
    uv: str | None = None
    servers: ServerLimits = field(default_factory=ServerLimits)
    standby: StandbyLimits = field(default_factory=StandbyLimits)
    variables: WorkerVariables = field(default_factory=WorkerVariables)


def choose_runtime(preference: RuntimePreference, engine: EngineAddress) -> RuntimeChoice:
    """Follow the preference; `auto` takes containers if an engine answers within 2 s."""
    if preference == "process":
        return RuntimeChoice(
            name="process", reason=f"Processes, because the settings say so; {NOT_ISOLATED}."
        )
    try:
        version = probe(engine)
    except ENGINE_FAULTS as error:
        if preference == "container":
            return RuntimeChoice(
                name="container",
                reason=f"Containers, because the settings say so, but no engine answers now: {error}",
            )
        return RuntimeChoice(
            name="process", reason=f"Processes, because no container engine answers; {NOT_ISOLATED}."
        )
    because = (
        "the settings say so" if preference == "container" else f"a container engine ({version}) answers"
    )
    return RuntimeChoice(name="container", reason=f"Containers, because {because}.")


def make_runtime(name: RuntimeName, options: RuntimeOptions) -> Runtime:
    """Build a runtime."""
    if name == "container":
        return ContainerRuntime(
            stack_id=options.stack_id,
            variables=options.variables,
            servers=options.servers,
            standby=options.standby,
        )
    return ProcessRuntime(
        stack_id=options.stack_id,
        state_dir=options.state_dir,
        plugin_dir=options.plugin_dir,
        uv=options.uv,
        variables=options.variables,
        servers=options.servers,
        standby=options.standby,
    )
