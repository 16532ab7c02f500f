"""Whether code that users bring may run on the workers that there are."""

from __future__ import annotations

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.accounts.errors import AdminRequired
from operation_server.workers.service import WorkerService


class Isolation:
    """Keeps users from bringing code while a live worker would run it as a process."""

    def __init__(self, workers: WorkerService, *, is_open: bool) -> None:
        """With `is_open` everybody may, whatever runs it."""
        self._workers = workers
        self._is_open = is_open

    async def require(self, caller: Account, what: str) -> None:
        """Refuse whoever may not do `what`, as in `register plugins`, with the workers that there are.

        Raises:
            AdminRequired: a live worker isolates nothing, and the caller is not an admin.
            BrokerUnavailable: nothing is known about workers, and the caller is not an admin.
        """
        if self._is_open:
            return
        try:
            require(caller, Permission.TRUST_PLUGINS)
        except AdminRequired as refusal:
            # Asked only now, so that admins go on also while nothing is known of workers.
            names = [beat.name for beat in await self._workers.list_live() if not beat.isolates]
            if names:
                raise AdminRequired(_why(what, names[0])) from refusal


def _why(what: str, worker: str) -> str:
    return (
        f"Only an admin may {what} while workers run plugins without isolation, as {worker} does. Give such "
        "workers a container engine, or ask an admin to do it or to set "
        "SATELLITE_PLUGINS_OPEN_WITHOUT_ISOLATION."
    )
