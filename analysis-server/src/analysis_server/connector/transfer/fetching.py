"""Files fetched from a cluster: in parallel, verified, on from where a line broke or this process ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analysis_server.connector.transfer.agent import Agent
from analysis_server.connector.transfer.errors import TransferDamaged
from analysis_server.connector.transfer.get_stream import GetBlock, GetStream
from analysis_server.connector.transfer.part_file import PartFile
from analysis_server.connector.transfer.patience import IsStopped, Patience
from analysis_server.connector.transfer.progress import Direction, Tally, Tell
from analysis_server.connector.transfer.ranges import block_bytes_for, blocks, gaps
from analysis_server.connector.transfer.stream_plan import plan_get
from analysis_server.connector.transfer.working import Worklist, work_off

DAMAGED_MAX: Final = 3
OPEN_FILES_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file of a job as its manifest tells it, and where it goes: whoever makes it looks at the path."""

    path: str
    """Below the job's folder, as `outputs/model.pt`."""
    size_bytes: int
    sha256: str
    target: Path


def fetch_files(
    agent: Agent, name: str, files: Sequence[WantedFile], *, is_stopped: IsStopped, tell: Tell | None = None
) -> int:
    """Write files of the job's folder `name` to their targets, and return how many bytes came.

    Safe to repeat; a target is there as a whole, or not. A line that breaks is waited for until `is_stopped`.

    Raises:
        TransferRefused: the cluster does not give one, for example as it is not there (`file`).
        TransferDamaged: other bytes come of a file than its manifest tells, three times.
        TransferStopped: nobody wants them any more.
        SshError: we are not let in, or must not go in.
        OSError: this machine's disk does not take them.
    """
    tally = Tally(Direction.FROM_CLUSTER, sum(file.size_bytes for file in files), tell)
    fetching = _Fetching(agent, name, is_stopped, tally)
    for start in range(0, len(files), OPEN_FILES_MAX):
        fetching.fetch(files[start : start + OPEN_FILES_MAX])
    tally.finish()
    return tally.bytes_sent


class _Fetching:
    def __init__(self, agent: Agent, name: str, is_stopped: IsStopped, tally: Tally) -> None:
        self._agent, self._name, self._is_stopped, self._tally = agent, name, is_stopped, tally
        self._patience = Patience(is_stopped)

    def fetch(self, files: Sequence[WantedFile]) -> None:
        for _ in range(DAMAGED_MAX):
            files = self._fetch_once(files)
            if not files:
                return
        raise TransferDamaged(f"Other bytes come of {files[0].path} than its manifest tells.")

    def _fetch_once(self, files: Sequence[WantedFile]) -> list[WantedFile]:
        """Return the files of which other bytes came."""
        with ExitStack() as stack:
            parts = {file: stack.enter_context(PartFile(file.target, file.sha256)) for file in files}
            while blocks_left := list(self._blocks(parts)):
                self._work_off(blocks_left)
            return [file for file, part in parts.items() if not part.finish(file.size_bytes)]

    def _work_off(self, blocks_left: Sequence[GetBlock]) -> None:
        came_before = self._tally.bytes_sent
        plan = plan_get(sum(block.length for block in blocks_left), self._agent.rtt_s)
        worklist = Worklist(blocks_left)

        def work(is_extra: bool) -> None:  # noqa: FBT001
            channel = self._agent.open_stream("get", window_bytes=plan.window_bytes, is_extra=is_extra)
            with closing(channel):
                GetStream(
                    channel,
                    window_bytes=plan.window_bytes,
                    is_stopped=self._is_stopped,
                    received=self._tally.sent,
                ).work(worklist)

        broke = work_off(worklist, plan.streams, work)
        if self._tally.bytes_sent > came_before:
            self._patience.note_progress()
        if broke is not None:
            self._patience.wait_after(broke)

    def _blocks(self, parts: dict[WantedFile, PartFile]) -> Iterator[GetBlock]:
        done = {file: part.ranges() for file, part in parts.items()}
        left = sum(length for file in parts for _, length in gaps(file.size_bytes, done[file]))
        block_bytes = block_bytes_for(left, streams=plan_get(left, self._agent.rtt_s).streams)
        for file, part in parts.items():
            for offset, length in blocks(file.size_bytes, done[file], block_bytes=block_bytes):
                if length:
                    yield GetBlock(self._name, file.path, offset, length, part)
