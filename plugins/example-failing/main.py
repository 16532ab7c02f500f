"""Fails in the way that its input asks for, so that people and tests can see what failing looks like."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from satellite.plugin import InputRefused, plugin, report_progress, run

# Some failures need what the SDK keeps from authors: the real standard output.
RAW_STDOUT = os.dup(1)
MEBIBYTE = 1024 * 1024
LINE = "The quick brown fox jumps over the lazy dog, again and again and again.\n"


def succeed(request: dict[str, Any]) -> dict[str, Any]:
    """Return a result that satisfies the output schema."""
    return {"how": request["how"], "note": "nothing failed"}


def exit_with_code(request: dict[str, Any]) -> None:
    """End with an exit code and a last word."""
    print("about to give up", file=sys.stderr)
    sys.exit(request.get("code", 3))


def write_stderr(request: dict[str, Any]) -> dict[str, Any]:
    """Fill the log, then succeed or, with `code`, fail."""
    megabytes = request.get("megabytes", 1)
    block = LINE * (MEBIBYTE // len(LINE))
    for number in range(megabytes):
        sys.stderr.write(block)
        report_progress((number + 1) / megabytes, f"{number + 1} MiB written")
    if request.get("code"):
        sys.exit(request["code"])
    return {"how": "stderr", "note": f"{megabytes} MiB written"}


def write_bad_json(_request: dict[str, Any]) -> None:
    """Write half a JSON object."""
    write_raw(b'{"how": "bad_json", "note": ')


def write_two_values(_request: dict[str, Any]) -> None:
    """Write two JSON values where one is owed."""
    write_raw(b'{"how": "two_values", "note": "first"}\n{"how": "two_values", "note": "second"}\n')


def write_raw(data: bytes) -> None:
    """Write behind the SDK's back, and end as if all were well."""
    os.write(RAW_STDOUT, data)
    sys.exit(0)


def break_schema(_request: dict[str, Any]) -> dict[str, Any]:
    """Return a value of the wrong type."""
    return {"how": 42}


def write_huge_output(request: dict[str, Any]) -> dict[str, Any]:
    """Return more than a result may hold."""
    return {"how": "huge_output", "note": "x" * (request.get("megabytes", 2) * MEBIBYTE)}


def loop_for_ever(_request: dict[str, Any]) -> None:
    """Keep a processor busy until someone ends it."""
    while True:
        pass


def take_memory(request: dict[str, Any]) -> dict[str, Any]:
    """Take memory and keep it; the limit keeps the harm small where nobody else sets one."""
    megabytes = request.get("megabytes", 6144)
    taken = []
    for number in range(0, megabytes, 8):
        # Filled with ones, because untouched zero pages take no memory.
        taken.append(b"\x01" * (8 * MEBIBYTE))
        report_progress(number / megabytes, f"{number + 8} MiB taken")
    return {"how": "memory", "note": f"{len(taken) * 8} MiB taken"}


def refuse(request: dict[str, Any]) -> None:
    """Say that the input makes no sense."""
    raise InputRefused(request.get("message", "this input is refused on request"))


def sleep(request: dict[str, Any]) -> dict[str, Any]:
    """Wait, with progress, so that there is time to cancel."""
    seconds = request.get("seconds", 1)
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        report_progress(passed / seconds, f"{passed:.1f} of {seconds} s")
        time.sleep(min(0.1, seconds - passed))
    return {"how": "sleep", "note": f"slept {seconds} s"}


def kill_itself(_request: dict[str, Any]) -> None:
    """End by a signal that nobody else sent."""
    os.kill(os.getpid(), signal.SIGKILL)


WAYS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "ok": succeed,
    "exit": exit_with_code,
    "stderr": write_stderr,
    "bad_json": write_bad_json,
    "two_values": write_two_values,
    "wrong_schema": break_schema,
    "huge_output": write_huge_output,
    "loop": loop_for_ever,
    "memory": take_memory,
    "refuse": refuse,
    "sleep": sleep,
    "kill": kill_itself,
}


@plugin
def fail(request: dict[str, Any]) -> Any:
    """Fail as asked."""
    return WAYS[request["how"]](request)


if __name__ == "__main__":
    run(fail)
