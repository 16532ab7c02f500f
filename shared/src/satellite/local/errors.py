"""What keeps the local stack from starting; each message is one sentence that says what to do."""

from __future__ import annotations

from satellite.errors import SatelliteError


class StackError(SatelliteError):
    """The local stack cannot be started."""

    code = "stack"


class PortTaken(StackError):
    """A port that was asked for is in use."""

    code = "port_taken"

    def __init__(self, port: int, *, option: str) -> None:
        super().__init__(f"Port {port} is already in use; choose another one with {option}.")
        self.port = port


class HomeInUse(StackError):
    """Another stack runs on the same home folder."""

    code = "home_in_use"


class DiskFull(StackError):
    """There is no room for the stack's data."""

    code = "disk_full"


class PartFailed(StackError):
    """A process of the stack ended before it was ready."""

    code = "part_failed"
