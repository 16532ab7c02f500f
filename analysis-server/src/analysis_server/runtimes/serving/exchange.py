"""One request to a server and its answers."""

from __future__ import annotations

import time
from collections.abc import Sequence

from analysis_server.runtimes.serving.faults import (
    no_answer,
    refused_line,
    told_to_several,
    too_large,
    unknown_id,
)
from analysis_server.runtimes.serving.run import ServerRun, owners_of
from analysis_server.runtimes.serving.wire import AnswerLine, NotAnAnswer, find_answer_fault, read_answer
from satellite.contracts.outcome import JobError

FRAME_BYTES_MAX = 4_096
"""What an answer line may hold besides the result."""


class Exchange:
    """The jobs inside a server, and what was answered so far."""

    def __init__(self, runs: Sequence[ServerRun], *, quotes: bool = True) -> None:
        """Begin with nothing answered; no runs mean that the server is idle.

        `quotes` tells whether what else the server writes can only be of the owner of these runs.
        """
        self.runs = tuple(runs)
        self.is_mixed = len(owners_of(runs)) > 1
        """Whether the jobs are of several owners; what is told to all may be what one of them sent then."""
        self._quotes = quotes
        self._waiting = {run.id for run in runs}
        self._answers: dict[str, AnswerLine] = {}
        self._refused: JobError | None = None
        self.answered_at: float | None = None
        """When the last answer came."""
        self._line_bytes_max = FRAME_BYTES_MAX + max(
            (run.request.max_result_bytes for run in runs), default=0
        )

    def take(self, line: bytes) -> JobError | None:
        """Take an answer line; return how it breaks the protocol, if it does."""
        if len(line) > self._line_bytes_max:
            return self._too_long(line)
        try:
            answer = read_answer(line)
        except NotAnAnswer:
            return no_answer(line, quoted=self._quotes)
        if answer.id not in self._waiting:
            if answer.id == "None" and answer.error is not None and self._waiting:
                self._refused = refused_line(
                    str(answer.error.get("message") or ""), alone=len(self.runs) == 1
                )
                self._note_answer(*self._waiting)
                return None
            return unknown_id(answer.id, quoted=self._quotes)
        self._answers[answer.id] = answer
        self._note_answer(answer.id)
        return None

    def check_unfinished(self, line: bytearray) -> JobError | None:
        """Return what is wrong with a line that does not end."""
        return self._too_long(bytes(line)) if len(line) > self._line_bytes_max else None

    def give_results(self) -> None:
        """Give each job what was answered to it so far."""
        if self._refused is not None:
            refused = told_to_several(self._refused) if self.is_mixed else self._refused
            for run in self.runs:
                run.fail(refused)
        shared = self._messages_to_several() if self.is_mixed else set()
        for run in self.runs:
            answer = self._answers.pop(run.id, None)
            if answer is None:
                continue
            fault = find_answer_fault(answer, run.request)
            if fault is None:
                run.succeed(answer.result_json)
            else:
                run.fail(told_to_several(fault) if fault.message in shared else fault)

    def _messages_to_several(self) -> set[str]:
        """Return the error messages that jobs of several owners were answered."""
        owners: dict[str, set[int]] = {}
        for run in self.runs:
            answer = self._answers.get(run.id)
            fault = find_answer_fault(answer, run.request) if answer and answer.error is not None else None
            if fault is not None:
                owners.setdefault(fault.message, set()).add(run.request.owner_id)
        return {message for message, told in owners.items() if len(told) > 1}

    def _note_answer(self, *ids: str) -> None:
        self._waiting -= set(ids)
        if not self._waiting:
            self.answered_at = time.monotonic()

    def _too_long(self, line: bytes) -> JobError:
        return too_large(line, max_bytes=self._line_bytes_max - FRAME_BYTES_MAX, quoted=self._quotes)


IDLE = Exchange(())
