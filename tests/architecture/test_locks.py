"""The servers' images get the versions that all tests run with."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
LOCKS = ["operation-server/requirements.lock", "analysis-server/requirements.lock", "requirements-build.lock"]


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


@pytest.mark.parametrize("lock", LOCKS)
def test_versions_are_those_of_the_root(lock: str) -> None:
    root = pins("requirements.lock")

    assert {name: version for name, version in pins(lock).items() if root.get(name) != version} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_is_known_by_its_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert all("--hash=sha256:" in part for part in PIN.split(text)[3::3])


@pytest.mark.parametrize("server", ["operation-server", "analysis-server"])
def test_all_that_a_server_declares_is_there(server: str) -> None:
    project = tomllib.loads((ROOT / server / "pyproject.toml").read_text())["project"]
    declared = list(
        itertools.chain(project["dependencies"], *project.get("optional-dependencies", {}).values())
    )
    names = {canonicalize_name(Requirement(each).name) for each in declared} - {"satellite"}

    assert names <= pins(f"{server}/requirements.lock").keys(), "run `make lock`"
