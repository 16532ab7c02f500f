"""From how a plugin ended to what its run is called: the one place that decides the error's kind."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from analysis_server.runtimes.port import RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run import answer
from analysis_server.runtimes.run.answer import AnswerBuffer
from analysis_server.runtimes.run.control import StopReason
from analysis_server.runtimes.run.log_capture import LogCapture
from analysis_server.runtimes.run.output_watch import too_much
from analysis_server.runtimes.run.start_failure import WRONG_FORMAT, find_start_failure
from satellite.contracts.outcome import ErrorKind, JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest

EXIT_INPUT_REFUSED = 64
"""EX_USAGE: what `satellite.plugin` ends with when the author refuses the input."""

DISK_FULL = "The disk of the worker ran full while the plugin ran, so it was ended."
FILE_TOO_LARGE = "The plugin wrote a file larger than any may be (SIGXFSZ)."

_SPOKEN = {"::input-refused ": ErrorKind.INPUT, "::output-unfit ": ErrorKind.OUTPUT}
"""How a last line begins in which a plugin itself says why it ends."""

_OUT_OF_MEMORY = re.compile(r"^(?:[\w.]+\.)?_?(?:Array)?MemoryError\b", re.MULTILINE)
"""How Python, and numpy, end when the plugin's own memory is too small."""

_OUT_OF_CARD_MEMORY = re.compile(
    # Of torch, cupy, jax and whoever else names theirs so; torch also has it as a plain RuntimeError.
    r"^(?:[\w.]+\.)?\w*OutOfMemory\w*\b|(?:CUDA|HIP)(?: error:)? out of memory|cudaErrorMemoryAllocation",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a plugin's main process ended. `exit_code` is negative for a signal, as in `subprocess`."""

    exit_code: int
    oom: bool = False
    wrong_format: bool = False
    """Whether its program is a binary that cannot run there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunClock:
    """How long getting ready and running took, and how warm the start was."""

    prepared_ms: float = 0
    ran_ms: float = 0
    start: StartKind = StartKind.COLD


def failed(kind: ErrorKind, message: str, *, clock: RunClock | None = None) -> RunResult:
    """Return a failure in which the plugin had no say."""
    clock = clock or RunClock()
    return RunResult(
        status=RunStatus.FAILED,
        error=JobError(kind=kind, message=message),
        prepared_ms=clock.prepared_ms,
        ran_ms=clock.ran_ms,
        start=clock.start,
    )


def conclude(
    request: RunRequest,
    *,
    ending: Ending,
    reason: StopReason | None,
    stdout: AnswerBuffer,
    log: LogCapture,
    clock: RunClock,
) -> RunResult:
    """Name the end of a run whose plugin has ended."""
    stored = log.finish()
    error = None
    if reason is not StopReason.CANCELLED:
        error = _find_error(request, ending=ending, reason=reason, stdout=stdout, log=log)
    status = RunStatus.FAILED if error else RunStatus.COMPLETED
    if reason is StopReason.CANCELLED:
        status = RunStatus.CANCELLED
    if error is not None:
        exit_code = ending.exit_code if reason is None else None
        error = error.model_copy(update={"exit_code": exit_code, "stderr_tail": log.tail()})
    return RunResult(
        status=status,
        result_json=stdout.bytes().strip() if status is RunStatus.COMPLETED else None,
        error=error,
        log=stored,
        prepared_ms=clock.prepared_ms,
        ran_ms=clock.ran_ms,
        start=clock.start,
        progress=log.progress,
    )


def _find_error(
    request: RunRequest, *, ending: Ending, reason: StopReason | None, stdout: AnswerBuffer, log: LogCapture
) -> JobError | None:
    if reason in _STOPPED:
        return _STOPPED[reason](request)
    if reason is StopReason.OUTPUT_TOO_LARGE or (reason is None and stdout.too_large):
        return answer.too_large(stdout.bytes(), max_bytes=request.max_result_bytes)
    if ending.oom:
        return out_of_memory(request)
    if ending.exit_code != 0:
        tail = log.tail() or ""
        return not_started(request, ending, tail=tail) or bad_exit(request, code=ending.exit_code, tail=tail)
    return answer.find_fault(
        stdout.bytes(),
        manifest=request.manifest,
        digest=request.plugin_digest,
        max_bytes=request.max_result_bytes,
    )


def overran(request: RunRequest) -> JobError:
    """Return the error of a run that passed its deadline."""
    return JobError(
        kind=ErrorKind.TIMEOUT, message=f"The plugin ran longer than {request.timeout_s:g} s and was ended."
    )


def out_of_memory(request: RunRequest) -> JobError:
    """Return the error of a plugin that needed more memory than it has."""
    memory_mib = request.manifest.resources.memory_mib
    return JobError(
        kind=ErrorKind.OOM,
        message=f"The plugin needed more memory than its {memory_mib} MiB; raise resources.memory_mib.",
    )


def _wrote_too_much(request: RunRequest) -> JobError:
    return JobError(kind=ErrorKind.OUTPUT, message=too_much(request))


def _found_disk_full(_: RunRequest) -> JobError:
    return JobError(kind=ErrorKind.INTERNAL, message=DISK_FULL)


_STOPPED: Final[Mapping[StopReason | None, Callable[[RunRequest], JobError]]] = {
    StopReason.TIMEOUT: overran,
    StopReason.OOM: out_of_memory,
    StopReason.OUTPUTS_TOO_LARGE: _wrote_too_much,
    StopReason.DISK_FULL: _found_disk_full,
}


def not_started(request: RunRequest, ending: Ending, *, tail: str) -> JobError | None:
    """Return the error of a plugin that has never run, `tail` being all that was written instead.

    It quotes nothing of that, so that it can be told to everybody.
    """
    reason = find_start_failure(tail, exit_code=ending.exit_code)
    if ending.wrong_format:
        reason = WRONG_FORMAT
    return cannot_run(request.manifest, reason) if reason else None


def cannot_run(manifest: PluginManifest, reason: str) -> JobError:
    """Return the error of a plugin whose command cannot be run because of its image or source."""
    command = f" ({shlex.join(manifest.command)[:200]})" if manifest.command else ""
    return JobError(kind=ErrorKind.IMAGE, message=f"The plugin's command{command} cannot be run: {reason}")


def bad_exit(request: RunRequest, *, code: int, tail: str) -> JobError:
    """Return the error of a plugin that ended with `code` by itself, having written `tail` last."""
    last_line = next((line.strip() for line in reversed(tail.splitlines()) if line.strip()), "")[:500]
    for prefix, kind in _SPOKEN.items():
        if last_line.startswith(prefix):
            return JobError(kind=kind, message=last_line.removeprefix(prefix))
    if code == EXIT_INPUT_REFUSED:
        return JobError(kind=ErrorKind.INPUT, message=last_line or "The plugin refused its input.")
    if _OUT_OF_CARD_MEMORY.search(tail):
        return JobError(kind=ErrorKind.OOM, message=f"The graphics card is out of memory: {last_line}")
    if _OUT_OF_MEMORY.search(tail):
        return out_of_memory(request)
    number = -code if code < 0 else code - 128
    if 0 < number < signal.NSIG:
        return _ended_by(number)
    told = f": {last_line}" if last_line else " and wrote nothing to stderr."
    return JobError(kind=ErrorKind.EXIT, message=f"The plugin ended with exit code {code}{told}")


def _ended_by(number: int) -> JobError:
    if number == signal.SIGXFSZ:
        return JobError(kind=ErrorKind.OUTPUT, message=FILE_TOO_LARGE)
    return JobError(
        kind=ErrorKind.KILLED,
        message=f"The plugin was ended by {_signal_name(number)}, which Satellite did not send.",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
