"""The runtime of a cluster on a real host: plugins with their source, files, answers and faults."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from analysis_server.connector.agent import Agent
from analysis_server.connector.cluster import Cluster
from analysis_server.connector.cluster_runtime import ClusterRuntime
from analysis_server.connector.collecting import Collecting
from analysis_server.connector.early_outputs import LARGE_BYTES, EarlyOutputs
from analysis_server.connector.job_reports import JobReports
from analysis_server.connector.job_watch import JobWatch
from analysis_server.connector.output_watch import OutputWatch
from analysis_server.connector.ssh.connection import connect
from analysis_server.connector.ssh.pool import ConnectionPool
from analysis_server.connector.staging import Staging
from analysis_server.connector.transfer_agent import TransferAgent
from analysis_server.runtimes.port import FetchedInputs, InputPlace, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.process.source import PluginSources
from satellite.contracts.cluster import ClusterSpec
from satellite.contracts.cluster_handle import handle_of, place_of_cluster
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.testing import RecordingListener
from tests.fixtures.servers import wait_until
from tests.fixtures.ssh import SshHost, ssh_host

PLUGIN = """
import json, os, sys, time
from satellite.plugin import report_progress
job = json.load(sys.stdin)
print("a line of the log", file=sys.stderr)
report_progress(0.5, "half")
if job.get("file"):
    text = open(job["file"]).read()
else:
    text = job.get("text", "")
with open(os.environ["SATELLITE_OUTPUT_DIR"] + "/copy.txt", "w") as out:
    out.write(text)
if job.get("large"):
    large = os.environ["SATELLITE_OUTPUT_DIR"] + "/model.bin"
    with open(large, "wb") as out:
        out.write(b"a" * job["large"])
    while not os.path.exists(job["until"]):
        time.sleep(0.05)
    with open(large, "r+b") as out:
        out.write(job["then"].encode())
if job.get("exit"):
    sys.exit(job["exit"])
print(json.dumps(job.get("answer", {"length": len(text)})))
"""


class Secrets:
    """Stored secrets of any attempt."""

    def fetch(self, key: AttemptKey) -> Mapping[str, str]:
        del key
        return {"TOKEN": "a-secret-of-the-job"}


class Told:
    """What would be told the operation server."""

    def __init__(self) -> None:
        self.news: list[dict[str, Any]] = []

    def tell(self, key: AttemptKey, **news: Any) -> None:
        del key
        self.news.append(news)

    def close(self) -> None:
        pass

    @property
    def brought(self) -> list[int]:
        transfers = [transfer for each in self.news for transfer in each.get("transfers", [])]
        return [transfer.size_bytes for transfer in transfers if transfer.direction == "out"]

    @property
    def phases(self) -> list[str]:
        return [each["phase"] for each in self.news if each.get("phase")]


class Lab:
    """A runtime, and the plugin that it runs."""

    def __init__(self, host: SshHost, plugin_dir: Path) -> None:
        self.host = host
        self.plugin_dir = plugin_dir
        self.told = Told()
        self.pool = ConnectionPool(lambda: connect(host.destination()))
        agent = Agent(self.pool, base_dir=str(host.base_folder), python="python3")
        transfers = TransferAgent(agent, self.pool)
        spec = ClusterSpec(
            name="lab", host=host.address, user=host.user, base_dir=str(host.base_folder), trusted=True
        )
        self.cluster = Cluster(
            spec=spec,
            stack_id="tests",
            agent=agent,
            watch=JobWatch(agent),
            outputs=OutputWatch(agent),
            staging=Staging(transfers),
            early=EarlyOutputs(transfers, settled_after_s=0),
            collecting=Collecting(transfers),
            reports=cast("JobReports", self.told),
            secrets=Secrets(),
            sources=PluginSources([plugin_dir]),
        )
        self.runtime = ClusterRuntime(self.cluster)
        self._collected = plugin_dir / "collected"

    def manifest(self, **changes: Any) -> PluginManifest:
        manifest = PluginManifest.model_validate(
            {
                "name": "measure",
                "version": "1",
                "docker_image": "none",
                "command": ["python", "main.py"],
                "requires": {"runtime": "cluster"},
                "input_schema": {},
                "output_schema": {"type": "object", "required": ["length"]},
                **changes,
            }
        )
        folder = self.plugin_dir / manifest.name
        folder.mkdir(exist_ok=True)
        (folder / "plugin.json").write_text(manifest.model_dump_json())
        (folder / "main.py").write_text(PLUGIN)
        return manifest

    def request(self, job: Any, manifest: PluginManifest | None = None, **options: Any) -> RunRequest:
        manifest = manifest or self.manifest()
        shutil.rmtree(self._collected, ignore_errors=True)
        self._collected.mkdir()
        return RunRequest(
            job_id=7,
            attempt=1,
            uid=uuid4(),
            owner_id=1,
            worker="cluster-lab",
            plugin_digest=manifest.digest(),
            manifest_json=manifest.model_dump_json(),
            input_json=json.dumps(job).encode(),
            timeout_s=60,
            collect_into=str(self._collected),
            **options,
        )

    def looked_for(self, size: int) -> bool:
        """Look at what is written there, and tell whether a file of this size has come here."""
        self.cluster.outputs.look()
        return any(path.stat().st_size == size and not path.suffix for path in self._collected.iterdir())

    def run(self, job: Any, ear: RecordingListener | None = None, **options: Any) -> RunResult:
        return self.runtime.run(self.request(job, **options), ear or RecordingListener())


@pytest.fixture(scope="module")
def host() -> Iterator[SshHost]:
    with ssh_host() as host:
        yield host


@pytest.fixture
def lab(host: SshHost, tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(host, tmp_path)
    try:
        yield lab
    finally:
        lab.runtime.close()
        lab.pool.close()


def test_a_plugin_runs_with_its_source_and_answers(lab: Lab) -> None:
    ear = RecordingListener()
    result = lab.run({"text": "four"}, ear)
    assert result.status is RunStatus.COMPLETED, result.error
    assert json.loads(result.result_json or b"") == {"length": 4}
    (output,) = result.outputs
    assert (output.name, Path(output.path).read_text()) == ("copy.txt", "four")
    assert "a line of the log" in ear.lines
    assert result.log is not None
    assert "a line of the log" in result.log.text()
    assert result.progress == 0.5
    assert lab.told.phases[-1] == "ended"


@pytest.mark.parametrize(("then", "times"), [("", 1), ("b", 2)], ids=["as it was", "changed after that"])
def test_large_outputs_come_while_it_runs(lab: Lab, tmp_path: Path, then: str, times: int) -> None:
    size, until = LARGE_BYTES + 1, tmp_path / "until"
    request = lab.request({"large": size, "until": str(until), "then": then})
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(lab.runtime.run, request, RecordingListener())
        try:
            wait_until(lambda: lab.looked_for(size), timeout_s=60)
            assert not running.done()
        finally:
            until.touch()
        result = running.result(60)
    assert result.status is RunStatus.COMPLETED, result.error
    (path,) = (output.path for output in result.outputs if output.name == "model.bin")
    assert Path(path).read_bytes() == (then or "a").encode() + b"a" * (size - 1)
    assert sum(sent >= size for sent in lab.told.brought) == times


def test_its_input_names_the_files_that_came_along(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "fetched" / "0"
    folder.mkdir(parents=True)
    (folder / "table.csv").write_text("a,b\n")
    places = (InputPlace("0/table.csv", ("/file",)),)
    inputs = FetchedInputs(folder=str(folder.parent), places=places)
    result = lab.run({"file": "a reference"}, inputs=inputs)
    assert result.status is RunStatus.COMPLETED, result.error
    assert json.loads(result.result_json or b"") == {"length": 4}
    assert not folder.parent.exists(), "the cluster has it, and it is needed here no more"


def test_an_answer_that_breaks_its_schema_is_told(lab: Lab) -> None:
    result = lab.run({"answer": {"width": 3}})
    assert result.error is not None
    assert (result.status, result.error.kind) == (RunStatus.FAILED, ErrorKind.OUTPUT)
    assert result.outputs == ()


def test_an_exit_code_is_told_with_the_end_of_the_log(lab: Lab) -> None:
    result = lab.run({"exit": 3})
    assert result.error is not None
    assert (result.error.kind, result.error.exit_code) == (ErrorKind.EXIT, 3)
    assert "a line of the log" in (result.error.stderr_tail or "")


def test_a_source_that_is_not_the_registered_one_is_refused(lab: Lab) -> None:
    manifest = lab.manifest()
    (lab.plugin_dir / manifest.name / "plugin.json").write_text(lab.manifest(version="2").model_dump_json())
    request = lab.request({}, manifest)
    result = lab.runtime.run(request, RecordingListener())
    assert result.error is not None
    assert result.error.kind is ErrorKind.IMAGE


def test_what_never_began_is_buried_and_handed_back(lab: Lab) -> None:
    request = lab.request({})
    handle = handle_of(request.key, cluster="lab", began_at=lab.cluster.report_of(request).began_at)
    assert handle.place == place_of_cluster("lab")
    result = lab.runtime.attach(request, handle, RecordingListener())
    assert (result.status, result.error) == (RunStatus.CANCELLED, None)
    # A message that was late brings it nowhere any more.
    late = lab.runtime.run(request, RecordingListener())
    assert late.status is RunStatus.CANCELLED
    assert not (lab.host.base_folder / handle.name / "outputs/copy.txt").exists()


def test_a_second_connector_goes_on_where_the_first_was(lab: Lab) -> None:
    request = lab.request({"text": "once"})
    assert lab.runtime.run(request, RecordingListener()).status is RunStatus.COMPLETED
    handle = handle_of(request.key, cluster="lab", began_at=lab.cluster.report_of(request).began_at)
    ear = RecordingListener()
    again = lab.runtime.attach(request, handle, ear)
    assert again.status is RunStatus.COMPLETED
    assert json.loads(again.result_json or b"") == {"length": 4}
    assert again.log is not None
    assert "a line of the log" in again.log.text()
    assert ear.lines == [], "the live log was told by the first"
