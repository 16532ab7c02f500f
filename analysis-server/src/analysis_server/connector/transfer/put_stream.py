"""One session by which blocks of files are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from analysis_server.connector.ssh.errors import Unreachable
from analysis_server.connector.ssh.port import Channel
from analysis_server.connector.transfer.agent import ended, parse_answer
from analysis_server.connector.transfer.errors import TransferDamaged, TransferStopped
from analysis_server.connector.transfer.local_files import LocalFile
from analysis_server.connector.transfer.working import Worklist

PIECE_BYTES: Final = 256 * 1024
UNANSWERED_MAX: Final = 1000
"""Answers are short: so many are far from filling what the host may send ahead."""
ANSWER_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class PutBlock:
    """A part of a file that is to be sent."""

    file: LocalFile
    offset: int
    length: int

    def header(self) -> bytes:
        """Return what announces it."""
        return b"%s %d %d %d\n" % (
            self.file.sha256.encode(), self.file.size_bytes, self.offset, self.length,
        )  # fmt: skip


class PutStream:
    """Sends blocks from a list as long as there are some."""

    def __init__(
        self, channel: Channel, *, is_stopped: Callable[[], bool], sent: Callable[[int], None]
    ) -> None:
        """Take a session of the agent's `put`."""
        self._channel, self._is_stopped, self._sent = channel, is_stopped, sent
        self._unanswered = 0
        self.kept: set[str] = set()
        """Digests of files that were verified as they came."""
        self.damaged: set[str] = set()
        """Digests of those of which other bytes came."""

    def work(self, worklist: Worklist[PutBlock]) -> None:
        """Send blocks until the list is empty, and wait until all of them are written there.

        Raises:
            SshError: the line broke.
            TransferRefused: the cluster takes no more, for example for its disk.
            TransferStopped: nobody wants it any more.
            TransferDamaged: a file is shorter than it was.
        """
        try:
            while (block := worklist.take()) is not None:
                self._send(block)
                self._take_answers(UNANSWERED_MAX)
            self._channel.end_input()
        except BrokenPipeError:
            # What it said before it ended tells why.
            self._take_answers(0)
            raise ended("put", self._channel) from None
        self._take_answers(0)

    def _send(self, block: PutBlock) -> None:
        left = block.length
        with block.file.path.open("rb", buffering=0) as file:
            file.seek(block.offset)
            self._channel.write(block.header())
            self._unanswered += 1
            while left:
                if self._is_stopped():
                    raise TransferStopped("The transfer was stopped.")
                piece = file.read(min(PIECE_BYTES, left))
                if not piece:
                    raise TransferDamaged(f"{block.file.path.name} became shorter while it was sent.")
                self._channel.write(piece)
                left -= len(piece)
                self._sent(len(piece))

    def _take_answers(self, unanswered_max: int) -> None:
        while self._unanswered > unanswered_max:
            try:
                line = self._channel.read_line(ANSWER_TIMEOUT_S)
            except TimeoutError as error:
                raise Unreachable("The cluster does not say whether it has written what came.") from error
            if not line:
                raise ended("put", self._channel)
            answer = parse_answer("put", line)
            self._unanswered -= 1
            if answer["kept"]:
                self.kept.add(answer["sha256"])
            elif not answer["good"]:
                self.damaged.add(answer["sha256"])
