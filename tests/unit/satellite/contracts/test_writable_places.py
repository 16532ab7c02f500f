"""Sizes of `/tmp` and `/dev/shm` in the manifest."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from satellite.contracts.plugin_manifest import PluginManifest


def manifest(**resources: Any) -> PluginManifest:
    return PluginManifest.model_validate(
        {
            "name": "a", "version": "1", "docker_image": "i", "input_schema": {}, "output_schema": {},
            "resources": resources,
        }
    )  # fmt: skip


def test_what_was_registered_before_there_were_sizes_keeps_its_digest() -> None:
    before = "1d3e8e2101fc29a1c2458600bad11bfc4ec1050feee8304f055d373a13544a29"
    assert manifest().digest() == manifest(tmp_mib=64, shm_mib=64).digest() == before
    assert len({manifest(tmp_mib=65).digest(), manifest(shm_mib=65).digest(), before}) == 3


@pytest.mark.parametrize("name", ["tmp_mib", "shm_mib"])
def test_a_size_is_within_the_memory_that_it_counts_as(name: str) -> None:
    manifest(memory_mib=16)
    manifest(memory_mib=2048, **{name: 2048})
    with pytest.raises(ValidationError, match=f"{name} counts as memory and is more than memory_mib"):
        manifest(memory_mib=1024, **{name: 1025})


@pytest.mark.parametrize("name", ["tmp_mib", "shm_mib"])
@pytest.mark.parametrize("value", [0, -1, 0.5, 2**63, float("inf"), float("nan")])
def test_a_size_is_a_sensible_number(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        manifest(memory_mib=2048, **{name: value})
