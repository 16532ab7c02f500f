"""Looks at a cluster every few seconds, and tells the operation server how it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from analysis_server.connector.agent import Agent, AgentRefused
from analysis_server.connector.agent_messages import Hello, PollAnswer, PollRequest, RemoteFacts
from analysis_server.connector.facts import checks_of, nodes_of
from analysis_server.connector.ssh.errors import (
    AuthRefused,
    HostKeyChanged,
    HostKeyUnknown,
    KeyUnusable,
    SshError,
)
from analysis_server.connector.ssh.pool import ConnectionPool
from analysis_server.operation_api.client import APIRefused, APIUnavailable
from analysis_server.operation_api.clusters import ClustersOfAPI
from satellite.contracts.cluster import ClusterReport, ClusterReportAnswer, ClusterSpec
from satellite.contracts.cluster_nodes import ClusterNode, ClusterRoom, ClusterState

LOOK_EVERY_S: Final = 5.0

logger = structlog.get_logger(__name__)


class Lookout:
    """Remembers what was seen last, which the heartbeat of the cluster's worker tells too."""

    def __init__(
        self,
        spec: ClusterSpec,
        *,
        agent: Agent,
        pool: ConnectionPool,
        api: ClustersOfAPI,
        counts: Callable[[], tuple[int, int]],
    ) -> None:
        """Look at nothing yet; `counts` tells how many jobs wait for cards there, and how many run."""
        self._spec = spec
        self._agent = agent
        self._pool = pool
        self._api = api
        self._cached: list[str] = []
        self._counts = counts
        self._lock = threading.Lock()
        self._hello: Hello | None = None
        self._facts: RemoteFacts | None = None
        self._rtt_ms: float | None = None
        self._probe = 0
        self.state = ClusterState.UNREACHABLE
        self.reason = "It was not looked at yet."

    def meet(self) -> Hello:
        """Return what the cluster is.

        Raises:
            SshError, AgentRefused: it cannot be asked.
        """
        hello = self._agent.ask("hello", None, Hello)
        self._hello, self._facts = hello, hello.facts
        self.state, self.reason = ClusterState.READY, ""
        return hello

    @property
    def nodes(self) -> list[ClusterNode]:
        """Return its nodes as they were seen last."""
        if self._hello is None or self._facts is None:
            return []
        return nodes_of(self._hello, self._facts)

    def room(self) -> ClusterRoom:
        """Return what the heartbeat says of it."""
        return self._report().room

    def know(self, spec: ClusterSpec) -> None:
        """Go by a cluster that was changed in what does not matter here."""
        self._spec = spec

    def look(self) -> ClusterReportAnswer | None:
        """Look once, and tell; return what the operation server wants, None while it does not answer."""
        with self._lock:
            try:
                self._look()
            except (SshError, AgentRefused) as error:
                self.note_failure(error)
            return self.tell()

    def note_failure(self, error: Exception) -> None:
        """Remember why the cluster could not be looked at."""
        self.state, self.reason = state_of(error), str(error)

    def tell(self) -> ClusterReportAnswer | None:
        """Tell how the cluster is; None while the operation server does not answer."""
        try:
            answer = self._api.report(self._report())
        except (APIUnavailable, APIRefused) as error:
            logger.info("cluster not reported", cluster=self._spec.name, reason=str(error))
            return None
        if answer.probe > self._probe:
            self._hello, self._probe = None, answer.probe
        return answer

    def _look(self) -> None:
        began_s = time.perf_counter()
        if self._hello is None:
            self.meet()
            return
        answer = self._agent.ask("poll", PollRequest(jobs={}, facts=True), PollAnswer)
        self._rtt_ms = (time.perf_counter() - began_s) * 1000
        self._facts = answer.facts or self._facts
        self._cached = list(self._agent.ask_plainly("cached", {}).get("digests", []))
        self.state, self.reason = ClusterState.READY, ""

    def _report(self) -> ClusterReport:
        waiting, running = self._counts()
        disk = None if self._facts is None else self._facts.disk
        return ClusterReport(
            name=self._spec.name,
            generation=self._spec.generation,
            state=self.state,
            reason=self.reason[:1_000],
            rtt_ms=self._rtt_ms,
            nodes=self.nodes,
            disk_free_mib=disk and disk.free_mib,
            disk_total_mib=disk and disk.total_mib,
            waiting=waiting,
            running=running,
            connections=self._pool.connections,
            cached_digests=self._cached,
            checks=[] if self._hello is None else checks_of(self._hello),
            probe=self._probe,
            seen_at=datetime.now(UTC),
        )


def state_of(error: Exception) -> ClusterState:
    """Return what a failure makes of a cluster."""
    if isinstance(error, HostKeyChanged):
        return ClusterState.UNTRUSTED
    if isinstance(error, HostKeyUnknown):
        return ClusterState.UNCONFIRMED
    if isinstance(error, AuthRefused | KeyUnusable):
        return ClusterState.REFUSED
    return ClusterState.UNREACHABLE
