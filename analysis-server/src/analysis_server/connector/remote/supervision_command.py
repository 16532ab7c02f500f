"""The command by which launchers start a supervisor."""

from typing import List

from analysis_server.connector.remote import supervisor
from analysis_server.connector.remote.errors import BadRequest


def supervise(base: str, arguments: List[str]) -> None:
    """Supervise the job of that name; with `--foreground` as the very process that was started."""
    foreground = arguments[:1] == ["--foreground"]
    names = arguments[1:] if foreground else arguments
    if len(names) != 1:
        raise BadRequest("Name one job.")
    supervisor.supervise(base, names[0], foreground=foreground)
