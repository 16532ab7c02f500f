"""How a connection fails. None of these says anything of a job: only the cluster can."""

from __future__ import annotations

from collections.abc import Sequence


class SshError(Exception):
    """A cluster could not be asked."""


class Unreachable(SshError):
    """The network does not bring us there, or brings us there no more; it may again.

    What was asked when a line broke may have been done or not.
    """


class AuthRefused(SshError):
    """The host refuses our key; to try it again by itself would have us banned."""


class HostKeyUnknown(SshError):
    """No key of the host is confirmed; `seen` has the fingerprints that it shows."""

    def __init__(self, host: str, seen: Sequence[str]) -> None:
        super().__init__(
            f"No key of {host} is confirmed. It shows {_listed(seen)}: confirm it if that is its fingerprint."
        )
        self.seen = tuple(seen)


class HostKeyChanged(SshError):
    """The host shows another key than the confirmed one: it was set up anew, or is not the host."""

    def __init__(self, host: str, *, pinned: Sequence[str], seen: Sequence[str]) -> None:
        super().__init__(
            f"{host} shows {_listed(seen)}, but {_listed(pinned)} is confirmed. If its key was changed on "
            "purpose, confirm the new one; otherwise somebody may stand between."
        )
        self.pinned, self.seen = tuple(pinned), tuple(seen)


class KeyUnusable(SshError):
    """A private or public key is not one, or not of a kind that is allowed."""


class ChannelRefused(SshError):
    """The host opens no further session on a connection (`MaxSessions`), or forbids commands."""


class CommandTimedOut(SshError):
    """A command was not done in time; it may still run."""


class AnswerTooLarge(SshError):
    """A command wrote more than is taken."""


def _listed(fingerprints: Sequence[str]) -> str:
    return ", ".join(fingerprints) or "no key that is known here"
