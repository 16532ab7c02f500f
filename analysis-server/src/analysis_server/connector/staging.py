"""Brings to a cluster what an attempt needs: each content once, and then into the folder of its job."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis_server.connector.run_plan import RunPlan
from analysis_server.connector.transfer.code_archive import pack_folder
from analysis_server.connector.transfer.errors import AgentBroken, TransferRefused
from analysis_server.connector.transfer.local_files import LocalFile, read_local_file
from analysis_server.connector.transfer.sending import send_files
from analysis_server.connector.transfer_agent import TransferAgent

TRIES: Final = 3
"""Between sending and placing somebody may remove what nobody seemed to need, be it the agent itself."""

Sent = Callable[[int, float], None]
IsStopped = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Packed:
    """What of a plan goes as files, each with its place in the job's folder, and what as archives."""

    files: dict[str, LocalFile]
    archives: dict[str, LocalFile]


class Staging:
    """Safe to use from many threads, and to repeat."""

    def __init__(self, agent: TransferAgent) -> None:
        """Bring nothing yet."""
        self._agent = agent

    def bring(self, plan: RunPlan, *, is_stopped: IsStopped, sent: Sent) -> None:
        """Have all of a plan in its job's folder; `sent` is told how many bytes went and how long it took.

        Raises:
            TransferError: the cluster takes it not, or nobody wants it any more.
            SshError: we are not let in.
            OSError: a file cannot be read here.
        """
        if not (plan.files or plan.texts or plan.trees):
            return
        with tempfile.TemporaryDirectory(prefix="satellite-staging-") as folder:
            packed = _pack(plan, Path(folder))
            everything = [*packed.files.values(), *packed.archives.values()]
            for tries_left in reversed(range(TRIES)):
                began_s = time.monotonic()
                try:
                    size_bytes = send_files(self._agent, everything, is_stopped=is_stopped)
                    sent(size_bytes, time.monotonic() - began_s)
                    if not self._missing(plan.submit.name, packed):
                        return
                except AgentBroken:
                    self._agent.doubt()
                    if not tries_left:
                        raise
        raise TransferRefused("cache", "the cluster removes files as fast as they come; make room there")

    def _missing(self, name: str, packed: _Packed) -> bool:
        """Put what is cached where the job looks for it, and tell whether something is cached no more."""
        for into, archive in packed.archives.items():
            body = {"name": name, "into": into, **_content(archive)}
            if self._agent.ask("unpack", body)["missing"]:
                return True
        if not packed.files:
            return False
        entries = [{"path": path, **_content(file)} for path, file in packed.files.items()]
        return bool(self._agent.ask("place", {"name": name, "files": entries})["missing"])


def _pack(plan: RunPlan, folder: Path) -> _Packed:
    files = {path: read_local_file(source) for path, source in plan.files.items()}
    for number, (path, text) in enumerate(plan.texts.items()):
        place = folder / f"text-{number}"
        place.write_bytes(text)
        files[path] = read_local_file(place)
    archives = {}
    for number, tree in enumerate(plan.trees):
        if tree.is_archive:
            archives[tree.target] = read_local_file(tree.source)
        else:
            archives[tree.target] = pack_folder(tree.source, folder / f"tree-{number}.tar")
    return _Packed(files=files, archives=archives)


def _content(file: LocalFile) -> dict[str, Any]:
    return {"sha256": file.sha256, "size": file.size_bytes}
