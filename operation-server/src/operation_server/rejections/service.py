"""The rules about rejected reports."""

from __future__ import annotations

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.rejections import repository
from operation_server.rejections.schemas import RejectedReportList, RejectedReportRead


class RejectionService:
    """Shows admins what could not be applied."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def list_page(self, caller: Account, *, skip: int, limit: int) -> RejectedReportList:
        """Return a page of rejected reports, newest first.

        Raises:
            AdminRequired: the caller is not an admin.
        """
        require(caller, Permission.READ_REJECTED_REPORTS)
        async with self._connections.connect() as connection:
            total, rows = await repository.list_page(connection, skip=skip, limit=limit)
        return RejectedReportList(total=total, items=[RejectedReportRead.of(row) for row in rows])
