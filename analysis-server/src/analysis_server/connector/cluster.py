"""A cluster as its connector has it: who is asked, by which way, and what is told about it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta

from analysis_server.connector.agent import Agent
from analysis_server.connector.agent_messages import Launcher, LauncherKind, SubmitRequest
from analysis_server.connector.collecting import Collecting
from analysis_server.connector.early_outputs import EarlyOutputs
from analysis_server.connector.job_reports import JobReports
from analysis_server.connector.job_watch import JobWatch
from analysis_server.connector.output_watch import OutputWatch
from analysis_server.connector.patience import Patience
from analysis_server.connector.run_report import RunReport
from analysis_server.connector.staging import Staging
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.process.source import PluginSources
from analysis_server.runtimes.secrets.port import StoredSecrets
from satellite.contracts.cluster import ClusterSpec
from satellite.contracts.cluster_handle import folder_of


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What all attempts on a cluster share."""

    spec: ClusterSpec
    stack_id: str
    agent: Agent
    watch: JobWatch
    outputs: OutputWatch
    staging: Staging
    early: EarlyOutputs
    collecting: Collecting
    reports: JobReports
    secrets: StoredSecrets
    sources: PluginSources
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def patience(self) -> Patience:
        """Return what asks the cluster until it answers."""
        return Patience(self.closed)

    def submission_of(self, submit: SubmitRequest, secrets: dict[str, str]) -> SubmitRequest:
        """Return a submission with what the cluster itself is told to do with it."""
        launcher = Launcher(kind=LauncherKind(self.spec.launcher), stack=self.stack_id)
        return submit.model_copy(
            update={
                "launcher": launcher,
                "secrets": secrets,
                "allowed_roots": tuple(self.spec.allowed_roots),
            }
        )

    def report_of(self, request: RunRequest) -> RunReport:
        """Return what tells of an attempt."""
        return RunReport(
            self.reports,
            request.key,
            folder=f"{self.agent.known_base}/{folder_of(request.key)}",
            keep=timedelta(days=self.spec.keep_days),
        )

    def close(self) -> None:
        """Let go of all attempts; on the cluster they go on."""
        self.closed.set()
        self.watch.close()
        self.reports.close()
        self.agent.close()
