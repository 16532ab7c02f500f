"""From how an attempt ended on its cluster to what its run is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from analysis_server.connector.agent_messages import ExitReason, ExitRecord
from analysis_server.connector.transfer.errors import AgentBroken, TransferError, TransferRefused
from analysis_server.runtimes.port import RunRequest, RunResult
from analysis_server.runtimes.run.verdict import bad_exit, failed
from satellite.contracts.outcome import ErrorKind, JobError

_KINDS: Final[Mapping[ExitReason, tuple[ErrorKind, str]]] = {
    ExitReason.REBOOT: (ErrorKind.LOST, "The cluster's host was started anew while the job ran."),
    ExitReason.ORPHAN: (
        ErrorKind.LOST,
        "What watches over the job on the cluster was killed, and the job ended.",
    ),
    ExitReason.LOST: (ErrorKind.LOST, "The job vanished from the cluster before it ended."),
    ExitReason.SETUP_GIT: (ErrorKind.INPUT, "The code could not be cloned on the cluster."),
    ExitReason.SETUP_EXISTING: (ErrorKind.INPUT, "The code on the cluster could not be taken."),
    ExitReason.SETUP_REQUIREMENTS: (
        ErrorKind.IMAGE,
        "The requirements could not be installed on the cluster.",
    ),
    ExitReason.DISK: (
        ErrorKind.RESOURCES,
        "The disk of the cluster is full, or a quota is used up; make room there, or ask for disk_mib.",
    ),
    ExitReason.CARDS: (ErrorKind.RESOURCES, "The cluster never has the cards that the job asks for."),
}


def not_brought(error: TransferError) -> RunResult:
    """Return the result of an attempt whose code or files the cluster does not take."""
    kind = ErrorKind.INPUT
    if isinstance(error, AgentBroken):
        kind = ErrorKind.INTERNAL
    elif isinstance(error, TransferRefused) and error.kind == "disk":
        kind = ErrorKind.RESOURCES
    return failed(kind, f"The files of the job could not be brought to the cluster: {error}")


def error_of(request: RunRequest, exit_: ExitRecord, *, tail: str) -> JobError | None:
    """Return the error of an attempt that its cluster has ended or let end; None where it did well.

    A cancelled attempt has none either: who asked for that is known elsewhere.
    """
    if exit_.reason is ExitReason.CANCELLED:
        return None
    if exit_.reason is ExitReason.TIMEOUT:
        message = exit_.message or f"It ran longer than {request.timeout_s:g} s and was ended."
        return JobError(kind=ErrorKind.TIMEOUT, message=message, stderr_tail=tail or None)
    if exit_.reason is ExitReason.OOM:
        used = f" It used {exit_.max_rss_mib} MiB." if exit_.max_rss_mib else ""
        return JobError(
            kind=ErrorKind.OOM,
            message=f"The job needed more memory than it was given; raise memory.{used}",
            stderr_tail=tail or None,
        )
    if exit_.reason is not ExitReason.EXITED:
        kind, message = _KINDS[exit_.reason]
        told = f"{message} {exit_.message}".strip()
        return JobError(kind=kind, message=told, stderr_tail=tail or None)
    code = -exit_.signal if exit_.signal else exit_.code
    if code == 0:
        return None
    error = bad_exit(request, code=code if code is not None else 1, tail=tail)
    if error.kind is ErrorKind.EXIT:
        # There is one log for both outputs, and what it says last may be anything.
        lines = [line.strip() for line in tail.splitlines() if line.strip()]
        last = exit_.message or (lines[-1] if lines else "it wrote nothing")
        error = error.model_copy(update={"message": f"The command ended with exit code {code}: {last[:500]}"})
    return error.model_copy(update={"exit_code": exit_.code, "stderr_tail": tail or None})
