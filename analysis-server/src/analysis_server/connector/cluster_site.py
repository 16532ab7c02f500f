"""The site of a connector: a cluster, with all that the worker of this process needs of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from analysis_server.connector.admission import OpenAdmission
from analysis_server.connector.agent import Agent, AgentRefused
from analysis_server.connector.cluster import Cluster
from analysis_server.connector.cluster_runtime import ClusterRuntime
from analysis_server.connector.collecting import Collecting
from analysis_server.connector.destination import destination_of
from analysis_server.connector.early_outputs import EarlyOutputs
from analysis_server.connector.job_reports import JobReports
from analysis_server.connector.job_watch import JobWatch
from analysis_server.connector.lookout import LOOK_EVERY_S, Lookout
from analysis_server.connector.output_watch import LOOK_EVERY_S as OUTPUTS_EVERY_S
from analysis_server.connector.output_watch import OutputWatch
from analysis_server.connector.retention import SWEEP_EVERY_S, Retention
from analysis_server.connector.ssh.connection import connect
from analysis_server.connector.ssh.errors import SshError
from analysis_server.connector.ssh.pool import ConnectionPool
from analysis_server.connector.staging import Staging
from analysis_server.connector.transfer_agent import TransferAgent
from analysis_server.execution.executor_service import ExecutorService, stored_secrets_of
from analysis_server.execution.local_executor import LocalExecutor
from analysis_server.lifecycle.site import Watch
from analysis_server.operation_api.client import APIRefused, APIUnavailable, OperationAPI
from analysis_server.operation_api.clusters import ClustersOfAPI
from analysis_server.runtimes.process.source import PluginSources
from analysis_server.settings import AnalysisSettings
from satellite.contracts.cluster import ClusterSpec
from satellite.contracts.cluster_needs import CLUSTER_LABEL, CLUSTER_RUNTIME
from satellite.contracts.cluster_nodes import ClusterNode
from satellite.contracts.task_names import canary_queue, cluster_queue
from satellite.contracts.worker import GPUCard, WorkerResources
from satellite.contracts.worker_class import ClassCard, WorkerClass

SHARED_ACCOUNT: Final = (
    "Jobs on a cluster share one account there, so that each can read what another has written."
)

logger = structlog.get_logger(__name__)


class ClusterUnknown(Exception):
    """The operation server knows no such cluster, or nobody has confirmed its host's key."""


class ClusterSite:
    """A cluster that was met: what it has is known, and it is asked again and again."""

    runs_outlive_worker = outlives_all = True
    weaknesses = (SHARED_ACCOUNT,)

    def __init__(self, settings: AnalysisSettings, *, name: str) -> None:
        """Ask the operation server for the cluster, and meet it.

        Raises:
            APIUnavailable, APIRefused: the operation server does not tell of it.
            ClusterUnknown: there is no such cluster, or it is not to be connected to.
            SshError, AgentRefused: the cluster cannot be asked; the operation server was told.
        """
        worker = settings.worker
        self._name = name
        api = _api_of(settings)
        self._clusters = ClustersOfAPI(api, worker=worker.name)
        self._spec, key = self._find()
        self._pool = ConnectionPool(lambda: connect(destination_of(self._spec, key)))
        agent = Agent(self._pool, base_dir=self._spec.base_dir, python=self._spec.python)
        transfers = TransferAgent(agent, self._pool)
        reports = JobReports(api, worker=worker.name, cluster=name)
        self._cluster = Cluster(
            spec=self._spec,
            stack_id=worker.stack_id,
            agent=agent,
            watch=JobWatch(agent),
            outputs=OutputWatch(agent),
            staging=Staging(transfers),
            early=EarlyOutputs(transfers),
            collecting=Collecting(transfers),
            reports=reports,
            secrets=stored_secrets_of(worker, settings.variables),
            sources=PluginSources(worker.plugin_dirs),
        )
        self._lookout = Lookout(
            self._spec,
            agent=agent,
            pool=self._pool,
            api=self._clusters,
            counts=self._cluster.watch.counts,
        )
        self._meet()
        self._retention = Retention(agent, reports, keep_days=self._spec.keep_days)
        runtime = ClusterRuntime(self._cluster)
        redis_url = settings.broker.redis_url
        self.executor = LocalExecutor(ExecutorService(runtime, redis_url=redis_url, worker=worker.name))
        self.admission = OpenAdmission(total=self._total, free=self._free)
        self.worker_class = self._describe_class(worker.queues)
        self.queues = [cluster_queue(name), canary_queue(worker.name)]
        self.why = f"The cluster {name}, which is reached by SSH as {self._spec.user}@{self._spec.host}."

    @property
    def slots(self) -> int:
        """Return how many attempts may be there at the same time."""
        return self._spec.slots

    @property
    def takes_jobs(self) -> bool:
        """Tell whether further attempts may begin there."""
        return not self._spec.draining

    def describe(self) -> dict[str, object]:
        """Return its cards, and how it is."""
        return {"cards": self._cards(), "cluster": self._lookout.room()}

    def watches(self, gone: Callable[[str], None]) -> Sequence[Watch]:
        """Return the lookout, the watch of outputs, and what removes old folders."""
        return [
            Watch("cluster", lambda: self._look(gone), LOOK_EVERY_S),
            Watch("cluster-outputs", self._cluster.outputs.look, OUTPUTS_EVERY_S),
            Watch("retention", self._retention.sweep, SWEEP_EVERY_S),
        ]

    def _find(self) -> tuple[ClusterSpec, str]:
        known = self._clusters.fetch()
        spec = known.specs.get(self._name)
        if spec is None or not spec.trusted or self._name not in known.private_keys:
            raise ClusterUnknown(f"There is no cluster {self._name} that may be connected to.")
        return spec, known.private_keys[self._name]

    def _meet(self) -> None:
        try:
            self._lookout.meet()
        except (SshError, AgentRefused) as error:
            self._lookout.note_failure(error)
            self._lookout.tell()
            raise

    def _look(self, gone: Callable[[str], None]) -> None:
        answer = self._lookout.look()
        if answer is None or answer.generation == self._spec.generation:
            self._end_if_outgrown(gone)
            return
        try:
            spec, _ = self._find()
        except (APIUnavailable, APIRefused) as error:
            logger.info("cluster not asked for again", reason=str(error))
        except ClusterUnknown as error:
            gone(str(error))
        else:
            self._change(spec, gone)

    def _change(self, spec: ClusterSpec, gone: Callable[[str], None]) -> None:
        """Take over what needs no other connection; all else begins with another process."""
        same = self._spec.model_copy(update={"draining": spec.draining, "generation": spec.generation})
        if same != spec:
            gone("the cluster was changed")
            return
        self._spec = spec
        self._lookout.know(spec)

    def _end_if_outgrown(self, gone: Callable[[str], None]) -> None:
        # Placement looks at the heartbeat; what this process refuses goes by what it met.
        if self._lookout.room().makes != list(self.worker_class.nodes):
            gone("the cluster has other nodes than before")

    def _describe_class(self, queues: Sequence[str]) -> WorkerClass:
        total = self._total()
        return WorkerClass(
            queues=queues,
            runtimes=[CLUSTER_RUNTIME],
            labels={**self._spec.labels, CLUSTER_LABEL: self._name},
            cpus=total.cpus,
            memory_mib=total.memory_mib,
            cards=[ClassCard(name=card.name, memory_mib=card.memory_mib) for card in self._cards()],
            nodes=self._lookout.room().makes,
        )

    def _nodes(self) -> list[ClusterNode]:
        return self._lookout.nodes

    def _cards(self) -> list[GPUCard]:
        return [
            GPUCard(uuid=card.uuid, name=card.name, memory_mib=card.memory_mib)
            for node in self._nodes()
            for card in node.cards
        ]

    def _total(self) -> WorkerResources:
        nodes = self._nodes()
        return WorkerResources(
            cpus=sum(node.cpus for node in nodes),
            memory_mib=sum(node.memory_mib for node in nodes),
            gpus=sum(len(node.cards) for node in nodes),
            gpu_memory_mib=max((card.memory_mib for node in nodes for card in node.cards), default=0),
        )

    def _free(self) -> WorkerResources:
        total = self._total()
        free = [card for node in self._nodes() for card in node.cards if card.holder is None]
        return total.model_copy(
            update={
                "gpus": len(free),
                "gpu_memory_mib": max((card.memory_mib for card in free), default=0),
            }
        )


def _api_of(settings: AnalysisSettings) -> OperationAPI:
    """Return the operation server's API.

    Raises:
        ClusterUnknown: nobody has said where it is.
    """
    url, token = settings.worker.api_url, settings.worker.api_token
    if url is None or token is None:
        raise ClusterUnknown(
            "A connector needs SATELLITE_WORKER_API_URL and SATELLITE_WORKER_API_TOKEN: "
            "clusters and their keys are known to the API alone."
        )
    return OperationAPI(url, token, ca_file=settings.variables.ca_file)
