"""What each exit code of `satellite` means; scripts may rely on them."""

from __future__ import annotations

from enum import IntEnum

from satellite.errors import SatelliteError


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    """It worked; a job that was waited for is completed."""
    FAILED = 1
    """The job failed or was cancelled, or something went wrong that no other code names."""
    USAGE = 2
    """The command line itself is wrong."""
    NO_SERVER = 3
    """No server answers, or nobody is logged in to it."""
    NOT_FOUND = 4
    """There is no such job or plugin."""
    REFUSED = 5
    """The server refused the input or the manifest."""
    CONFLICT = 6
    """It contradicts what the server already has."""
    FORBIDDEN = 7
    """The account may not do this."""
    LIMITED = 8
    """A limit is reached; try again later."""
    TIMED_OUT = 9
    """The job did not end within `--timeout`."""
    INTERRUPTED = 130
    """Ctrl-C."""


_BY_ERROR = {
    "ServerUnreachable": ExitCode.NO_SERVER,
    "AnswerUnreadable": ExitCode.NO_SERVER,
    "NotLoggedIn": ExitCode.NO_SERVER,
    "NotAuthenticated": ExitCode.NO_SERVER,
    "NotFound": ExitCode.NOT_FOUND,
    "Refused": ExitCode.REFUSED,
    "JSONMalformed": ExitCode.REFUSED,
    "Conflict": ExitCode.CONFLICT,
    "NotFresh": ExitCode.CONFLICT,
    "Forbidden": ExitCode.FORBIDDEN,
    "TooManyRequests": ExitCode.LIMITED,
    "WaitTimedOut": ExitCode.TIMED_OUT,
    "BadUsage": ExitCode.USAGE,
    "FolderTaken": ExitCode.USAGE,
    "WorkflowUnreadable": ExitCode.USAGE,
    "RequestUnfit": ExitCode.USAGE,
}
"""By class name, so that a command which needs no client does not import it."""


def exit_code_of(error: SatelliteError) -> ExitCode:
    """Return the exit code that an error ends a command with."""
    return _BY_ERROR.get(type(error).__name__, ExitCode.FAILED)
