"""Why files cannot be brought. That a line broke is none of these: it is gone on with."""

from __future__ import annotations


class TransferError(Exception):
    """Files could not be brought, and trying again by itself will not help."""


class TransferStopped(TransferError):
    """Nobody wants the files any more."""


class TransferRefused(TransferError):
    """The cluster refuses; `kind` is for programs (`disk`, `file`, `archive`, `bad_request`)."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class TransferDamaged(TransferError):
    """Other bytes came than were meant, again and again."""


class AgentBroken(TransferError):
    """The agent on the cluster ended as it never should."""


class FolderRefused(TransferError):
    """A folder of code cannot be packed: too large, or with links that leave it."""
