"""Does as asked, and leaves a mark outside the platform when it begins and when its work is done.

A mark is a line in the file of the job's number, `began EXECUTION` or `done EXECUTION`, written with
O_APPEND. In a container there is nowhere to write it; there the execution is called like the container,
whose start and end the engine tells.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from pathlib import Path
from typing import Any

from satellite.plugin import InputRefused, plugin, run

MARKS = os.environ.get("CHAOS_MARKS")


class Execution:
    """One execution of one job."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.number = request["number"]
        self.how = request["how"]
        self.name = uuid.uuid4().hex if MARKS else socket.gethostname()
        self.is_first = self.mark("began")

    def mark(self, what: str) -> bool:
        """Append a line to the job's file, and tell whether it is the file's first."""
        if MARKS is None:
            return True
        file = os.open(Path(MARKS, str(self.number)), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            is_first = os.fstat(file).st_size == 0
            if is_first:
                # The job's next execution may be another user's, and appends to the same file.
                os.fchmod(file, 0o666)
            os.write(file, f"{what} {self.name}\n".encode())
        finally:
            os.close(file)
        return is_first

    def end(self) -> dict[str, Any] | Exception:
        """Return the result or the failure that was asked for; only a result is an effect."""
        if self.how == "refuse":
            return InputRefused("refused on request")
        if self.how == "fail" or (self.how == "fail once" and self.is_first):
            return RuntimeError("failed on request")
        # As late as can be: work that was done, and whose outcome died with its worker, must show.
        self.mark("done")
        return {"number": self.number, "execution": self.name}


@plugin(batch=True)
def work(requests: list[dict[str, Any]]) -> list[dict[str, Any] | Exception]:
    """Take as long as the longest of the batch asks for."""
    executions = [Execution(request) for request in requests]
    time.sleep(max(request["seconds"] for request in requests))
    return [execution.end() for execution in executions]


if __name__ == "__main__":
    run(work)
