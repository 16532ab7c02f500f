"""The port of a site: where the plugins of a worker run, and what there is of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from analysis_server.execution.admission.port import Admission
from analysis_server.execution.executor import PluginExecutor
from satellite.contracts.worker_class import WorkerClass


class Watch(NamedTuple):
    """Something of a site that is looked at again and again."""

    name: str
    look: Callable[[], None]
    interval_s: float


class Site(Protocol):
    """The machine of a worker, or a cluster that it speaks for."""

    @property
    def worker_class(self) -> WorkerClass:
        """Return what placement looks at."""

    @property
    def queues(self) -> Sequence[str]:
        """Return the broker's queues whose jobs can run there."""

    @property
    def why(self) -> str:
        """Return why its runtimes are these."""

    @property
    def weaknesses(self) -> Sequence[str]:
        """Return what plugins are not kept from, a sentence each."""

    @property
    def executor(self) -> PluginExecutor:
        """Return what runs plugins."""

    @property
    def admission(self) -> Admission:
        """Return what says when they may begin."""

    @property
    def runs_outlive_worker(self) -> bool:
        """Tell whether runs go on without their worker, and others can go on with them."""

    @property
    def outlives_all(self) -> bool:
        """Tell whether all that runs there goes on without its worker, so that a leaving one ends nothing."""

    @property
    def takes_jobs(self) -> bool:
        """Tell whether further attempts may begin there."""

    def describe(self) -> dict[str, object]:
        """Return what a heartbeat tells of it."""

    def watches(self, gone: Callable[[str], None]) -> Sequence[Watch]:
        """Return what is to be looked at; `gone` takes why the worker has to begin anew."""
