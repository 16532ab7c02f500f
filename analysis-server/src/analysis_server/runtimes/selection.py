"""Which runtimes a worker has, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from analysis_server.runtimes.container.engine import ENGINE_FAULTS, probe
from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.kubernetes.options import KubernetesOptions
from analysis_server.runtimes.port import Runtime
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.runtime_set import RuntimeSet
from analysis_server.runtimes.secrets.giving import SecretGiver
from analysis_server.runtimes.secrets.place import SecretPlace
from analysis_server.runtimes.secrets.port import NoStoredSecrets, StoredSecrets
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.container_engine.address import EngineAddress
from satellite.contracts.requires import RuntimeName

RuntimePreference = Literal["auto", "container", "process", "container,process", "kubernetes"]
"""Containers stand first: what requires no runtime gets the one that isolates it."""

NOT_ISOLATED = "plugins are limited but not isolated from this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeChoice:
    """The runtimes, the first one for plugins that require none, and a sentence on why it is these."""

    names: tuple[RuntimeName, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOptions:
    """What the runtimes need to know of their worker."""

    stack_id: str
    state_dir: Path
    files_dir: Path
    plugin_dirs: Sequence[Path] = ()
    uv: str | None = None
    containers: ContainerOptions = field(default_factory=ContainerOptions)
    kubernetes: KubernetesOptions = field(default_factory=KubernetesOptions)
    servers: ServerLimits = field(default_factory=ServerLimits)
    standby: StandbyLimits = field(default_factory=StandbyLimits)
    variables: WorkerVariables = field(default_factory=WorkerVariables)
    stored_secrets: StoredSecrets = field(default_factory=NoStoredSecrets)
    secret_place: SecretPlace = field(default_factory=SecretPlace)

    def secrets(self) -> SecretGiver:
        """Return what gives plugins of one runtime their secrets."""
        return SecretGiver(self.variables.secrets, self.stored_secrets, self.secret_place)


def choose_runtimes(preference: RuntimePreference, engine: EngineAddress) -> RuntimeChoice:
    """Follow the preference; `auto` takes containers if an engine answers within 2 s."""
    if preference == "process":
        return RuntimeChoice(
            names=("process",), reason=f"Processes, because the settings say so; {NOT_ISOLATED}."
        )
    if preference == "kubernetes":
        return RuntimeChoice(names=("kubernetes",), reason="Pods of Kubernetes, because the settings say so.")
    names: tuple[RuntimeName, ...] = ("container",)
    also = ""
    if preference == "container,process":
        names, also = (
            ("container", "process"),
            f" Processes too, for plugins that require them; {NOT_ISOLATED}.",
        )
    try:
        version = probe(engine)
    except ENGINE_FAULTS as error:
        if preference != "auto":
            because = f"the settings say so, but {engine.problem() or error}"
            return RuntimeChoice(names=names, reason=f"Containers, because {because}{also}")
        return RuntimeChoice(
            names=("process",), reason=f"Processes, because {engine.problem() or error}; {NOT_ISOLATED}."
        )
    because = "the settings say so" if preference != "auto" else f"a container engine ({version}) answers"
    return RuntimeChoice(names=names, reason=f"Containers, because {because}.{also}")


def make_runtimes(names: Sequence[RuntimeName], options: RuntimeOptions) -> Runtime:
    """Build the runtimes of a worker; several are one behind the same port."""
    made = {name: _make(name, options) for name in names}
    return RuntimeSet(made) if len(made) > 1 else made[names[0]]


def _make(name: RuntimeName, options: RuntimeOptions) -> Runtime:
    if name == "container":
        return ContainerRuntime(
            stack_id=options.stack_id,
            files_dir=options.files_dir,
            options=options.containers,
            variables=options.variables,
            secrets=options.secrets(),
            servers=options.servers,
            standby=options.standby,
        )
    if name == "kubernetes":
        # Its client takes a second and 60 MB, which others need not spend.
        from analysis_server.runtimes.kubernetes.runtime import KubernetesRuntime  # noqa: PLC0415

        return KubernetesRuntime(
            stack_id=options.stack_id,
            options=options.kubernetes,
            secrets=options.secrets(),
            standby=options.standby,
        )
    return ProcessRuntime(
        stack_id=options.stack_id,
        state_dir=options.state_dir,
        plugin_dirs=options.plugin_dirs,
        uv=options.uv,
        variables=options.variables,
        secrets=options.secrets(),
        servers=options.servers,
        standby=options.standby,
    )
