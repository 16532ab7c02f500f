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
    owner_visible_to,
    permissions_of,
    require,
    require_plugins,
    visible_to,
)
from operation_server.accounts.account import Account, KeyScope, Role
from operation_server.accounts.errors import AdminRequired, KeyTooNarrow, PermissionMissing

ONLY_READS = {
    Permission.READ_JOBS,
    Permission.READ_PLUGINS,
    Permission.READ_MODELS,
    Permission.READ_WORKFLOWS,
    Permission.READ_PLATFORM,
    Permission.READ_METRICS,
    Permission.READ_FILES,
    Permission.MANAGE_KEYS,
    Permission.READ_CLUSTERS,
}
OF_USERS = {
    Permission.READ_JOBS: Extent.OWN,
    Permission.CHANGE_JOBS: Extent.OWN,
    Permission.REGISTER_PLUGINS: Extent.OWN,
    Permission.MANAGE_KEYS: Extent.OWN,
    Permission.READ_PLUGINS: Extent.ALL,
    Permission.READ_MODELS: Extent.ALL,
    Permission.REGISTER_MODELS: Extent.OWN,
    Permission.READ_WORKFLOWS: Extent.OWN,
    Permission.CHANGE_WORKFLOWS: Extent.OWN,
    Permission.READ_PLATFORM: Extent.ALL,
    Permission.MANAGE_SECRETS: Extent.OWN,
    Permission.READ_FILES: Extent.OWN,
    Permission.CHANGE_FILES: Extent.OWN,
    Permission.READ_CLUSTERS: Extent.ALL,
    Permission.MANAGE_NOTIFICATIONS: Extent.OWN,
}


def account(role: Role, key: KeyScope | None = None) -> Account:
    return Account(
        id=7,
        email="ada@example.com",
        role=role,
        max_running=None,
        created_at=datetime(2026, 11, 25, tzinfo=UTC),
        key=key,
    )


@pytest.mark.parametrize("permission", Permission)
def test_each_role(permission: Permission) -> None:
    assert extent_of(Role.ADMIN, permission) is Extent.ALL
    assert extent_of(Role.USER, permission) is OF_USERS.get(permission)
    assert (extent_of(Role.VIEWER, permission) is not None) is (permission in ONLY_READS)


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


def test_what_others_than_admins_have_is_not_called_theirs() -> None:
    with pytest.raises(PermissionMissing, match="viewer have not got jobs:change"):
        require(account(Role.VIEWER), Permission.CHANGE_JOBS)


def test_a_key_may_what_it_is_for_and_its_account_may() -> None:
    reading = account(Role.USER, KeyScope(key_id=1, permissions=frozenset({"jobs:read", "accounts:manage"})))
    of_adder = account(Role.ADMIN, KeyScope(key_id=1, plugins=frozenset({"adder"})))

    assert permissions_of(reading) == {Permission.READ_JOBS}
    assert require(reading, Permission.READ_JOBS) == Reach(7)
    with pytest.raises(KeyTooNarrow):
        require(reading, Permission.CHANGE_JOBS)
    with pytest.raises(AdminRequired):
        require(reading, Permission.MANAGE_ACCOUNTS)
    reach = visible_to(of_adder)
    assert (reach.owner_id, reach.covers("adder"), reach.covers("other")) == (None, True, False)
    require_plugins(of_adder, ["adder"])
    with pytest.raises(KeyTooNarrow, match="other"):
        require_plugins(of_adder, ["adder", "other"])
    with pytest.raises(KeyTooNarrow):
        owner_visible_to(of_adder)
