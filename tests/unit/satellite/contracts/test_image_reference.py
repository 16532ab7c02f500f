"""Names of images, as engines take them."""

from __future__ import annotations

import pytest

from satellite.contracts.image_reference import is_image_reference


@pytest.mark.parametrize(
    "name",
    [
        "python",
        "python:3.11-slim",
        "satellite/word-count:1.0.0",
        "localhost:5000/a/b:1",
        "[::1]:5000/a",
        "a__b/c-d--e.f:V_1.0-x",
        "registry.example/a:1@sha256:" + "a" * 64,
        "sha256:" + "a" * 64,
        "a" * 64,
    ],
)
def test_what_an_engine_can_look_for(name: str) -> None:
    assert is_image_reference(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Python",
        "example.org/Team/a",
        "a:b:c",
        "a:",
        "a@sha256:12",
        "http://x/y",
        "-x",
        "a..b",
        "a/../b",
        "docker.io/../../x",
        "a?b",
        "%2f",
        "é",
        "a\n",
        "a:" + "t" * 129,
        "a/" + "b" * 254,
    ],
)
def test_what_no_engine_can_look_for(name: str) -> None:
    assert not is_image_reference(name)
