"""Ranges of numbers, and manifests that were stored before a range was narrowed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from satellite.contracts.plugin_manifest import PluginManifest, PluginResources

MANIFEST: dict[str, Any] = {
    "name": "adder",
    "version": "1",
    "docker_image": "adder",
    "input_schema": {},
    "output_schema": {},
}


@pytest.mark.parametrize("resources", [{"cpus": 0.25}, {"gpus": 0.333}, {"gpus": 2.0}, {"memory_mib": 512.0}])
def test_fractions_are_taken_where_they_mean_something(resources: dict[str, float]) -> None:
    taken = PluginResources.model_validate(resources)

    assert taken.model_dump(include=set(resources)) == resources


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"cpus": 0.0001}, "greater than or equal to 0.01"),
        ({"cpus": 1.0005}, "at most three decimals"),
        ({"cpus": float("nan")}, "finite number"),
        ({"cpus": True}, "must be a number"),
        ({"cpus": "4"}, "must be a number"),
        ({"gpus": 0.005}, "must be 0, or at least 0.01"),
        ({"gpus": 1.5}, "a whole number of cards"),
        ({"memory_mib": 512.5}, "fractional part"),
        ({"memory_mib": 2**64}, "less than or equal to"),
    ],
)
def test_other_numbers_are_refused_in_words(resources: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PluginResources.model_validate(resources)


def test_python_reads_nan_and_the_manifest_refuses_it() -> None:
    manifest = json.loads(json.dumps(MANIFEST | {"timeout_s": float("nan")}))

    with pytest.raises(ValidationError):
        PluginManifest.model_validate(manifest)


def test_what_was_stored_with_other_ranges_still_loads() -> None:
    stored = MANIFEST | {
        "max_running": 2**63,
        "timeout_s": 1e-9,
        "resources": {"cpus": 0.0001, "gpus": 1.00049, "memory_mib": 2**60},
    }

    loaded = PluginManifest.of_stored(stored)

    assert (loaded.max_running, loaded.timeout_s) == (1_000_000, 0.01)
    assert loaded.resources == PluginResources(cpus=0.01, gpus=1, memory_mib=2**24)
    assert stored["max_running"] == 2**63


def test_anything_else_wrong_in_a_stored_manifest_is_told() -> None:
    with pytest.raises(ValidationError, match="mode"):
        PluginManifest.of_stored(MANIFEST | {"mode": "none", "max_running": 2**63})
