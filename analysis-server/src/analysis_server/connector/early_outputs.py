"""Brings large outputs while their attempts still run, so that only the rest has to come at the end."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

import structlog

from analysis_server.connector.agent_messages import OutputFile
from analysis_server.connector.run_report import RunReport
from analysis_server.connector.ssh.errors import SshError
from analysis_server.connector.transfer.agent import parse_answer
from analysis_server.connector.transfer.errors import TransferError, TransferStopped
from analysis_server.connector.transfer.fetching import fetch_files
from analysis_server.connector.transfer_agent import READ_WINDOW_BYTES, TransferAgent
from analysis_server.connector.wanted_outputs import not_there, wanted_in
from analysis_server.runtimes.port import RunRequest
from satellite.contracts.cluster import ClusterFile
from satellite.contracts.cluster_handle import folder_of

LARGE_BYTES: Final = 8 * 1024**2
"""Smaller ones come in no time, and are written anew more often."""
SETTLED_AFTER_S: Final = 15.0
"""What has not grown for so long is taken for written; if it was not, its content comes again at the end."""
LOOK_S: Final = 0.5
"""Between two looks at whether the attempt has ended, which does not wait for digests that nobody needs."""

Saw = Callable[[Sequence[ClusterFile]], None]
logger = structlog.get_logger(__name__)


class EarlyOutputs:
    """Takes one attempt's files after the other's, on a thread of its own."""

    def __init__(self, agent: TransferAgent, *, settled_after_s: float = SETTLED_AFTER_S) -> None:
        """Take nothing yet."""
        self._agent = agent
        self._settled_after_s = settled_after_s
        self._thread = ThreadPoolExecutor(1, "early-outputs")

    @contextlib.contextmanager
    def of(self, request: RunRequest, told: RunReport) -> Iterator[Saw]:
        """Bring an attempt's files for the length of the block, which tells what was seen of them."""
        if request.collect_into is None:
            yield lambda _: None
            return
        growth = _Growth(self._settled_after_s, bytes_max=request.output_bytes_max)
        folder = Path(request.collect_into)
        stopped, busy = threading.Event(), threading.Lock()

        def bring(paths: list[str]) -> None:
            with busy:
                if not stopped.is_set():
                    self._bring(folder_of(request.key), paths, folder, stopped, told)

        def saw(files: Sequence[ClusterFile]) -> None:
            if (settled := growth.settled(files)) and not stopped.is_set():
                self._thread.submit(bring, settled)

        try:
            yield saw
        finally:
            stopped.set()
            with busy:
                # Who collects the rest writes to the same places.
                pass

    def _bring(
        self, name: str, paths: list[str], folder: Path, stopped: threading.Event, told: RunReport
    ) -> None:
        try:
            wanted = not_there(wanted_in(folder, self._hashed(name, paths, stopped)))
            fetch_files(self._agent, name, wanted, is_stopped=stopped.is_set, tell=told.fetched)
        except (TransferError, SshError, OSError) as error:
            logger.info("outputs not brought early", folder=name, reason=str(error))

    def _hashed(self, name: str, paths: list[str], stopped: threading.Event) -> list[OutputFile]:
        """Return the files with their digests, by a process of its own: the standing one answers others."""
        with closing(
            self._agent.open_stream("list", window_bytes=READ_WINDOW_BYTES, is_extra=False)
        ) as channel:
            channel.write(json.dumps({"name": name, "paths": paths}).encode())
            channel.end_input()
            while not stopped.is_set():
                with contextlib.suppress(TimeoutError):
                    answer = parse_answer("list", channel.read_line(LOOK_S))
                    return [OutputFile.model_validate(file) for file in answer["files"]]
        raise TransferStopped("The attempt has ended.")


class _Growth:
    """Knows which files have not grown for a while."""

    def __init__(self, settled_after_s: float, *, bytes_max: int) -> None:
        self._settled_after_s = settled_after_s
        self._bytes_left = bytes_max
        self._since: dict[tuple[str, int], float] = {}
        self._taken: set[tuple[str, int]] = set()

    def settled(self, files: Sequence[ClusterFile]) -> list[str]:
        """Return what has settled since it was asked last, as far as there is room for it."""
        now_s = time.monotonic()
        large = {(file.path, file.size_bytes) for file in files if file.size_bytes >= LARGE_BYTES}
        self._since = {file: self._since.get(file, now_s) for file in large}
        settled = []
        for path, size_bytes in sorted(large - self._taken):
            is_old = now_s - self._since[path, size_bytes] >= self._settled_after_s
            if is_old and size_bytes <= self._bytes_left:
                self._bytes_left -= size_bytes
                self._taken.add((path, size_bytes))
                settled.append(path)
        return settled
