"""Why an input has no result: the words and exit codes in which a plugin says it."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from satellite.plugin.errors import InputRefused, OutputUnfit

SDK_PACKAGE = "satellite.plugin"
"""Its frames are left out of tracebacks: the fault is in the author's code."""
MAX_MESSAGE = 2_000

CARD_IS_FULL = ("CUDA out of memory", "CUDA error: out of memory", "HIP out of memory")
"""What the driver of a graphics card says, which may come as a plain RuntimeError."""

EXIT_FAILED = 1
EXIT_INPUT_REFUSED = 64
"""EX_USAGE. Satellite ends the job as `input`."""
EXIT_OUTPUT_UNFIT = 65
"""EX_DATAERR."""
EXIT_OUT_OF_MEMORY = 71
"""EX_OSERR."""


class Failure(NamedTuple):
    """Stands where a result should be. `kind` is one of Satellite's error kinds."""

    kind: str
    message: str
    exit_code: int
    error: BaseException

    def as_json(self) -> dict[str, Any]:
        """Return the `error` object of an answer in server mode."""
        told: dict[str, Any] = {"kind": self.kind, "message": self.message}
        return {**told, "exit_code": self.exit_code} if self.kind == "exit" else told

    def print_traceback(self) -> None:
        """Write what the author needs for finding the fault to stderr, so to the job's log."""
        if isinstance(self.error, InputRefused):
            return
        if isinstance(self.error, SystemExit):
            if isinstance(self.error.code, str):
                sys.stderr.write(f"{self.error.code}\n")
            return
        import traceback  # noqa: PLC0415 - it is slow to import, and only a failure needs it.

        trace = self.error.__traceback__
        while trace is not None and trace.tb_frame.f_globals.get("__package__") == SDK_PACKAGE:
            trace = trace.tb_next
        traceback.print_exception(type(self.error), self.error, trace or self.error.__traceback__)


def make_failure(error: BaseException) -> Failure:
    """Return what `error` means for the job."""
    message = " ".join(str(error).split())[:MAX_MESSAGE]
    if isinstance(error, InputRefused):
        return Failure("input", message, EXIT_INPUT_REFUSED, error)
    if isinstance(error, OutputUnfit):
        return Failure("output", message, EXIT_OUTPUT_UNFIT, error)
    if isinstance(error, SystemExit):
        return _from_system_exit(error)
    name = type(error).__name__
    described = f"{name}: {message}" if message else name
    # Deep learning libraries name theirs OutOfMemoryError without deriving it from MemoryError.
    if (
        isinstance(error, MemoryError)
        or "OutOfMemory" in name
        or any(mark in message for mark in CARD_IS_FULL)
    ):
        return Failure("oom", described, EXIT_OUT_OF_MEMORY, error)
    return Failure("exit", described, EXIT_FAILED, error)


def _from_system_exit(error: SystemExit) -> Failure:
    code = error.code if isinstance(error.code, int) else EXIT_FAILED * (error.code is not None)
    if code == 0:
        return Failure("output", "the plugin called sys.exit() and returned no result", 0, error)
    return Failure("exit", f"the plugin ended with exit code {code}", code, error)
