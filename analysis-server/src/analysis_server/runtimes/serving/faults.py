"""What is said of a server that breaks the protocol, never gets ready, or dies.

What a server wrote is quoted only to jobs of an owner whose it must be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run import answer
from analysis_server.runtimes.run.answer import quote
from analysis_server.runtimes.run.verdict import Ending, bad_exit, not_started, out_of_memory
from analysis_server.runtimes.serving.run import ServerRun
from satellite.contracts.outcome import ErrorKind, JobError

NOT_SHOWN = "what it wrote is not shown, because it may belong to another user's job."

Fault: TypeAlias = Callable[[ServerRun], JobError]
"""Why a server is ended or has ended, as a job is told it."""


def told_to_all(error: JobError) -> Fault:
    """Return the fault that is the same error for every job."""
    return lambda _: error


def never_ready(timeout_s: float, *, noise: bytes, started_for: int) -> Fault:
    """Return the fault of a server that did not say that it is ready, but maybe something else."""

    def fault(run: ServerRun) -> JobError:
        is_shown = noise and run.request.owner_id == started_for
        instead = f" It wrote {quote(noise)} instead." if is_shown else ""
        return JobError(
            kind=ErrorKind.TIMEOUT,
            message=f"The server did not become ready within {timeout_s:g} s: it must write "
            f'{{"ready": true}} as a line to stdout.{instead}',
        )

    return fault


def no_answer(line: bytes, *, quoted: bool) -> JobError:
    """Return the error of a line on stdout that no server may write there."""
    written = f": {quote(line)}." if quoted else f"; {NOT_SHOWN}"
    return JobError(
        kind=ErrorKind.OUTPUT, message=f"The server wrote something to stdout that is no answer{written}"
    )


def unknown_id(told: str, *, quoted: bool) -> JobError:
    """Return the error of an answer to a request that nobody made."""
    named = f"the unknown id {quote(told.encode('utf-8', 'replace'))}" if quoted else "an unknown id"
    return JobError(
        kind=ErrorKind.OUTPUT,
        message=f"The server answered {named}: no request with this id waits for an answer.",
    )


def too_large(line: bytes, *, max_bytes: int, quoted: bool) -> JobError:
    """Return the error of an answer beyond the limit."""
    if quoted:
        return answer.too_large(line, max_bytes=max_bytes)
    return JobError(kind=ErrorKind.OUTPUT, message=f"The result is larger than {max_bytes} bytes.")


def refused_line(told: str, *, alone: bool) -> JobError:
    """Return the error of a request that the server could not read."""
    kind = ErrorKind.INPUT if alone else ErrorKind.INTERNAL
    return JobError(kind=kind, message=told or "The server could not read the request.")


def told_to_several(error: JobError) -> JobError:
    """Return an error that a server told to jobs of several owners, without its message."""
    return error.model_copy(update={"message": f"The plugin failed for a whole batch; {NOT_SHOWN}"})


def crashed_at_work(request: RunRequest, ending: Ending, *, withheld: bool) -> Fault:
    """Return the fault of a server that ended by itself; `withheld`: it wrote more than jobs were told."""
    return lambda run: crash(request, ending, tail=run.log_tail(), ready=True, withheld=withheld)


def crashed_at_start(request: RunRequest, ending: Ending, *, tail: str | None, started_for: int) -> Fault:
    """Return the fault of a server that ended before it was ready, having written `tail` last."""
    unstarted = None if ending.oom else not_started(request, ending, tail=tail or "")

    def told(error: JobError) -> JobError:
        if request.model is None or error.kind is not ErrorKind.EXIT:
            return error
        # Its file is broken, or it misses a golden example: another attempt would find the same.
        message = f"The model {request.model.label} did not become ready: {error.message}"
        return error.model_copy(update={"kind": ErrorKind.IMAGE, "message": message})

    def fault(run: ServerRun) -> JobError:
        shown = tail if run.request.owner_id == started_for else None
        if unstarted is not None:
            return unstarted.model_copy(update={"exit_code": ending.exit_code, "stderr_tail": shown})
        return told(crash(request, ending, tail=shown, ready=False, withheld=shown != tail))

    return fault


def crash(
    request: RunRequest, ending: Ending, *, tail: str | None, ready: bool, withheld: bool = False
) -> JobError:
    """Return the error of a job whose server ended by itself, having written `tail` for it last.

    `withheld` tells that it wrote more, which this job's owner may not read.
    """
    if ending.oom:
        error = out_of_memory(request)
    elif ending.exit_code == 0:
        when = "before it had answered" if ready else 'before it had written {"ready": true} to stdout'
        error = JobError(kind=ErrorKind.OUTPUT, message=f"The server ended with exit code 0 {when}.")
    else:
        error = bad_exit(request, code=ending.exit_code, tail=tail or "")
        if error.kind is ErrorKind.EXIT and not tail and withheld:
            message = f"The server ended with exit code {ending.exit_code}; {NOT_SHOWN}"
            error = error.model_copy(update={"message": message})
        if error.kind is ErrorKind.INPUT:
            # Only an answer can refuse an input here; a server that ends has failed.
            error = JobError(kind=ErrorKind.EXIT, message=error.message)
    return error.model_copy(update={"exit_code": ending.exit_code, "stderr_tail": tail})
