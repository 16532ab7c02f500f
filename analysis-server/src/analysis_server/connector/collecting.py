"""Brings back what an attempt has written: its outputs as files of its job, its answer as a result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson

from analysis_server.connector.agent_messages import ExitRecord, JobReport, OutputFile
from analysis_server.connector.run_plan import STDOUT, is_gpu_job
from analysis_server.connector.run_report import RunReport
from analysis_server.connector.transfer.errors import TransferRefused
from analysis_server.connector.transfer.fetching import WantedFile, fetch_files
from analysis_server.connector.transfer_agent import TransferAgent
from analysis_server.connector.wanted_outputs import not_there, wanted_in
from analysis_server.runtimes.port import CollectedOutput, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run import answer
from analysis_server.runtimes.run.outputs import with_large_result_apart
from satellite.contracts.attempt_files import is_artifact_name
from satellite.contracts.cluster import FILES_MAX, METRICS_BYTES_MAX, ClusterFile
from satellite.contracts.outcome import ErrorKind, JobError

METRICS: Final = "metrics.json"
METRICS_TOLD_MAX: Final = 100
MIB: Final = 1024**2


class Collecting:
    """Safe to use from many threads, and to repeat."""

    def __init__(self, agent: TransferAgent) -> None:
        """Take what asks the cluster."""
        self._agent = agent

    def take(
        self,
        request: RunRequest,
        result: RunResult,
        name: str,
        *,
        report: JobReport,
        exit_: ExitRecord,
        told: RunReport,
        folder: Path,
    ) -> RunResult:
        """Return the result of an attempt that did well, with what it has written in `folder`.

        Raises:
            TransferError: the cluster does not give it.
            SshError: we are not let in.
            OSError: this machine's disk does not take it.
        """
        files = self._files(name, exit_)
        unfit = _unfit(request, files)
        if unfit is not None:
            return _failed(result, unfit)
        wanted = wanted_in(folder, files)
        self._fetch(name, not_there(wanted), told)
        metrics = _read_metrics(files, wanted)
        told.wrote(_as_told(files), None if metrics is None else json.dumps(metrics))
        outputs = tuple(
            CollectedOutput(name=file.path, path=str(want.target), size_bytes=file.size)
            for file, want in zip(files, wanted, strict=True)
        )
        if request.collect_into is not None:
            result = replace(result, outputs=outputs)
        if is_gpu_job(request):
            return replace(result, result_json=_summary(report, exit_, len(files), metrics))
        return self._with_answer(request, result, name, folder)

    def _files(self, name: str, exit_: ExitRecord) -> list[OutputFile]:
        if exit_.outputs is not None:
            return list(exit_.outputs)
        found = self._agent.ask("list", {"name": name})
        return [OutputFile.model_validate(file) for file in found["files"]]

    def _fetch(self, name: str, wanted: Sequence[WantedFile], told: RunReport) -> None:
        if wanted:
            fetch_files(self._agent, name, wanted, is_stopped=lambda: False, tell=told.fetched)

    def _with_answer(self, request: RunRequest, result: RunResult, name: str, folder: Path) -> RunResult:
        try:
            text = self._agent.read(name, STDOUT, size_max=request.max_result_bytes + 2).strip()
        except TransferRefused:
            text = b""
        fault = answer.find_fault(
            text,
            manifest=request.manifest,
            digest=request.plugin_digest,
            max_bytes=request.max_result_bytes,
        )
        if fault is not None:
            return _failed(result, fault)
        result = replace(result, result_json=text)
        return with_large_result_apart(result, folder) if request.collect_into is not None else result


def _unfit(request: RunRequest, files: Sequence[OutputFile]) -> JobError | None:
    bad = next((file.path for file in files if not is_artifact_name(file.path)), None)
    if bad is not None:
        return _output(
            f"The job left {bad!r} among its outputs, a name that is too long or has odd characters."
        )
    if len(files) > request.max_output_files:
        return _output(f"The job wrote {len(files)} files; at most {request.max_output_files} are taken.")
    size_bytes = sum(file.size for file in files)
    if size_bytes > request.output_bytes_max:
        allowed_mib = request.output_bytes_max / MIB
        return _output(f"The job wrote {size_bytes / MIB:.0f} MiB; at most {allowed_mib:.0f} MiB are taken.")
    return None


def _output(message: str) -> JobError:
    return JobError(kind=ErrorKind.OUTPUT, message=message)


def _failed(result: RunResult, error: JobError) -> RunResult:
    return replace(result, status=RunStatus.FAILED, result_json=None, outputs=(), error=error)


def _as_told(files: Sequence[OutputFile]) -> list[ClusterFile]:
    return [
        ClusterFile(path=file.path, size_bytes=file.size, sha256=file.sha256) for file in files[:FILES_MAX]
    ]


def _read_metrics(files: Sequence[OutputFile], wanted: Sequence[WantedFile]) -> Any | None:
    for file, want in zip(files, wanted, strict=True):
        if file.path == METRICS and file.size <= METRICS_BYTES_MAX:
            try:
                return orjson.loads(want.target.read_bytes())
            except ValueError:
                return None
    return None


def _summary(report: JobReport, exit_: ExitRecord, files: int, metrics: Any | None) -> bytes:
    """Return the result of a GPU job: how it ended, and what its last metrics were."""
    last = metrics[-1] if isinstance(metrics, list) and metrics else metrics
    told = last if isinstance(last, dict) else {}
    numbers = {
        name: value
        for name, value in told.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return orjson.dumps(
        {
            "exit_code": exit_.code,
            "commit": exit_.commit,
            "gpus": list(report.gpus),
            "outputs": files,
            "metrics": dict(list(numbers.items())[:METRICS_TOLD_MAX]),
            "max_rss_mib": exit_.max_rss_mib,
        }
    )
