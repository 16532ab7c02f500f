"""Batched inference against the same plugin without batching, and against the model called directly.

Measured at the runtime: threads hand requests to the worker's server mode, with neither REST, database nor
broker around it, because the road of a job costs about as much as the model. All three variants use
the same process environment and one thread for the model.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from analysis_server.runtimes.port import RunRequest, RunStatus, SilentListener
from analysis_server.runtimes.process.environment import PluginEnvironments
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.process.source import PluginSource
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.plugin_manifest import PluginManifest
from tests.performance.figure import Figure

SOURCE = Path(__file__).with_name("model")
BATCH = 32
WAITING = 2 * BATCH
"""Requests under way: one batch in the model and the next one gathered."""

VARIABLES = WorkerVariables.read()
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_job_ids = itertools.count(1)


def measure(*, rounds: int, items: int = 960) -> list[Figure]:
    """Measure items per second of the three variants in turn, and the time of a single call."""
    with tempfile.TemporaryDirectory(prefix="satellite-bench-batch-") as folder:
        Path(folder).chmod(0o755)
        bench = Bench(Path(folder))
        with closing(bench.runtime):
            singles = bench.single_calls_ms(20)
            direct, batched, unbatched = [], [], []
            for _ in range(rounds):
                direct.append(bench.direct(items))
                batched.append(bench.rate(bench.batched, items))
                unbatched.append(bench.rate(bench.unbatched, items // 4))
    rate, floor = statistics.median(batched), statistics.median(direct)
    name = f"batched inference ({BATCH}), at the runtime"
    return [
        Figure(name="one inference, unbatched, at the runtime", value=statistics.median(singles), unit="ms"),
        Figure(name=name, value=rate, unit="1/s", floor=statistics.median(unbatched), floor_name="unbatched",
               target=">= 3.5 x"),
        Figure(name=f"{name}, model alone", value=rate, unit="1/s", floor=floor,
               floor_name=f"model called with {BATCH}", target=">= 0.8 x"),
    ]  # fmt: skip


def token_lists(count: int) -> list[list[int]]:
    """Return inputs as clients send them; always the same."""
    chosen = random.Random(7)
    return [[chosen.randrange(2_000) for _ in range(32)] for _ in range(count)]


def manifest(name: str, *, batch: dict[str, Any] | None, image: str = "unused") -> PluginManifest:
    """Return the manifest of the model under a name, with or without batching."""
    return PluginManifest.model_validate(
        {
            "name": name,
            "version": "1",
            "docker_image": image,
            "mode": "server",
            "batch": batch,
            "input_schema": {"type": "object", "required": ["tokens"]},
            "output_schema": {"type": "object", "required": ["class"]},
            "resources": {"cpus": 1, "memory_mib": 1024},
            "env": ONE_THREAD,
        }
    )


class Bench:
    """A process runtime with the model in two variants."""

    def __init__(self, folder: Path) -> None:
        self.inputs = [json.dumps({"tokens": tokens}).encode() for tokens in token_lists(WAITING)]
        self.batched = manifest("bench-batched", batch={"max_size": BATCH, "max_wait_ms": 5})
        self.unbatched = manifest("bench-unbatched", batch=None)
        # Known beforehand, as a worker knows them.
        self.digests = {each.name: each.digest() for each in (self.batched, self.unbatched)}
        self.texts = {each.name: each.model_dump_json() for each in (self.batched, self.unbatched)}
        for variant in (self.batched, self.unbatched):
            source = folder / "plugins" / variant.name
            shutil.copytree(SOURCE, source)
            (source / "plugin.json").write_text(variant.model_dump_json())
        self.folder = folder
        self.runtime = ProcessRuntime(
            stack_id="bench",
            state_dir=folder / "state",
            plugin_dirs=[folder / "plugins"],
            variables=VARIABLES,
        )

    def single_calls_ms(self, count: int) -> list[float]:
        """Return the milliseconds of single requests, one after the other."""
        self._run(self.unbatched, self.inputs[0])
        times = []
        for number in range(count):
            began = time.perf_counter()
            self._run(self.unbatched, self.inputs[number])
            times.append((time.perf_counter() - began) * 1000)
        return times

    def rate(self, variant: PluginManifest, items: int) -> float:
        """Return items per second with as many requests waiting as two batches take."""
        for each in self.inputs[:2]:
            self._run(variant, each)
        with ThreadPoolExecutor(WAITING) as pool:
            inputs = [self.inputs[number % WAITING] for number in range(items)]
            began = time.perf_counter()
            list(pool.map(lambda body: self._run(variant, body), inputs))
            return items / (time.perf_counter() - began)

    def direct(self, items: int) -> float:
        """Return items per second of the model without Satellite, with full batches."""
        name = self.batched.name
        source = PluginSource(folder=self.folder / "plugins" / name, digest=self.digests[name])
        environment = PluginEnvironments(
            self.folder / "state" / "environments", variables=VARIABLES.uv
        ).ensure(source)
        done = subprocess.run(
            [environment / "bin" / "python", "direct.py", str(BATCH), str(items)],
            cwd=source.folder, env={**os.environ, **ONE_THREAD}, input=json.dumps(token_lists(BATCH)),
            text=True, capture_output=True, check=True,
        )  # fmt: skip
        return float(done.stdout)

    def _run(self, variant: PluginManifest, body: bytes) -> None:
        request = RunRequest(
            job_id=next(_job_ids), attempt=1, uid=uuid4(), owner_id=1, worker="bench", stack_id="bench",
            plugin_digest=self.digests[variant.name], manifest_json=self.texts[variant.name], input_json=body,
            timeout_s=60,
        )  # fmt: skip
        result = self.runtime.run(request, SilentListener())
        assert result.status is RunStatus.COMPLETED, result.error
