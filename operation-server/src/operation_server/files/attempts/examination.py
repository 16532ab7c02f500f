"""The port by which whoever knows what a job has to write looks at it as it comes in."""

from __future__ import annotations

from typing import Any, Final, Protocol

HEAD_BYTES: Final = 65_536
"""So much of each artifact is looked at."""


class ArtifactExaminer(Protocol):
    """Looks at what jobs write that train a model."""

    async def examine(self, name: str, head: bytes, *, size_bytes: int) -> dict[str, Any] | None:
        """Return what is kept of what an artifact tells, None of most; `head` is how it begins.

        Raises:
            ArtifactRefused: it is not what the job has to write.
        """
