"""Where the outputs of an attempt go on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from analysis_server.connector.agent_messages import OutputFile
from analysis_server.connector.transfer.fetching import WantedFile


def wanted_in(folder: Path, files: Sequence[OutputFile]) -> list[WantedFile]:
    """Return files as they are to be fetched, in their order: each lies under the digest of what it holds.

    What was brought while the attempt ran is found so at its end, if it did not change after that.
    """
    same: Counter[str] = Counter()
    wanted = []
    for file in files:
        target = folder / f"{file.sha256}-{same[file.sha256]}"
        same[file.sha256] += 1
        path = f"outputs/{file.path}"
        wanted.append(WantedFile(path=path, size_bytes=file.size, sha256=file.sha256, target=target))
    return wanted


def not_there(wanted: Sequence[WantedFile]) -> list[WantedFile]:
    """Return those that have yet to come; one that has come was verified."""
    return [want for want in wanted if not want.target.exists()]
