"""What each role may do, and how far its permissions go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operation_server.accounts.access import (
    EVERYBODYS,
    Extent,
    Permission,
    Reach,
    extent_of,
    require,
    visible_to,
)
from operation_server.accounts.account import Account, Role
from operation_server.accounts.errors import AdminRequired

OF_USERS = {Permission.READ_JOBS, Permission.CHANGE_JOBS, Permission.REGISTER_PLUGINS}


def account(role: Role) -> Account:
    return Account(
        id=7, username="ada", role=role, max_running=None, created_at=datetime(2026, 11, 25, tzinfo=UTC)
    )


@pytest.mark.parametrize("permission", Permission)
def test_each_role(permission: Permission) -> None:
    assert extent_of(Role.ADMIN, permission) is Extent.ALL
    assert extent_of(Role.USER, permission) is (Extent.OWN if permission in OF_USERS else None)


def test_a_role_of_another_release_may_nothing() -> None:
    assert {extent_of("auditor", permission) for permission in Permission} == {None}


def test_who_sees_what() -> None:
    assert visible_to(account(Role.ADMIN)) == EVERYBODYS
    assert visible_to(account(Role.USER)) == Reach(7)
    assert [owner in Reach(7) for owner in (7, 8)] == [True, False]
    assert 8 in EVERYBODYS


def test_who_has_no_permission_is_told_why() -> None:
    with pytest.raises(AdminRequired, match="Only an admin may do this"):
        require(account(Role.USER), Permission.MANAGE_ACCOUNTS)
    with pytest.raises(AdminRequired, match="pauses"):
        require(account(Role.USER), Permission.CONTROL_PLUGINS, "Only an admin pauses plugins.")
