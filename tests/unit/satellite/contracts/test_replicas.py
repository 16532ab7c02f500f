"""Who may wish for replicas, and that nothing changes for those that do not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from satellite.testing import manifest_of


def test_a_manifest_that_wishes_for_none_keeps_its_digest() -> None:
    resources = {"gpus": 1}
    plain = manifest_of(mode="server", resources=resources)
    assert "replicas" not in plain.model_dump()
    assert plain.digest() == manifest_of(mode="server", resources=resources, replicas=1).digest()
    assert plain.digest() != manifest_of(mode="server", resources=resources, replicas=2).digest()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mode": "oneshot", "resources": {"gpus": 1}, "replicas": 2}, "replicas needs mode 'server'"),
        ({"mode": "server", "replicas": 2}, "replicas needs resources.gpus"),
        ({"mode": "server", "resources": {"gpus": 1}, "replicas": 65}, "less than or equal to 64"),
        ({"mode": "server", "resources": {"gpus": 1}, "replicas": 0}, "greater than or equal to 1"),
    ],
)
def test_only_a_server_with_cards_has_replicas(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        manifest_of(**changes)
