"""One session by which blocks of files are fetched, asked for ahead so that the line is never empty."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from analysis_server.connector.ssh.errors import Unreachable
from analysis_server.connector.ssh.port import Channel
from analysis_server.connector.transfer.agent import ended, parse_answer
from analysis_server.connector.transfer.errors import TransferDamaged
from analysis_server.connector.transfer.part_file import PartFile
from analysis_server.connector.transfer.patience import IsStopped, Patience
from analysis_server.connector.transfer.working import Worklist

ASKED_AHEAD_MAX: Final = 32
READ_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class GetBlock:
    """A part of a job's file that is to be fetched."""

    name: str
    """The job's folder."""
    path: str
    offset: int
    length: int
    part: PartFile = field(compare=False)

    def request(self) -> bytes:
        """Return the line that asks for it."""
        asked = {"name": self.name, "path": self.path, "offset": self.offset, "length": self.length}
        return json.dumps(asked).encode() + b"\n"


class GetStream:
    """Fetches blocks from a list as long as there are some."""

    def __init__(
        self,
        channel: Channel,
        *,
        window_bytes: int,
        is_stopped: IsStopped,
        received: Callable[[int], None],
    ) -> None:
        """Take a session of the agent's `get`."""
        self._channel, self._window_bytes = channel, window_bytes
        self._patience, self._received = Patience(is_stopped), received
        self._asked: deque[GetBlock] = deque()
        self._asked_bytes = 0

    def work(self, worklist: Worklist[GetBlock]) -> None:
        """Fetch blocks until the list is empty.

        Raises:
            SshError: the line broke; what has come is noted.
            TransferRefused: the cluster does not give one.
            TransferDamaged: a file is shorter there than was told.
            TransferStopped: nobody wants it any more.
        """
        while True:
            self._ask(worklist)
            if not self._asked:
                return
            block = self._asked.popleft()
            self._asked_bytes -= block.length
            self._take(block)

    def _ask(self, worklist: Worklist[GetBlock]) -> None:
        while len(self._asked) < ASKED_AHEAD_MAX and self._asked_bytes <= 2 * self._window_bytes:
            block = worklist.take()
            if block is None:
                return
            try:
                self._channel.write(block.request())
            except BrokenPipeError:
                if not self._asked:
                    raise ended("get", self._channel) from None
                return
            self._asked.append(block)
            self._asked_bytes += block.length

    def _take(self, block: GetBlock) -> None:
        header = self._read(lambda: self._channel.read_line(READ_TIMEOUT_S))
        if not header:
            raise ended("get", self._channel)
        if parse_answer("get", header)["length"] != block.length:
            raise TransferDamaged(f"{block.path} has become shorter on the cluster.")
        got = 0
        try:
            while got < block.length:
                self._patience.check()
                data = self._read(partial(self._channel.read, block.length - got, READ_TIMEOUT_S))
                if not data:
                    raise ended("get", self._channel)
                block.part.write(data, block.offset + got)
                got += len(data)
                self._received(len(data))
        finally:
            block.part.note(block.offset, got)

    def _read(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except TimeoutError as error:
            raise Unreachable("The cluster sends nothing of what it was asked for.") from error
