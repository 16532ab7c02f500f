"""One request to a server and its answers."""

from __future__ import annotations

import time
from collections.abc import Sequence

from analysis_server.runtimes.answer import too_large
from analysis_server.runtimes.serving.call import Call
from analysis_server.runtimes.serving.faults import refused_line, unknown_id
from analysis_server.runtimes.serving.wire import Answer, NotAnAnswer, find_answer_fault, read_answer
from satellite.contracts.outcome import ErrorKind, JobError

FRAME_BYTES_MAX = 4_096
"""What an answer line may hold besides the result."""


class Exchange:
    """The jobs inside a server, and what was answered so far."""

    def __init__(self, calls: Sequence[Call]) -> None:
        """Begin with nothing answered; no calls mean that the server is idle."""
        self.calls = tuple(calls)
        self._waiting = {call.id for call in calls}
        self._answers: dict[str, Answer] = {}
        self._refused: JobError | None = None
        self.answered_at: float | None = None
        """When the last answer came."""
        self._line_bytes_max = FRAME_BYTES_MAX + max(
            (call.request.max_result_bytes for call in calls), default=0
        )

    def take(self, line: bytes) -> JobError | None:
        """Take an answer line; return how it breaks the protocol, if it does."""
        if len(line) > self._line_bytes_max:
            return self._too_long(line)
        try:
            answer = read_answer(line)
        except NotAnAnswer as noise:
            return JobError(kind=ErrorKind.OUTPUT, message=str(noise))
        if answer.id not in self._waiting:
            if answer.id == "None" and answer.error is not None and self._waiting:
                self._refused = refused_line(
                    str(answer.error.get("message") or ""), alone=len(self.calls) == 1
                )
                self._note_answer(*self._waiting)
                return None
            return unknown_id(answer.id)
        self._answers[answer.id] = answer
        self._note_answer(answer.id)
        return None

    def check_unfinished(self, line: bytearray) -> JobError | None:
        """Return what is wrong with a line that does not end."""
        return self._too_long(bytes(line)) if len(line) > self._line_bytes_max else None

    def give_results(self) -> None:
        """Give each job what was answered to it so far."""
        if self._refused is not None:
            for call in self.calls:
                call.fail(self._refused)
        for call in self.calls:
            answer = self._answers.pop(call.id, None)
            if answer is None:
                continue
            fault = find_answer_fault(answer, call.request)
            if fault is None:
                call.succeed(answer.result_json)
            else:
                call.fail(fault)

    def _note_answer(self, *ids: str) -> None:
        self._waiting -= set(ids)
        if not self._waiting:
            self.answered_at = time.monotonic()

    def _too_long(self, line: bytes) -> JobError:
        return too_large(line, max_bytes=self._line_bytes_max - FRAME_BYTES_MAX)


IDLE = Exchange(())
