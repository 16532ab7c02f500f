"""How addresses and repositories are written on the command line, and what a job's end makes of its own."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from satellite.cli.cluster import read_address
from satellite.cli.errors import BadUsage
from satellite.cli.gpu_run import exit_code_of_job, read_git


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("me@gpu.example", {"host": "gpu.example", "user": "me"}),
        ("me@gpu.example:2222", {"host": "gpu.example", "user": "me", "port": 2222}),
        ("me@[fe80::1]:2222", {"host": "fe80::1", "user": "me", "port": 2222}),
        ("me@[fe80::1]", {"host": "fe80::1", "user": "me"}),
    ],
)
def test_an_address_is_read(text: str, expected: dict[str, Any]) -> None:
    assert read_address(text) == expected


@pytest.mark.parametrize("text", ["gpu.example", "me@", "me@gpu:ssh", "@"])
def test_what_is_no_address_is_said_so(text: str) -> None:
    with pytest.raises(BadUsage, match="USER@HOST"):
        read_address(text)


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [
        ("https://git.example/a.git", "https://git.example/a.git", None),
        ("https://git.example/a.git@v1.2", "https://git.example/a.git", "v1.2"),
        ("ssh://git@git.example/a.git", "ssh://git@git.example/a.git", None),
        ("ssh://git@git.example:22/a.git@feature/x", "ssh://git@git.example:22/a.git", "feature/x"),
        ("nonsense", "nonsense", None),
    ],
)
def test_a_repository_is_read(text: str, url: str, ref: str | None) -> None:
    assert read_git(text) == {"source": "git", "url": url, **({"ref": ref} if ref else {})}


@pytest.mark.parametrize(
    ("error", "code"),
    [({"exit_code": 3}, 3), ({"exit_code": -9}, 1), ({"exit_code": 0}, 1), ({}, 1), (None, 1)],
)
def test_the_exit_code_follows_the_job(error: dict[str, Any] | None, code: int) -> None:
    assert exit_code_of_job(Mock(error=error)) == code
