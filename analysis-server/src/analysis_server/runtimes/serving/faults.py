"""What is said of a server that breaks the protocol, never gets ready, or dies."""

from __future__ import annotations

from analysis_server.runtimes.answer import quote
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.verdict import Ending, bad_exit, out_of_memory
from satellite.contracts.outcome import ErrorKind, JobError


def never_ready(timeout_s: float, *, noise: bytes) -> JobError:
    """Return the error of a server that did not say that it is ready."""
    instead = f" It wrote {quote(noise)} instead." if noise else ""
    return JobError(
        kind=ErrorKind.TIMEOUT,
        message=f'The server did not become ready within {timeout_s:g} s: it must write {{"ready": true}} '
        f"as a line to stdout.{instead}",
    )


def unknown_id(told: str) -> JobError:
    """Return the error of an answer to a request that nobody made."""
    quoted = quote(told.encode("utf-8", "replace"))
    return JobError(
        kind=ErrorKind.OUTPUT,
        message=f"The server answered the unknown id {quoted}: no request with this id waits for an answer.",
    )


def refused_line(told: str, *, alone: bool) -> JobError:
    """Return the error of a request that the server could not read."""
    kind = ErrorKind.INPUT if alone else ErrorKind.INTERNAL
    return JobError(kind=kind, message=told or "The server could not read the request.")


def crash(request: RunRequest, ending: Ending, *, tail: str | None, ready: bool) -> JobError:
    """Return the error of a job whose server ended by itself."""
    if ending.oom:
        error = out_of_memory(request)
    elif ending.exit_code == 0:
        when = "before it had answered" if ready else 'before it had written {"ready": true} to stdout'
        error = JobError(kind=ErrorKind.OUTPUT, message=f"The server ended with exit code 0 {when}.")
    else:
        error = bad_exit(request, code=ending.exit_code, tail=tail or "")
        if error.kind is ErrorKind.INPUT:
            # Only an answer can refuse an input here; a server that ends has failed.
            error = JobError(kind=ErrorKind.EXIT, message=error.message)
    return error.model_copy(update={"exit_code": ending.exit_code, "stderr_tail": tail})
