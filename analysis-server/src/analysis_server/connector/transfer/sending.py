"""Files sent to a cluster: each content once, in parallel over long ways, on from where a line broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Final

from analysis_server.connector.transfer.agent import ASK_TIMEOUT_S, Agent
from analysis_server.connector.transfer.errors import TransferDamaged, TransferRefused
from analysis_server.connector.transfer.local_files import LocalFile
from analysis_server.connector.transfer.patience import IsStopped, Patience
from analysis_server.connector.transfer.progress import Direction, Tally, Tell
from analysis_server.connector.transfer.put_stream import PutBlock, PutStream
from analysis_server.connector.transfer.ranges import Range, block_bytes_for, blocks, gaps
from analysis_server.connector.transfer.stream_plan import plan_put
from analysis_server.connector.transfer.working import CommonStart, Worklist, work_off

WHOLE_BYTES_MAX: Final = 4 * 1024 * 1024
"""A file of at most so much goes as one block, and is verified as it comes."""
FILES_A_QUESTION: Final = 10_000
HASHED_BYTES_PER_S: Final = 20_000_000
"""What even a slow disk of a cluster reads."""
DAMAGED_MAX: Final = 3
OPENED_WITHIN_S: Final = 0.2
OPENED_WITHIN_RTTS: Final = 4
"""So long streams wait for each other: one that opens beside those that send waits behind all they send."""

Lacking = Mapping[LocalFile, Sequence[Range]]
"""Files, each with the ranges of it that have come."""


def send_files(
    agent: Agent, files: Sequence[LocalFile], *, is_stopped: IsStopped, tell: Tell | None = None
) -> int:
    """Bring files into the cluster's cache, and return how many bytes were sent.

    Safe to repeat, and to do twice at once. A line that breaks is waited for until `is_stopped`.

    Raises:
        TransferRefused: the cluster takes them not, for example for its disk (`disk`).
        TransferDamaged: a file changes while it is sent.
        TransferStopped: nobody wants them any more.
        SshError: we are not let in, or must not go in.
    """
    return _Sending(agent, files, is_stopped, tell).run()


class _Sending:
    def __init__(
        self, agent: Agent, files: Sequence[LocalFile], is_stopped: IsStopped, tell: Tell | None
    ) -> None:
        self._agent, self._is_stopped = agent, is_stopped
        self._files = {file.sha256: file for file in files}
        self._patience = Patience(is_stopped)
        total = sum(file.size_bytes for file in self._files.values())
        self._tally = Tally(Direction.TO_CLUSTER, total, tell)
        self._damaged: Counter[str] = Counter()

    def run(self) -> int:
        # What was kept while it was sent is not asked for once more.
        while self._files and (lacking := self._patience.insist(self._find_lacking)):
            self._send(lacking)
        self._tally.finish()
        return self._tally.bytes_sent

    def _find_lacking(self) -> dict[LocalFile, list[Range]]:
        found: dict[LocalFile, list[Range]] = {}
        for part in _parts(self._files):
            answer = self._agent.ask("missing", {"files": part})
            for digest, ranges in answer["missing"].items():
                found[self._files[digest]] = [(offset, length) for offset, length in ranges]
            _check_room(found, answer["free_bytes"])
        self._files = {file.sha256: file for file in found}
        self._tally.left(_left_bytes(found))
        return found

    def _send(self, lacking: Lacking) -> None:
        left_bytes, sent_before = _left_bytes(lacking), self._tally.bytes_sent
        plan = plan_put(left_bytes, self._agent.rtt_s)
        worklist = Worklist(_blocks(lacking, block_bytes_for(left_bytes, streams=plan.streams)))

        start = CommonStart(plan.streams, within_s=OPENED_WITHIN_S + OPENED_WITHIN_RTTS * self._agent.rtt_s)

        def work(is_extra: bool) -> None:  # noqa: FBT001
            self._work(worklist, plan.window_bytes, start, is_extra=is_extra)

        broke = work_off(worklist, plan.streams, work) if len(worklist) else None
        if self._tally.bytes_sent > sent_before:
            self._patience.note_progress()
        if broke is not None:
            self._patience.wait_after(broke)
            return
        self._verify([file for file in self._files.values() if file.size_bytes > WHOLE_BYTES_MAX])

    def _work(
        self, worklist: Worklist[PutBlock], window_bytes: int, start: CommonStart, *, is_extra: bool
    ) -> None:
        with start.arriving():
            channel = self._agent.open_stream("put", window_bytes=window_bytes, is_extra=is_extra)
        with closing(channel):
            start.wait()
            stream = PutStream(channel, is_stopped=self._is_stopped, sent=self._tally.sent)
            try:
                stream.work(worklist)
            finally:
                self._note(stream.kept, stream.damaged)

    def _verify(self, files: Sequence[LocalFile]) -> None:
        if not files:
            return
        body = {"files": {file.sha256: file.size_bytes for file in files}}
        timeout_s = ASK_TIMEOUT_S + sum(file.size_bytes for file in files) / HASHED_BYTES_PER_S
        answer = self._patience.insist(lambda: self._agent.ask("verify", body, timeout_s=timeout_s))
        self._note(answer["verified"], answer["damaged"])

    def _note(self, kept: Iterable[str], damaged: Iterable[str]) -> None:
        for digest in kept:
            self._files.pop(digest, None)
        self._damaged.update(damaged)
        for digest in damaged:
            if self._damaged[digest] >= DAMAGED_MAX:
                name = self._files[digest].path.name
                raise TransferDamaged(f"Other bytes came of {name} than were meant, {DAMAGED_MAX} times.")


def _blocks(lacking: Lacking, block_bytes: int) -> Iterator[PutBlock]:
    # The large ones first, so that no stream is left alone with one at the end.
    for file, done in sorted(lacking.items(), key=lambda each: -each[0].size_bytes):
        if file.size_bytes <= WHOLE_BYTES_MAX:
            yield PutBlock(file, 0, file.size_bytes)
        else:
            for offset, length in blocks(file.size_bytes, done, block_bytes=block_bytes):
                yield PutBlock(file, offset, length)


def _check_room(lacking: Lacking, free_bytes: int) -> None:
    left_bytes = _left_bytes(lacking)
    if left_bytes > free_bytes:
        raise TransferRefused("disk", f"{left_bytes:,} bytes are to come, {free_bytes:,} are free there.")


def _left_bytes(lacking: Lacking) -> int:
    return sum(length for file, done in lacking.items() for _, length in gaps(file.size_bytes, done))


def _parts(files: Mapping[str, LocalFile]) -> Iterator[dict[str, int]]:
    waiting = iter(files.items())
    while part := dict(islice(waiting, FILES_A_QUESTION)):
        yield {digest: file.size_bytes for digest, file in part.items()}
