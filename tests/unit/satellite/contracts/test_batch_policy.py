"""Who may register a plugin that mixes users, and that nothing changes for those that do not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from satellite.testing import manifest_of


def test_only_an_admin_may_let_a_batch_mix_users() -> None:
    assert manifest_of(mode="server", batch={"max_size": 2, "across_owners": True}).needs_admin
    assert not manifest_of(mode="server", batch={"max_size": 2}).needs_admin
    assert not manifest_of(mode="server").needs_admin


def test_only_an_admin_may_let_users_share_a_server() -> None:
    assert manifest_of(mode="server", shared=True).needs_admin
    assert manifest_of(mode="server", shared=True).serves_all
    assert not manifest_of(mode="server").serves_all
    assert manifest_of(mode="server", shared=False).digest() == manifest_of(mode="server").digest()
    with pytest.raises(ValidationError, match="shared needs mode 'server'"):
        manifest_of(shared=True)


def test_a_manifest_that_does_not_mix_keeps_its_digest() -> None:
    plain, mixing = (
        manifest_of(mode="server", batch={"max_size": 2}),
        manifest_of(mode="server", batch={"max_size": 2, "across_owners": True}),
    )
    assert plain.model_dump()["batch"] == {"max_size": 2, "max_wait_ms": 5}
    assert (
        plain.digest() == manifest_of(mode="server", batch={"max_size": 2, "across_owners": False}).digest()
    )
    assert plain.digest() != mixing.digest()
